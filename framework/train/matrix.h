// Products of matrices for update rules: row by row in memory, element (r, c) at [r * pitch + c].
//
//   const Matrix<F> square = TakeMatrix<F>(p.rows, p.rows, p.work);
//   const Matrix<const F> g{p.gradients, p.rows, p.columns, p.pitch};
//   MultiplyTransposed(g, g, square, p.work);   // g g^T
//
// A number of a product is the sum over its row and column in their order, on every instruction
// set, so results have the same bits everywhere. The operands of a product must not overlap its
// result. One thread: parameters are updated at the same time.

#ifndef GRADUS_TRAIN_MATRIX_H_
#define GRADUS_TRAIN_MATRIX_H_

#include <cstdint>

#include "gradus/train/workspace.h"

namespace gradus {

template <class F>
struct Matrix {
  F* data = nullptr;
  int64_t rows = 0, columns = 0, pitch = 0;

  F& operator()(int64_t r, int64_t c) const { return data[r * pitch + c]; }
  operator Matrix<const F>() const { return {data, rows, columns, pitch}; }
};

// Without gaps between its rows.
template <class F>
Matrix<F> TakeMatrix(int64_t rows, int64_t columns, Workspace* work) {
  return {work->Take<F>(rows * columns), rows, columns, columns};
}

// c = a b. What is taken of `work` is given back.
void Multiply(Matrix<const float> a, Matrix<const float> b, Matrix<float> c, Workspace* work);
void Multiply(Matrix<const double> a, Matrix<const double> b, Matrix<double> c, Workspace* work);
// c = a b^T
void MultiplyTransposed(Matrix<const float> a, Matrix<const float> b, Matrix<float> c,
                        Workspace* work);
void MultiplyTransposed(Matrix<const double> a, Matrix<const double> b, Matrix<double> c,
                        Workspace* work);
// b = a^T
void Transpose(Matrix<const float> a, Matrix<float> b);
void Transpose(Matrix<const double> a, Matrix<double> b);

}  // namespace gradus

#endif  // GRADUS_TRAIN_MATRIX_H_
