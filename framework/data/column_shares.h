// Columns of a table shared out among threads: each goes over all rows for its own columns, so what comes of a column is what one thread
// makes of it, to the last bit.

#ifndef GRADUS_DATA_COLUMN_SHARES_H_
#define GRADUS_DATA_COLUMN_SHARES_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/status/status.h"
#include "gradus/base/status.h"
#include "gradus/base/thread_pool.h"

namespace gradus {

// Calls work(begin, end), which gives a Status, for shares of `columns` columns of so many rows; the first error of the first share is
// given. Small tables are not worth a thread.
template <class Work>
absl::Status ForColumnShares(int64_t rows, size_t columns, Work work) {
  constexpr int kMostThreads = 8;
  constexpr int64_t kWorthAThread = 1 << 17;
  if (columns == 0) return absl::OkStatus();
  size_t shares = 1;
  if (rows * static_cast<int64_t>(columns) >= kWorthAThread) {
    shares = std::min(columns, static_cast<size_t>(std::min(AvailableCores(), kMostThreads)));
  }
  std::vector<absl::Status> statuses(shares);
  const auto begin = [&](size_t share) { return columns * share / shares; };
  auto task = [&](int share) {
    const size_t s = static_cast<size_t>(share);
    try {
      statuses[s] = work(begin(s), begin(s + 1));
    } catch (...) {
      statuses[s] = StatusOfException("learning from columns");
    }
  };
  ThreadPool(static_cast<int>(shares)).Run(static_cast<int>(shares), task);
  for (const absl::Status& status : statuses) GRADUS_RETURN_IF_ERROR(status);
  return absl::OkStatus();
}

}  // namespace gradus

#endif  // GRADUS_DATA_COLUMN_SHARES_H_
