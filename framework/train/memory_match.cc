// Rows and their table.

#include "gradus/train/memory_match.h"

#include <algorithm>

#include "absl/strings/str_cat.h"

namespace gradus {
namespace {

constexpr size_t kMostRows = 24;
constexpr const char* kKinds[] = {"restored", "fresh", "dropped"};

std::string LastSegment(const std::string& name) { return name.substr(name.rfind('/') + 1); }

// Rows that differ only in the parameter become one, where the first of them stands.
std::vector<MemoryMatch::Row> Summarised(const std::vector<MemoryMatch::Row>& rows) {
  struct Sum {
    MemoryMatch::Row row;
    int count;
  };
  std::vector<Sum> sums;
  for (const MemoryMatch::Row& row : rows) {
    const auto same = std::find_if(sums.begin(), sums.end(), [&](const Sum& sum) {
      return sum.row.kind == row.kind && sum.row.reason == row.reason &&
             LastSegment(sum.row.name) == LastSegment(row.name);
    });
    if (same == sums.end()) {
      sums.push_back({row, 1});
    } else {
      ++same->count;
    }
  }
  std::vector<MemoryMatch::Row> short_rows;
  for (Sum& sum : sums) {
    if (sum.count > 1) absl::StrAppend(&sum.row.name, " and ", sum.count - 1, " more");
    short_rows.push_back(std::move(sum.row));
  }
  return short_rows;
}

}  // namespace

bool MemoryMatch::exact() const { return Count(kRestored) == static_cast<int>(rows.size()); }

int MemoryMatch::Count(Kind kind) const {
  return static_cast<int>(
      std::count_if(rows.begin(), rows.end(), [kind](const Row& row) { return row.kind == kind; }));
}

std::string MemoryMatch::Table() const {
  std::vector<Row> shown;
  std::copy_if(rows.begin(), rows.end(), std::back_inserter(shown),
               [](const Row& row) { return row.kind != kRestored; });
  if (shown.size() > kMostRows) shown = Summarised(shown);
  std::string table = absl::StrCat("memory of the optimizer: ", Count(kRestored), " restored, ",
                                   Count(kFresh), " fresh, ", Count(kDropped), " dropped\n");
  size_t width = 4;
  for (const Row& row : shown) width = std::max(width, row.name.size());
  for (const Row& row : shown) {
    std::string name = row.name;
    name.resize(width, ' ');
    std::string what = kKinds[row.kind];
    what.resize(7, ' ');
    absl::StrAppend(&table, "  ", what, "  ", name, "  ", row.reason, "\n");
  }
  return table;
}

}  // namespace gradus
