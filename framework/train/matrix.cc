// Products by panels: so many columns of the right operand as two vectors hold are packed one row
// after the other, and meet four rows of the left one at a time, whose eight vectors of sums stay
// in registers. A sum goes through its terms in order whatever the width of a vector is.

#include "gradus/train/matrix.h"

#include <algorithm>
#include <cstring>

#include "gradus/base/isa.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

template <Isa isa>
constexpr int kVectorBytes = isa == Isa::kAvx512 ? 64
                             : isa == Isa::kAvx2 ? 32
                                                 : 16;

template <class F, int bytes>
struct VectorOf;
template <int bytes>
struct VectorOf<float, bytes> {
  typedef float Type __attribute__((vector_size(bytes), aligned(4), may_alias));
};
template <int bytes>
struct VectorOf<double, bytes> {
  typedef double Type __attribute__((vector_size(bytes), aligned(8), may_alias));
};

// Rows a, a + pitch ... of the left operand with a panel of `depth` rows.
template <class F, int bytes, int kRows>
GRADUS_INLINE void RowsTimesPanel(const F* a, int64_t pitch, const F* panel, int64_t depth, F* c,
                                  int64_t c_pitch, int64_t columns) {
  using Vector = typename VectorOf<F, bytes>::Type;
  constexpr int kWidth = bytes / static_cast<int>(sizeof(F));
  Vector sums[kRows][2] = {};
  for (int64_t k = 0; k < depth; ++k) {
    const Vector left = *reinterpret_cast<const Vector*>(panel + k * 2 * kWidth);
    const Vector right = *reinterpret_cast<const Vector*>(panel + k * 2 * kWidth + kWidth);
    for (int r = 0; r < kRows; ++r) {
      const F x = a[r * pitch + k];
      sums[r][0] += x * left;
      sums[r][1] += x * right;
    }
  }
  for (int r = 0; r < kRows; ++r) {
    std::memcpy(c + r * c_pitch, sums[r], static_cast<size_t>(columns) * sizeof(F));
  }
}

template <class F>
struct ProductLoop {
  template <Isa isa>
  GRADUS_INLINE static void Run(const Matrix<const F>* a, const Matrix<const F>* b,
                                const Matrix<F>* c, F* panel) {
    constexpr int kBytes = kVectorBytes<isa>;
    constexpr int64_t kWide = 2 * kBytes / static_cast<int>(sizeof(F));
    for (int64_t begin = 0; begin < b->columns; begin += kWide) {
      const int64_t columns = std::min(kWide, b->columns - begin);
      for (int64_t k = 0; k < b->rows; ++k) {
        F* row = panel + k * kWide;
        for (int64_t j = 0; j < columns; ++j) row[j] = b->data[k * b->pitch + begin + j];
        for (int64_t j = columns; j < kWide; ++j) row[j] = 0;
      }
      int64_t i = 0;
      for (; i + 4 <= a->rows; i += 4) {
        RowsTimesPanel<F, kBytes, 4>(a->data + i * a->pitch, a->pitch, panel, a->columns,
                                     c->data + i * c->pitch + begin, c->pitch, columns);
      }
      for (; i < a->rows; ++i) {
        RowsTimesPanel<F, kBytes, 1>(a->data + i * a->pitch, a->pitch, panel, a->columns,
                                     c->data + i * c->pitch + begin, c->pitch, columns);
      }
    }
  }
};

template <class F>
void Product(const Matrix<const F>& a, const Matrix<const F>& b, const Matrix<F>& c,
             Workspace* work) {
  GRADUS_CHECK(a.columns == b.rows && c.rows == a.rows && c.columns == b.columns);
  const Workspace::Scope scope(work);
  F* const panel =
      work->Take<F>(b.rows * (2 * kVectorBytes<Isa::kAvx512> / static_cast<int64_t>(sizeof(F))));
  ForIsa<ProductLoop<F>>(&a, &b, &c, panel);
}

template <class F>
void Turned(const Matrix<const F>& a, const Matrix<F>& b) {
  GRADUS_CHECK(a.rows == b.columns && a.columns == b.rows);
  constexpr int64_t kBlock = 16;  // Lines of both stay in the first cache.
  for (int64_t rows = 0; rows < a.rows; rows += kBlock) {
    for (int64_t columns = 0; columns < a.columns; columns += kBlock) {
      for (int64_t r = rows; r < std::min(rows + kBlock, a.rows); ++r) {
        for (int64_t c = columns; c < std::min(columns + kBlock, a.columns); ++c) {
          b(c, r) = a.data[r * a.pitch + c];
        }
      }
    }
  }
}

template <class F>
void ProductTransposed(const Matrix<const F>& a, const Matrix<const F>& b, const Matrix<F>& c,
                       Workspace* work) {
  const Workspace::Scope scope(work);
  const Matrix<F> t = TakeMatrix<F>(b.columns, b.rows, work);
  Turned<F>(b, t);
  Product<F>(a, t, c, work);
}

}  // namespace

void Multiply(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, Workspace* work) {
  Product<float>(a, b, c, work);
}
void Multiply(Matrix<const double> a, Matrix<const double> b, Matrix<double> c, Workspace* work) {
  Product<double>(a, b, c, work);
}
void MultiplyTransposed(Matrix<const float> a, Matrix<const float> b, Matrix<float> c,
                        Workspace* work) {
  ProductTransposed<float>(a, b, c, work);
}
void MultiplyTransposed(Matrix<const double> a, Matrix<const double> b, Matrix<double> c,
                        Workspace* work) {
  ProductTransposed<double>(a, b, c, work);
}
void Transpose(Matrix<const float> a, Matrix<float> b) { Turned<float>(a, b); }
void Transpose(Matrix<const double> a, Matrix<double> b) { Turned<double>(a, b); }

}  // namespace gradus
