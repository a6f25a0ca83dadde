// Search spaces: what depends on what, and points.

#include "gradus/api/sweep_space.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "gradus/api/sweep_entry.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/random.h"

namespace gradus {
namespace {

// Six digits, but never outside of the space, and its ends as they are.
std::string NumberText(const SearchEntry& entry, double value) {
  double rounded = value;
  const std::string text = absl::StrFormat("%.6g", value);
  if (!absl::SimpleAtod(text, &rounded)) rounded = value;
  if (rounded <= entry.low) return ShortestNumber(entry.low);
  if (rounded >= entry.high) return ShortestNumber(entry.high);
  return text;
}

// The value at `part`, 0 to 1, of the way from low to high.
std::string ValueAt(const SearchEntry& entry, double part) {
  switch (entry.kind) {
    case SearchEntry::kLog:
      return NumberText(entry, entry.low * std::pow(entry.high / entry.low, part));
    case SearchEntry::kUniform:
      return NumberText(entry, entry.low * (1 - part) + entry.high * part);
    case SearchEntry::kInt:
    case SearchEntry::kChoice:
      break;
  }
  return absl::StrCat(
      static_cast<int64_t>(std::llround(entry.low * (1 - part) + entry.high * part)));
}

SearchValue NumberValue(const SearchEntry& entry, std::string number) {
  SearchValue value;
  value.setting = absl::StrCat(entry.address, "=", number);
  value.shown = std::move(number);
  return value;
}

SearchValue OptionValue(const SearchEntry& entry, int option) {
  const SearchOption& chosen = entry.options[static_cast<size_t>(option)];
  SearchValue value;
  value.option = option;
  value.shown = chosen.label.empty() ? chosen.value : chosen.label;
  absl::string_view rest = chosen.value;
  std::string address = entry.address;
  if (entry.fields) {
    const size_t end = rest.find_first_of(" \t\n{:");
    absl::StrAppend(&address, ".", rest.substr(0, end));
    rest = absl::StripLeadingAsciiWhitespace(rest.substr(end));
    if (absl::ConsumePrefix(&rest, ":")) rest = absl::StripLeadingAsciiWhitespace(rest);
  }
  value.setting = absl::StrCat(address, "=", rest);
  return value;
}

SearchValue PointValue(const SearchEntry& entry, int64_t point, int64_t points) {
  return NumberValue(entry,
                     ValueAt(entry, static_cast<double>(point) / static_cast<double>(points - 1)));
}

// How many whole numbers an int has.
int64_t WholeNumbers(const SearchEntry& entry) {
  return static_cast<int64_t>(entry.high - entry.low) + 1;
}

// The values that a grid goes through.
absl::StatusOr<std::vector<SearchValue>> GridValues(const SearchEntry& entry, int64_t most) {
  std::vector<SearchValue> values;
  if (entry.kind == SearchEntry::kChoice) {
    for (int i = 0; i < static_cast<int>(entry.options.size()); ++i) {
      values.push_back(OptionValue(entry, i));
    }
    return values;
  }
  int64_t points = entry.points;
  if (points == 0 && entry.kind == SearchEntry::kInt) points = WholeNumbers(entry);
  if (points == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("--search ", AsTyped(entry.text), ": a grid needs to know how many points: ",
                     entry.kind == SearchEntry::kLog ? "log" : "linear", "(",
                     ShortestNumber(entry.low), ", ", ShortestNumber(entry.high), ", 5)"));
  }
  for (int64_t i = 0; i < std::min(points, most + 1); ++i) {
    values.push_back(PointValue(entry, i, points));
  }
  return values;
}

std::string Problem(const SearchEntry& entry, int column, absl::string_view message) {
  return absl::StrCat("--search ", AsTyped(entry.text), ":", column, ": ", message);
}

// Finds the choice that an entry's label belongs to; the message of what is wrong.
std::string ResolveCondition(const std::vector<SearchEntry>& entries, size_t index,
                             SearchEntry* entry) {
  std::vector<std::string> labels;
  int found = 0;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (i == index) continue;
    for (size_t k = 0; k < entries[i].options.size(); ++k) {
      const SearchOption& option = entries[i].options[k];
      if (!option.label.empty()) labels.push_back(option.label);
      if (option.label != entry->condition) continue;
      ++found;
      entry->parent = static_cast<int>(i);
      entry->parent_option = static_cast<int>(k);
    }
  }
  if (found == 1) return "";
  if (found > 1) {
    return absl::StrCat("the label ", Quoted(entry->condition), " belongs to ", found,
                        " options; give them labels of their own: choice(LABEL => VALUE, ...)");
  }
  const std::string hint = SuggestName(entry->condition, labels);
  return absl::StrCat("no option of a choice has the label ", Quoted(entry->condition),
                      hint.empty() ? "" : "; ", hint);
}

// Whether the two can never be in force together: they belong to different options of one choice.
bool Exclusive(const SearchEntry& a, const SearchEntry& b) {
  return a.parent >= 0 && a.parent == b.parent && a.parent_option != b.parent_option;
}

size_t Depth(const SearchEntry& entry) {
  const absl::StatusOr<ConfigPath> path = ConfigPath::Parse(entry.address);
  return (path.ok() ? path->segments().size() : 0) + (entry.fields ? 1 : 0);
}

}  // namespace

absl::StatusOr<SearchSpace> SearchSpace::Parse(absl::Span<const std::string> texts) {
  SearchSpace space;
  std::vector<std::string> problems;
  for (const std::string& text : texts) {
    SearchEntry entry;
    const SearchProblem problem = ParseSearchEntry(text, &entry);
    if (!problem.message.empty()) {
      problems.push_back(Problem(entry, problem.column, problem.message));
    }
    space.entries_.push_back(std::move(entry));
  }
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));

  std::vector<SearchEntry>& entries = space.entries_;
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!entries[i].condition.empty()) {
      const std::string problem = ResolveCondition(entries, i, &entries[i]);
      if (!problem.empty()) problems.push_back(Problem(entries[i], 1, problem));
    }
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    for (size_t k = 0; k < i; ++k) {
      if (entries[i].address != entries[k].address || entries[i].fields != entries[k].fields ||
          Exclusive(entries[i], entries[k])) {
        continue;
      }
      problems.push_back(Problem(entries[i], 1,
                                 absl::StrCat(AsTyped(entries[i].address), " is searched twice, also by ",
                                              Quoted(entries[k].text))));
    }
  }
  // A choice before what depends on it; what is left over depends on itself.
  std::vector<bool> placed(entries.size(), false);
  for (bool progress = true; progress;) {
    progress = false;
    for (size_t i = 0; i < entries.size(); ++i) {
      const int parent = entries[i].parent;
      if (placed[i] || (parent >= 0 && !placed[static_cast<size_t>(parent)])) continue;
      placed[i] = progress = true;
      space.order_.push_back(i);
    }
  }
  for (size_t i = 0; i < entries.size(); ++i) {
    if (!placed[i]) {
      problems.push_back(Problem(entries[i], 1, "the choice that it depends on depends on it"));
    }
  }
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  space.by_depth_.resize(entries.size());
  std::iota(space.by_depth_.begin(), space.by_depth_.end(), size_t{0});
  std::stable_sort(space.by_depth_.begin(), space.by_depth_.end(), [&](size_t a, size_t b) {
    return Depth(entries[a]) < Depth(entries[b]);
  });
  return space;
}

bool SearchSpace::Active(const SearchEntry& entry, const SearchPoint& point) const {
  if (entry.parent < 0) return true;
  const absl::optional<SearchValue>& parent = point.values[static_cast<size_t>(entry.parent)];
  return parent.has_value() && parent->option == entry.parent_option;
}

void SearchSpace::Extend(size_t at, int64_t most, const std::vector<std::vector<SearchValue>>& grid,
                         SearchPoint* point, std::vector<SearchPoint>* points) const {
  if (static_cast<int64_t>(points->size()) > most) return;
  if (at == order_.size()) {
    points->push_back(*point);
    return;
  }
  const size_t index = order_[at];
  if (!Active(entries_[index], *point)) return Extend(at + 1, most, grid, point, points);
  for (const SearchValue& value : grid[index]) {
    point->values[index] = value;
    Extend(at + 1, most, grid, point, points);
  }
  point->values[index].reset();
}

bool SearchSpace::IsGrid() const {
  return std::all_of(entries_.begin(), entries_.end(), [](const SearchEntry& entry) {
    return entry.kind == SearchEntry::kChoice || entry.points > 0;
  });
}

absl::StatusOr<std::vector<SearchPoint>> SearchSpace::Grid(int64_t most) const {
  std::vector<std::vector<SearchValue>> grid;
  std::vector<std::string> problems;
  for (const SearchEntry& entry : entries_) {
    absl::StatusOr<std::vector<SearchValue>> values = GridValues(entry, most);
    if (!values.ok()) problems.push_back(std::string(values.status().message()));
    grid.push_back(values.ok() ? *std::move(values) : std::vector<SearchValue>());
  }
  if (!problems.empty()) return absl::InvalidArgumentError(absl::StrJoin(problems, "\n"));
  SearchPoint point;
  point.values.resize(entries_.size());
  std::vector<SearchPoint> points;
  Extend(0, most, grid, &point, &points);
  if (static_cast<int64_t>(points.size()) > most) {
    return absl::InvalidArgumentError(
        absl::StrCat("the grid has more than ", most, " points; take fewer, or --strategy random"));
  }
  return points;
}

SearchPoint SearchSpace::Random(uint64_t seed, int64_t trial) const {
  SearchPoint point;
  point.values.resize(entries_.size());
  for (size_t index : order_) {
    const SearchEntry& entry = entries_[index];
    if (!Active(entry, point)) continue;
    const std::string name =
        absl::StrCat("sweep/", entry.condition, ":", entry.address, entry.fields ? ".*" : "");
    const std::array<uint32_t, 4> words =
        Philox(seed, StreamOf(name), static_cast<uint64_t>(trial));
    const double part = UnitDouble(words[0], words[1]);
    // One of `count` things, all alike.
    const auto pick = [part](int64_t count) {
      return std::min(static_cast<int64_t>(part * static_cast<double>(count)), count - 1);
    };
    if (entry.kind == SearchEntry::kChoice) {
      const auto count = static_cast<int64_t>(entry.options.size());
      point.values[index] = OptionValue(entry, static_cast<int>(pick(count)));
    } else if (entry.points > 0) {
      point.values[index] = PointValue(entry, pick(entry.points), entry.points);
    } else if (entry.kind == SearchEntry::kInt) {
      const int64_t number = static_cast<int64_t>(entry.low) + pick(WholeNumbers(entry));
      point.values[index] = NumberValue(entry, absl::StrCat(number));
    } else {
      point.values[index] = NumberValue(entry, ValueAt(entry, part));
    }
  }
  return point;
}

std::vector<std::string> SearchSpace::Settings(const SearchPoint& point) const {
  std::vector<std::string> settings;
  for (size_t index : by_depth_) {
    if (point.values[index].has_value()) settings.push_back(point.values[index]->setting);
  }
  return settings;
}

}  // namespace gradus
