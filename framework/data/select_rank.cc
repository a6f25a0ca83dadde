// Doubles as whole numbers of the same order, and the passes over them.

#include "gradus/data/select_rank.h"

#include <algorithm>
#include <cstring>
#include <limits>
#include <numeric>

#include "gradus/base/status.h"
#include "gradus/data/column_shares.h"
#include "gradus/data/row_blocks.h"

namespace gradus {
namespace {

// Keys compare as the numbers do; both zeros have one.
uint64_t KeyOf(double x) {
  x += 0.0;
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  constexpr uint64_t kSign = uint64_t{1} << 63;
  return (bits & kSign) != 0 ? ~bits : bits | kSign;
}

double NumberOf(uint64_t key) {
  constexpr uint64_t kSign = uint64_t{1} << 63;
  const uint64_t bits = (key & kSign) != 0 ? key ^ kSign : ~key;
  double x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

struct Search {
  int column = 0;
  int64_t numbers = 0;  // Of the column.
  int64_t rank = 0;     // Among those that begin with `found`.
  uint64_t found = 0;
  int64_t equal = 0;  // How many are the number that was found.
  uint64_t above = std::numeric_limits<uint64_t>::max();
  std::vector<int64_t> histogram;
};

constexpr int kBits = 11;

// Whether the median is between the number that was found and the next one.
bool NeedsNext(const Search& search) {
  return search.numbers % 2 == 0 && search.rank + 1 >= search.equal;
}

// Sets what is searched for in those columns.
absl::Status Find(const Dataset& raw, int field, const Rows& rows, absl::Span<Search> searches) {
  const int64_t width = raw.fields()[field].elements();
  // Calls visit(search, key) for every number of every column.
  const auto for_keys = [&](auto visit) {
    return ForRowBlocks(raw, field, rows, [&](const void* block, int64_t, int64_t count) {
      const double* row = static_cast<const double*>(block);
      for (int64_t r = 0; r < count; ++r, row += width) {
        for (Search& search : searches) {
          const double x = row[search.column];
          if (x == x) visit(&search, KeyOf(x));
        }
      }
    });
  };
  for (int known = 0; known < 64;) {
    const int bits = std::min(kBits, 64 - known);
    const int shift = 64 - known - bits;
    const uint64_t mask = (uint64_t{1} << bits) - 1;
    for (Search& search : searches) search.histogram.assign(size_t{1} << bits, 0);
    GRADUS_RETURN_IF_ERROR(for_keys([&](Search* search, uint64_t key) {
      if (known > 0 && (key >> (shift + bits)) != search->found) return;
      ++search->histogram[(key >> shift) & mask];
    }));
    for (Search& search : searches) {
      if (known == 0) {
        search.numbers =
            std::accumulate(search.histogram.begin(), search.histogram.end(), int64_t{0});
        search.rank = (search.numbers - 1) / 2;
      }
      if (search.numbers == 0) continue;
      size_t digit = 0;
      while (search.rank >= search.histogram[digit]) search.rank -= search.histogram[digit++];
      search.equal = search.histogram[digit];
      search.found = known > 0 ? (search.found << bits) | digit : digit;
    }
    known += bits;
  }

  if (std::any_of(searches.begin(), searches.end(), NeedsNext)) {
    GRADUS_RETURN_IF_ERROR(for_keys([](Search* search, uint64_t key) {
      if (key > search->found) search->above = std::min(search->above, key);
    }));
  }
  return absl::OkStatus();
}

}  // namespace

absl::Status FindMedians(const Dataset& raw, int field, const Rows& rows,
                         const std::vector<int>& columns, std::vector<double>* medians) {
  std::vector<Search> searches(columns.size());
  for (size_t i = 0; i < columns.size(); ++i) searches[i].column = columns[i];
  GRADUS_RETURN_IF_ERROR(
      ForColumnShares(rows.size(), columns.size(), [&](size_t begin, size_t end) {
        return Find(raw, field, rows, absl::MakeSpan(searches).subspan(begin, end - begin));
      }));
  medians->clear();
  for (const Search& search : searches) {
    if (search.numbers == 0) {
      medians->push_back(std::numeric_limits<double>::quiet_NaN());
      continue;
    }
    const double low = NumberOf(search.found);
    const double high = NeedsNext(search) ? NumberOf(search.above) : low;
    medians->push_back(low + (high - low) / 2);
  }
  return absl::OkStatus();
}

}  // namespace gradus
