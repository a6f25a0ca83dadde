// Columns are shared out so that each is taken once, and what is learned of them is what one thread learns.

#include "gradus/data/column_shares.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <mutex>
#include <new>
#include <vector>

#include "gradus/data/memory.h"
#include "gradus/data/select_rank.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

TEST(ColumnShares, EachColumnIsTakenOnce) {
  for (int64_t rows : {1, 1 << 20}) {
    for (size_t columns : {0, 1, 2, 7, 30}) {
      std::mutex mutex;
      std::vector<int> taken(columns, 0);
      const absl::Status status = ForColumnShares(rows, columns, [&](size_t begin, size_t end) {
        std::lock_guard<std::mutex> lock(mutex);
        for (size_t k = begin; k < end; ++k) ++taken[k];
        return absl::OkStatus();
      });
      EXPECT_TRUE(status.ok()) << status;
      EXPECT_EQ(taken, std::vector<int>(columns, 1)) << rows << " " << columns;
    }
  }
}

TEST(ColumnShares, TheErrorOfTheFirstColumnsIsGivenAndNothingIsThrown) {
  const absl::Status status = ForColumnShares(1 << 20, 16, [](size_t begin, size_t) {
    return begin == 0 ? absl::InvalidArgumentError("first") : absl::InternalError("another");
  });
  EXPECT_EQ(status.message(), "first");
  EXPECT_TRUE(absl::IsResourceExhausted(ForColumnShares(
      1 << 20, 16, [](size_t, size_t) -> absl::Status { throw std::bad_alloc(); })));
}

TEST(ColumnShares, MediansOfALargeTableAreThoseOfSorting) {
  constexpr int64_t kRows = 40001, kColumns = 5;  // Enough for several threads.
  std::vector<double> cells(kRows * kColumns);
  for (size_t i = 0; i < cells.size(); ++i) {
    const double x = std::sin(0.7 * static_cast<double>(i)) * 1e3;
    cells[i] = i % 11 == 3 ? std::numeric_limits<double>::quiet_NaN() : std::round(x) / 8;
  }
  const auto table = MakeTensorDataset({{"x", DType::kFloat64, {kColumns}}},
                                       {Tensor::Of<double>({kRows, kColumns}, cells)}, nullptr);
  std::vector<double> medians;
  const absl::Status status =
      FindMedians(*table, 0, Rows::Range(0, kRows), {4, 0, 1, 2, 3}, &medians);
  ASSERT_TRUE(status.ok()) << status;
  for (size_t k = 0; k < medians.size(); ++k) {
    const size_t column = (k + 4) % kColumns;
    std::vector<double> there;
    for (size_t i = column; i < cells.size(); i += kColumns) {
      if (cells[i] == cells[i]) there.push_back(cells[i]);
    }
    std::sort(there.begin(), there.end());
    const size_t half = there.size() / 2;
    // Eighths: both middle numbers and their mean are exact.
    EXPECT_EQ(medians[k],
              there.size() % 2 == 1 ? there[half] : (there[half - 1] + there[half]) / 2);
  }
}

}  // namespace
}  // namespace gradus
