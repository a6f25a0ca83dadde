// Columns of numbers: what stands for missing cells first, then moments of what that makes of them.

#include <algorithm>
#include <cmath>
#include <limits>
#include <utility>

#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/data/column_shares.h"
#include "gradus/data/learn_columns.h"
#include "gradus/data/row_blocks.h"
#include "gradus/data/select_rank.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Sums and counts of the cells that are there, by column.
struct SumPresent {
  template <Isa>
  GRADUS_INLINE static void Run(const double* from, int64_t rows, int64_t n, double* sum,
                                double* count) {
    for (int64_t r = 0; r < rows; ++r, from += n) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const bool there = from[i] == from[i];
        sum[i] += there ? from[i] : 0;
        count[i] += there ? 1 : 0;
      }
    }
  }
};

// What filled in and divided cells come to, by column.
struct SumFilled {
  template <Isa>
  GRADUS_INLINE static void Run(const double* from, int64_t rows, int64_t n, const double* fill,
                                const double* divide_by, double* least, double* most, double* sum) {
    for (int64_t r = 0; r < rows; ++r, from += n) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const double x = (from[i] == from[i] ? from[i] : fill[i]) / divide_by[i];
        least[i] = x < least[i] ? x : least[i];
        most[i] = x > most[i] ? x : most[i];
        sum[i] += x;
      }
    }
  }
};

struct SquareFilled {
  template <Isa>
  GRADUS_INLINE static void Run(const double* from, int64_t rows, int64_t n, const double* fill,
                                const double* divide_by, const double* mean, double* squares) {
    for (int64_t r = 0; r < rows; ++r, from += n) {
#pragma GCC ivdep
      for (int64_t i = 0; i < n; ++i) {
        const double x = (from[i] == from[i] ? from[i] : fill[i]) / divide_by[i];
        squares[i] += (x - mean[i]) * (x - mean[i]);
      }
    }
  }
};

class Learning {
 public:
  Learning(const Dataset& raw, int field, const Rows& rows, const Feed& feed,
           absl::Span<const NumberColumn> columns, std::vector<ColumnFinding>* findings)
      : raw_(raw),
        field_(field),
        rows_(rows),
        feed_(feed),
        columns_(columns),
        findings_(findings),
        width_(raw.fields()[field].elements()),
        fill_(width_, kNan),
        divide_by_(width_, 1.0) {}

  absl::Status Run() {
    GRADUS_RETURN_IF_ERROR(Fill());
    if (!findings_->empty()) return absl::OkStatus();
    return Scale();
  }

 private:
  // The column of the raw field.
  int Place(const NumberColumn& column) const { return feed_.cells[column.column].column; }
  template <class... What>
  void Find(const NumberColumn& column, const std::string& hint, const What&... what) {
    findings_->push_back(
        {column.column, absl::StrCat(feed_.transform.NameOfColumn(column.column), what...), hint});
  }
  template <class Visit>
  absl::Status ForBlocks(Visit visit) const {
    return ForRowBlocks(raw_, field_, rows_, [&](const void* block, int64_t begin, int64_t count) {
      visit(static_cast<const double*>(block), begin, count);
    });
  }

  // What stands for missing cells.
  absl::Status Fill() {
    std::vector<double> means, frequent, medians;
    std::vector<int> median_columns;
    bool needs_mean = false, needs_frequent = false;
    for (const NumberColumn& column : columns_) {
      const CsvColumns::Impute impute = column.plan->impute();
      needs_mean = needs_mean || impute == CsvColumns::MEAN;
      needs_frequent = needs_frequent || impute == CsvColumns::MOST_FREQUENT;
      if (impute == CsvColumns::MEDIAN) median_columns.push_back(Place(column));
    }
    if (needs_mean) GRADUS_RETURN_IF_ERROR(Means(&means));
    if (needs_frequent) GRADUS_RETURN_IF_ERROR(MostFrequent(&frequent));
    if (!median_columns.empty()) {
      GRADUS_RETURN_IF_ERROR(FindMedians(raw_, field_, rows_, median_columns, &medians));
    }
    size_t median = 0;
    for (const NumberColumn& column : columns_) {
      double value = kNan;
      switch (column.plan->impute()) {
        case CsvColumns::REFUSE:
          break;
        case CsvColumns::MEAN:
          value = means[Place(column)];
          break;
        case CsvColumns::MEDIAN:
          value = medians[median++];
          break;
        case CsvColumns::MOST_FREQUENT:
          value = frequent[Place(column)];
          break;
      }
      if (column.plan->has_impute_constant()) {
        GRADUS_CHECK(absl::SimpleAtod(column.plan->impute_constant(), &value));
      } else if (column.plan->impute() != CsvColumns::REFUSE && !std::isfinite(value)) {
        Find(column, "set impute_constant, or leave the column out",
             value != value ? " has no number in the training rows to impute from"
                            : ": the sum of its values is not finite");
      }
      column.transform->missing_number = value;
      fill_[Place(column)] = value;
      divide_by_[Place(column)] = column.transform->map.divide_by;
    }
    return absl::OkStatus();
  }

  absl::Status Means(std::vector<double>* means) const {
    std::vector<double> sum(width_, 0.0), count(width_, 0.0);
    GRADUS_RETURN_IF_ERROR(ForBlocks([&](const double* block, int64_t, int64_t rows) {
      ForIsa<SumPresent>(block, rows, width_, sum.data(), count.data());
    }));
    for (int64_t i = 0; i < width_; ++i) means->push_back(sum[i] / count[i]);  // 0 / 0: NaN.
    return absl::OkStatus();
  }

  // By sorting: a count for each number would take much more memory where all differ. So many columns in one pass as need little of it.
  absl::Status MostFrequent(std::vector<double>* frequent) const {
    constexpr int64_t kBytes = int64_t{64} << 20;
    frequent->assign(width_, kNan);
    std::vector<int> places;
    for (const NumberColumn& column : columns_) {
      if (column.plan->impute() == CsvColumns::MOST_FREQUENT) places.push_back(Place(column));
    }
    const int64_t column_bytes = rows_.size() * static_cast<int64_t>(sizeof(double));
    const size_t at_once = static_cast<size_t>(std::max<int64_t>(1, kBytes / column_bytes));
    std::vector<std::vector<double>> numbers(std::min(at_once, places.size()));
    for (size_t first = 0; first < places.size(); first += at_once) {
      const size_t count = std::min(at_once, places.size() - first);
      for (std::vector<double>& column : numbers) column.clear();
      GRADUS_RETURN_IF_ERROR(ForBlocks([&](const double* block, int64_t, int64_t rows) {
        for (int64_t r = 0; r < rows; ++r, block += width_) {
          for (size_t k = 0; k < count; ++k) {
            const double x = block[places[first + k]];
            if (x == x) numbers[k].push_back(x + 0.0);  // Both zeros are one.
          }
        }
      }));
      GRADUS_RETURN_IF_ERROR(ForColumnShares(rows_.size(), count, [&](size_t begin, size_t end) {
        for (size_t k = begin; k < end; ++k) {
          std::sort(numbers[k].begin(), numbers[k].end());
          (*frequent)[places[first + k]] = LongestRun(numbers[k]);
        }
        return absl::OkStatus();
      }));
    }
    return absl::OkStatus();
  }

  // Of several the least, which comes first; NaN of none.
  static double LongestRun(const std::vector<double>& sorted) {
    double number = kNan;
    size_t most = 0;
    for (size_t begin = 0, end = 0; begin < sorted.size(); begin = end) {
      while (end < sorted.size() && sorted[end] == sorted[begin]) ++end;
      if (end - begin <= most) continue;
      most = end - begin;
      number = sorted[begin];
    }
    return number;
  }

  // Calls visit(column, row) for every row of every column, of each column in order.
  template <class Visit>
  absl::Status ForCells(const std::vector<NumberColumn>& columns, Visit visit) const {
    return ForColumnShares(rows_.size(), columns.size(), [&](size_t begin, size_t end) {
      return ForBlocks([&](const double* block, int64_t, int64_t rows) {
        for (int64_t r = 0; r < rows; ++r, block += width_) {
          for (size_t k = begin; k < end; ++k) visit(columns[k], block);
        }
      });
    });
  }

  // ln or ln(1 + x) of a filled in cell.
  double Mapped(const NumberColumn& column, const double* row) const {
    const double x = row[Place(column)];
    NumberMap map = column.transform->map;
    map.shift = 0;
    map.scale = 1;
    return map.Apply(x == x ? x : fill_[Place(column)]);
  }

  absl::Status Scale() {
    std::vector<NumberColumn> scaled, mapped;
    for (const NumberColumn& column : columns_) {
      if (!column.plan->standardise() && !column.plan->min_max()) continue;
      scaled.push_back(column);
      if (column.transform->map.function != NumberMap::kIdentity) mapped.push_back(column);
    }
    if (scaled.empty()) return absl::OkStatus();
    std::vector<double> least(width_, kInfinity), most(width_, -kInfinity), sum(width_, 0.0);
    GRADUS_RETURN_IF_ERROR(ForBlocks([&](const double* block, int64_t, int64_t rows) {
      ForIsa<SumFilled>(block, rows, width_, static_cast<const double*>(fill_.data()),
                        static_cast<const double*>(divide_by_.data()), least.data(), most.data(),
                        sum.data());
    }));
    for (const NumberColumn& column : mapped) {
      least[Place(column)] = kInfinity;
      most[Place(column)] = -kInfinity;
      sum[Place(column)] = 0;
    }
    GRADUS_RETURN_IF_ERROR(ForCells(mapped, [&](const NumberColumn& column, const double* row) {
      const int p = Place(column);
      const double x = Mapped(column, row);
      least[p] = std::min(least[p], x);
      most[p] = std::max(most[p], x);
      sum[p] += x;
    }));
    const double count = static_cast<double>(rows_.size());
    for (const NumberColumn& column : scaled) {
      const int p = Place(column);
      if (!std::isfinite(sum[p])) {
        GRADUS_RETURN_IF_ERROR(ExplainSum(column));
        continue;
      }
      // The mean of n equal numbers is not always that number in floating point.
      sum[p] = least[p] == most[p] ? least[p] : sum[p] / count;
      if (column.plan->min_max()) {
        const double range = most[p] - least[p];
        column.transform->map.shift = least[p];
        column.transform->map.scale = range > 0 ? range : 1;
        if (!std::isfinite(range)) {
          Find(column, "", " cannot be scaled: its range is not finite");
        }
      }
    }
    if (!findings_->empty()) return absl::OkStatus();

    std::vector<double> squares(width_, 0.0);
    GRADUS_RETURN_IF_ERROR(ForBlocks([&](const double* block, int64_t, int64_t rows) {
      ForIsa<SquareFilled>(block, rows, width_, static_cast<const double*>(fill_.data()),
                           static_cast<const double*>(divide_by_.data()),
                           static_cast<const double*>(sum.data()), squares.data());
    }));
    for (const NumberColumn& column : mapped) squares[Place(column)] = 0;
    GRADUS_RETURN_IF_ERROR(ForCells(mapped, [&](const NumberColumn& column, const double* row) {
      const double distance = Mapped(column, row) - sum[Place(column)];
      squares[Place(column)] += distance * distance;
    }));
    for (const NumberColumn& column : scaled) {
      if (!column.plan->standardise()) continue;
      const int p = Place(column);
      const double deviation = least[p] == most[p] ? 1 : std::sqrt(squares[p] / count);
      if (!std::isfinite(deviation) || deviation <= 0) {
        Find(column, "", " cannot be standardised: its deviation is ", deviation);
      }
      column.transform->map.shift = sum[p];
      column.transform->map.scale = deviation;
    }
    return absl::OkStatus();
  }

  // Names the first row whose value is not finite, or the sum when none is.
  absl::Status ExplainSum(const NumberColumn& column) {
    std::string found, hint;
    const bool takes_log = column.transform->map.function != NumberMap::kIdentity;
    GRADUS_RETURN_IF_ERROR(ForBlocks([&](const double* block, int64_t begin, int64_t rows) {
      for (int64_t r = 0; takes_log && r < rows && found.empty(); ++r, block += width_) {
        if (std::isfinite(Mapped(column, block))) continue;
        const double cell = block[Place(column)];
        const double x = cell == cell ? cell : fill_[Place(column)];
        const bool log = column.transform->map.function == NumberMap::kLog;
        found = absl::StrCat(WhereCell(raw_, feed_, rows_[begin + r], column.column), ": ",
                             feed_.transform.NameOfColumn(column.column), ": ", ShortestNumber(x),
                             log ? " has no logarithm; log takes numbers above 0"
                                 : " is too small for log1p, which takes numbers above -1");
        if (log && x > -1) hint = "log1p takes 0, too";
      }
    }));
    if (found.empty()) {
      Find(column, hint, " cannot be scaled: the sum of its values is not finite");
    } else {
      findings_->push_back({column.column, found, hint});
    }
    return absl::OkStatus();
  }

  const Dataset& raw_;
  const int field_;
  const Rows& rows_;
  const Feed& feed_;
  const absl::Span<const NumberColumn> columns_;
  std::vector<ColumnFinding>* const findings_;
  const int64_t width_;
  std::vector<double> fill_, divide_by_;  // By column of the raw field.
};

}  // namespace

absl::Status LearnNumbers(const Dataset& raw, int field, const Rows& rows, const Feed& feed,
                          absl::Span<const NumberColumn> columns,
                          std::vector<ColumnFinding>* findings) {
  return Learning(raw, field, rows, feed, columns, findings).Run();
}

}  // namespace gradus
