// Part by part: numbers together, categories one by one; then the affine form where it is enough.

#include "gradus/data/learn_columns.h"

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/data/row_blocks.h"

namespace gradus {
namespace {

// How often each text of each column of a coded part is in the rows, and how often none is.
absl::Status CountCodes(const Dataset& raw, const Rows& rows, const Feed& feed, int part,
                        std::vector<std::vector<int64_t>>* counts, std::vector<int64_t>* missing) {
  const int64_t width = feed.parts[part].columns;
  counts->clear();
  for (const auto& texts : feed.texts[part]) counts->emplace_back(texts.size(), 0);
  missing->assign(width, 0);
  return ForRowBlocks(raw, feed.raw_fields[part], rows,
                      [&](const void* block, int64_t, int64_t count) {
                        const int32_t* codes = static_cast<const int32_t*>(block);
                        for (int64_t i = 0; i < count; ++i, codes += width) {
                          for (int64_t c = 0; c < width; ++c) {
                            ++(codes[c] < 0 ? (*missing)[c] : (*counts)[c][codes[c]]);
                          }
                        }
                      });
}

// Columns of numbers that are all there and divided alike are one affine map.
void Simplify(Feed* feed) {
  InputTransform& transform = feed->transform;
  if (feed->parts.size() != 1 || feed->parts[0].coded) return;
  bool learned = false;
  for (size_t c = 0; c < transform.treatments.size(); ++c) {
    const ColumnTransform& column = transform.treatments[c];
    if (column.may_miss() || column.map.function != NumberMap::kIdentity) return;
    if (column.map.divide_by != transform.treatments[0].map.divide_by) return;
    if (feed->cells[c].column != static_cast<int>(c)) return;
    learned = learned || column.map.shift != 0 || column.map.scale != 1;
  }
  transform.divide_by = transform.treatments[0].map.divide_by;
  for (const ColumnTransform& column : transform.treatments) {
    if (!learned) break;
    transform.mean.push_back(column.map.shift);
    transform.deviation.push_back(column.map.scale);
  }
  transform.treatments.clear();
  feed->parts.clear();
  feed->texts.clear();
  feed->cells.clear();
  feed->groups.clear();
  feed->group_of.clear();
}

}  // namespace

bool LearnColumns(const Dataset& raw, const Rows& rows, Feed* feed, Diagnostics* diagnostics) {
  InputTransform& transform = feed->transform;
  transform.treatments.assign(feed->cells.size(), ColumnTransform());
  std::vector<std::vector<NumberColumn>> numbers(feed->parts.size());
  for (size_t c = 0; c < feed->cells.size(); ++c) {
    const CsvColumns& plan = feed->groups[feed->group_of[c]].columns;
    ColumnTransform& column = transform.treatments[c];
    column.map.divide_by = plan.divide_by();
    column.map.function = plan.log()     ? NumberMap::kLog
                          : plan.log1p() ? NumberMap::kLog1p
                                         : NumberMap::kIdentity;
    if (feed->parts[feed->cells[c].part].dtype == DType::kFloat64) {
      numbers[feed->cells[c].part].push_back({&column, &plan, static_cast<int>(c)});
    }
  }

  std::vector<ColumnFinding> findings;
  absl::Status status;
  for (size_t p = 0; status.ok() && p < feed->parts.size(); ++p) {
    if (!numbers[p].empty()) {
      status = LearnNumbers(raw, feed->raw_fields[p], rows, *feed, numbers[p], &findings);
      continue;
    }
    if (!feed->parts[p].coded) continue;  // Whole numbers, of which nothing is learned.
    std::vector<std::vector<int64_t>> counts;
    std::vector<int64_t> missing;
    status = CountCodes(raw, rows, *feed, static_cast<int>(p), &counts, &missing);
    for (size_t c = 0; status.ok() && c < feed->cells.size(); ++c) {
      const ColumnCell cell = feed->cells[c];
      if (cell.part != static_cast<int>(p)) continue;
      const CsvColumns& plan = feed->groups[feed->group_of[c]].columns;
      ColumnTransform& column = transform.treatments[c];
      column.one_hot = plan.categories().as() == Categories::ONE_HOT;
      std::string hint;
      const std::string problem =
          LearnCategories(plan, feed->texts[p][cell.column], counts[cell.column],
                          missing[cell.column], &column, &hint);
      if (problem.empty()) continue;
      const int at = static_cast<int>(c);
      findings.push_back({at, absl::StrCat(transform.NameOfColumn(at), problem), hint});
    }
  }
  if (!status.ok()) diagnostics->Error("data", feed->path, status.message());
  for (const ColumnFinding& finding : findings) {
    diagnostics->Error("data", feed->groups[feed->group_of[finding.column]].path,
                       absl::StrCat("input \"", transform.input, "\": ", finding.message),
                       finding.hint);
  }
  if (!status.ok() || !findings.empty()) return false;
  if (!PlaceCategories(raw, nullptr, feed, diagnostics)) return false;
  const int64_t width = transform.width();
  feed->dims = width == 1 ? std::vector<int64_t>() : std::vector<int64_t>{width};
  Simplify(feed);
  return true;
}

}  // namespace gradus
