// A parameter of any number of dimensions as matrices: two of its dimensions are rows and columns, and
// there is a matrix for each of the indices of the others.
//
//   const FactoredDims factored = FactoredDims::Of({3, 3, 64, 128}, false, 1);  // 9 of 64 x 128
//   factored.ForEach(p.dims, p.pitch, [&](const MatrixPlace& m) { ... });

#ifndef GRADUS_OPTIMIZERS_FACTORED_DIMS_H_
#define GRADUS_OPTIMIZERS_FACTORED_DIMS_H_

#include <algorithm>
#include <cstdint>
#include <vector>

#include "absl/types/span.h"

namespace gradus {

// One of the matrices. Element (r, c) stands at [first + r row_step + c column_step] of the parameter.
// What is kept of row r has number first_row + r row_number_step in an array of the parameter's
// dimensions without that of the columns, and what is kept of columns likewise.
struct MatrixPlace {
  int64_t first, row_step, column_step;
  int64_t first_row, row_number_step, first_column, column_number_step;
};

struct FactoredDims {
  // Which two dimensions are rows and columns, the earlier one the rows; none: -1.
  int row_axis = -1, column_axis = -1;

  // The last two, or the two largest and of those of one size the last; neither shorter than `least`.
  static FactoredDims Of(absl::Span<const int64_t> dims, bool largest, int64_t least) {
    const int rank = static_cast<int>(dims.size());
    if (rank < 2) return {};
    int a = rank - 2, b = rank - 1;
    if (largest) {
      const auto larger = [&](int x, int y) { return dims[x] >= dims[y] ? x : y; };
      b = 0;
      for (int k = 1; k < rank; ++k) b = larger(k, b);
      a = b == 0 ? 1 : 0;
      for (int k = a + 1; k < rank; ++k) a = k == b ? a : larger(k, a);
      if (a > b) std::swap(a, b);
    }
    if (std::min(dims[a], dims[b]) < least) return {};
    return {a, b};
  }

  bool any() const { return row_axis >= 0; }

  // Of a parameter with these dims, whose rows by its last dimension are `pitch` apart.
  template <class Use>
  void ForEach(absl::Span<const int64_t> dims, int64_t pitch, const Use& use) const {
    const int last = static_cast<int>(dims.size()) - 1;
    const auto product = [&](int begin, int end) {
      int64_t count = 1;
      for (int k = begin; k < end; ++k) count *= dims[k];
      return count;
    };
    const auto stride = [&](int k) { return k == last ? 1 : product(k + 1, last) * pitch; };
    const int a = row_axis, b = column_axis;
    const int64_t before = product(0, a), between = product(a + 1, b);
    const int64_t after = b == last ? 1 : product(b + 1, last), tail = b == last ? 1 : dims[last];
    const int64_t inner = after * tail;
    MatrixPlace m = {};
    m.row_step = stride(a), m.column_step = stride(b);
    m.row_number_step = between * inner, m.column_number_step = inner;
    for (int64_t i = 0; i < before; ++i) {
      for (int64_t j = 0; j < between; ++j) {
        for (int64_t k = 0; k < inner; ++k) {
          m.first = i * dims[a] * m.row_step + j * stride(b - 1) + k / tail * pitch + k % tail;
          m.first_row = (i * dims[a] * between + j) * inner + k;
          m.first_column = (i * between + j) * dims[b] * inner + k;
          use(m);
        }
      }
    }
  }
};

}  // namespace gradus

#endif  // GRADUS_OPTIMIZERS_FACTORED_DIMS_H_
