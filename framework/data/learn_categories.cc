// Categories: which there are, in which order, and where texts find their place.

#include <algorithm>
#include <charconv>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/base/text_escape.h"
#include "gradus/data/csv_number.h"
#include "gradus/data/learn_columns.h"
#include "gradus/data/row_blocks.h"

namespace gradus {
namespace {

bool WholeNumber(const std::string& text, int64_t* value) {
  const char* end = text.data() + text.size();
  const std::from_chars_result result = std::from_chars(text.data(), end, *value);
  return result.ec == std::errc() && result.ptr == end;
}

// By their bytes; by value when all are whole numbers.
void SortCategories(std::vector<std::string>* categories) {
  std::sort(categories->begin(), categories->end());
  std::vector<std::pair<int64_t, std::string>> numbers;
  for (const std::string& text : *categories) {
    int64_t value = 0;
    if (!WholeNumber(text, &value)) return;
    numbers.emplace_back(value, text);
  }
  std::sort(numbers.begin(), numbers.end());
  for (size_t i = 0; i < numbers.size(); ++i) (*categories)[i] = std::move(numbers[i].second);
}

}  // namespace

std::string LearnCategories(const CsvColumns& plan, const std::vector<std::string>& texts,
                            const std::vector<int64_t>& counts, int64_t missing,
                            ColumnTransform* transform, std::string* hint) {
  const Categories& said = plan.categories();
  transform->other = said.unseen() == Categories::OTHER;
  const bool constant = plan.has_impute_constant();
  const bool most_frequent = plan.impute() == CsvColumns::MOST_FREQUENT;
  transform->category_missing = constant || most_frequent;

  // The texts of the rows, with what stands for missing cells; most frequent first, of several the
  // first by its bytes.
  std::vector<std::pair<std::string, int64_t>> seen;
  const auto sort = [&seen] {
    std::sort(seen.begin(), seen.end(), [](const auto& a, const auto& b) {
      return a.second != b.second ? a.second > b.second : a.first < b.first;
    });
  };
  for (size_t i = 0; i < texts.size(); ++i) {
    if (counts[i] > 0) seen.emplace_back(texts[i], counts[i]);
  }
  sort();
  if (most_frequent) {
    if (seen.empty()) {
      *hint = "set impute_constant, or leave the column out";
      return " has no value in the training rows, so none is the most frequent";
    }
    transform->missing_category = seen[0].first;
    seen[0].second += missing;
  } else if (constant) {
    const std::string constant_text(BareCsvNumber(plan.impute_constant()));
    transform->missing_category = constant_text;
    const auto found = std::find_if(seen.begin(), seen.end(),
                                    [&](const auto& text) { return text.first == constant_text; });
    if (found != seen.end()) {
      found->second += missing;
    } else {
      seen.emplace_back(constant_text, missing);
    }
    sort();
  }

  if (said.value_size() > 0) {
    transform->categories.assign(said.value().begin(), said.value().end());
  } else {
    const size_t most = said.has_most() ? static_cast<size_t>(said.most()) : seen.size();
    for (size_t i = 0; i < std::min(most, seen.size()); ++i) {
      transform->categories.push_back(seen[i].first);
    }
    SortCategories(&transform->categories);
  }
  if (transform->categories.empty()) {
    *hint = "give the categories in value, or leave the column out";
    return " has no value in the training rows, so there is no category";
  }
  if (transform->category_missing && transform->MissingPlace() < 0) {
    *hint = "add it to value, or set unseen: OTHER";
    return absl::StrCat(": what stands for a missing cell, ", Quoted(transform->missing_category),
                        ", is none of its categories");
  }
  return "";
}

std::string WhereCell(const Dataset& raw, const Feed& feed, int64_t row, int column) {
  if (feed.where) return feed.where(row, column);
  return raw.Where(row, feed.raw_fields[feed.cells[column].part]);
}

namespace {

// The first cell of column c with that code, as a message names it. The dictionary is in the order
// of first appearance: of the first code it is the first such cell of the file.
std::string FirstCell(const Dataset& raw, const Feed& feed, size_t c, int32_t code) {
  const ColumnCell cell = feed.cells[c];
  const int64_t columns = feed.parts[cell.part].columns;
  int64_t row = -1;
  const absl::Status status =
      ForRowBlocks(raw, feed.raw_fields[cell.part], Rows::Range(0, raw.size()),
                   [&](const void* block, int64_t begin, int64_t count) {
                     const int32_t* codes = static_cast<const int32_t*>(block) + cell.column;
                     for (int64_t r = 0; r < count && row < 0; ++r) {
                       if (codes[r * columns] == code) row = begin + r;
                     }
                   });
  if (!status.ok() || row < 0) return "";
  return WhereCell(raw, feed, row, static_cast<int>(c));
}

}  // namespace

bool PlaceCategories(const Dataset& raw, const ConfigPath* path, Feed* feed,
                     Diagnostics* diagnostics) {
  bool good = true;
  for (size_t p = 0; p < feed->parts.size(); ++p) {
    if (feed->parts[p].coded) feed->parts[p].places.resize(feed->parts[p].columns);
  }
  for (size_t c = 0; c < feed->cells.size(); ++c) {
    const ColumnCell cell = feed->cells[c];
    ColumnPart& part = feed->parts[cell.part];
    if (!part.coded) continue;
    const ColumnTransform& transform = feed->transform.treatments[c];
    const std::vector<std::string>& texts = feed->texts[cell.part][cell.column];
    std::vector<int32_t>& places = part.places[cell.column];
    places = transform.PlacesOf(texts);
    const bool learns = path == nullptr;
    const std::string name = feed->transform.NameOfColumn(static_cast<int64_t>(c));
    for (size_t code = 0; learns && code < texts.size(); ++code) {
      if (IsUtf8(texts[code])) continue;
      diagnostics->Error("encoding", feed->groups[feed->group_of[c]].path,
                         absl::StrCat(FirstCell(raw, *feed, c, static_cast<int32_t>(code)), ": ",
                                      name, ": ", Quoted(texts[code]), " is not UTF-8"),
                         "save the file as UTF-8");
      good = false;
      break;
    }
    const auto unseen = std::find(places.begin(), places.end(), -1);
    if (!good || unseen == places.end()) continue;
    const int32_t code = static_cast<int32_t>(unseen - places.begin());
    diagnostics->Error(
        "category", learns ? feed->groups[feed->group_of[c]].path : *path,
        absl::StrCat(FirstCell(raw, *feed, c, code), ": ", name, ": ", Quoted(texts[code]),
                     " is no category of training: ", ListCategories(transform.categories)),
        learns ? "set unseen: OTHER, or give all categories in value"
               : "in training, set unseen: OTHER, or give all categories in value");
    good = false;
  }
  return good;
}

}  // namespace gradus
