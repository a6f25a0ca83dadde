// From the cells of a table to what a model is fed, column by column: what is missing is filled in,
// numbers go through a map of their own, texts become places or ones among zeros. For inputs whose
// columns are not all treated alike; the others go through convert.h, which is faster.

#ifndef GRADUS_DATA_CONVERT_COLUMNS_H_
#define GRADUS_DATA_CONVERT_COLUMNS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/base/dtype.h"
#include "gradus/data/preprocessing.h"

namespace gradus {

// A raw field that holds columns of an input: [rows, columns].
struct ColumnPart {
  DType dtype = DType::kFloat64;
  int64_t columns = 0;
  // Not numbers but codes (INT32, -1 for a missing cell): by column, the place of each code. Without
  // it the cell of a column of categories is its place.
  bool coded = false;
  std::vector<std::vector<int32_t>> places = {};
};

// Where a column's cell lies.
struct ColumnCell {
  int part = 0;
  int column = 0;  // Of the part.
};

class ColumnConversion {
 public:
  // One cell per treatment. `transform` stays the caller's.
  ColumnConversion(const InputTransform* transform, DType to, std::vector<ColumnPart> parts,
                   absl::Span<const ColumnCell> cells);

  // Rows `rows[0]`, `rows[1]`, ... of the parts' `sources` into `destination`, one after another.
  // The position in `rows` of the first row with a cell that can be nothing for the model, or -1.
  int64_t Convert(absl::Span<const void* const> sources, absl::Span<const int64_t> rows,
                  void* destination) const;

  // What is wrong in that row: `column "area": ln(-3) is nan; log takes numbers above 0`.
  std::string Describe(absl::Span<const void* const> sources, int64_t row) const;

  int64_t width() const { return width_; }

 private:
  // Columns of numbers that lie side by side and whose numbers come to lie side by side.
  struct Run {
    int part;
    int64_t from, to, count;  // Column of the part, element of the example, columns.
    int64_t first;            // Of divide_by_ and the like.
    NumberMap::Function function;
  };
  struct Category {
    ColumnCell cell;
    int64_t to, width;  // Element of the example; 1 when the place is given.
    bool one_hot;
    int32_t missing;  // The place of a missing cell, or -1.
    int64_t places;
  };

  template <class To>
  bool ConvertRow(absl::Span<const void* const> sources, int64_t row, double* scratch,
                  To* to) const;
  double NumberAt(absl::Span<const void* const> sources, int64_t row, ColumnCell cell) const;
  // The place of a cell, or -1.
  int32_t PlaceAt(absl::Span<const void* const> sources, int64_t row,
                  const Category& category) const;

  const InputTransform* transform_;
  const DType to_;
  const std::vector<ColumnPart> parts_;
  const std::vector<ColumnCell> cells_;
  int64_t width_ = 0;
  std::vector<Run> runs_;
  std::vector<Category> categories_;
  std::vector<double> divide_by_, fill_, shift_, scale_;  // By run.
};

}  // namespace gradus

#endif  // GRADUS_DATA_CONVERT_COLUMNS_H_
