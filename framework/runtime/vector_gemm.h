// Matrix products and column sums in vector registers: the dense layer's three products, without
// oneDNN.
//
//   C[m, n] = finish(relu(opA(A) opB(B) + bias))        A, B, C, bias: float, row-major, with
//   leading dimensions
//
// In a dense layer Y = act(X W + b), with W stored as [inputs, units]:
//   forward          Y  = X W + b       transpose neither                 m = rows,   n = units,  k
//   = inputs data gradient    dX = dY W^T        transpose_b (W is [n, k])         m = rows,   n =
//   inputs, k = units weight gradient  dW = X^T dY        transpose_a (X is [k, m])         m =
//   inputs, n = units,  k = rows bias gradient    db = ColumnSums(dY)
//
// Why our own: a call costs tens of nanoseconds (an oneDNN primitive some hundreds), allocates
// nothing, has the same bits for a row in any batch, and on AVX2 does not fall into oneDNN 2.6's
// trap at leading dimensions that are multiples of 512. The method is Goto's: a tile of C in
// registers, blocks of k that fit the caches (K. Goto and R. van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008), but operands are copied only
// where the copy pays.
//
// Bits. Every element of C is one chain of multiply-adds in the order of k; bias is added after the
// chain. Hence C[i, :] depends on A's row i, B and bias alone, not on m, the row's place, the
// leading dimensions or the block of rows that a thread got; for n = 1 and k >= 32, without
// transpose_a, it is a dot product of several chains, just as independent of m. Instruction sets
// differ in the last bits (kBaseline has no fused multiply-add), as they do in oneDNN. NaN and Inf
// pass through, also through relu.

#ifndef GRADUS_RUNTIME_VECTOR_GEMM_H_
#define GRADUS_RUNTIME_VECTOR_GEMM_H_

#include <cstdint>

#include "gradus/base/isa.h"

namespace gradus {

struct GemmShape {
  int64_t m = 0;
  int64_t n = 0;
  int64_t k = 0;
  bool transpose_a = false;  // A is stored as [k, m]
  bool transpose_b = false;  // B is stored as [n, k]
};

struct GemmArguments {
  const float* a = nullptr;
  int64_t lda = 0;  // floats from one stored row to the next, at least the stored row's length
  const float* b = nullptr;
  int64_t ldb = 0;
  float* c = nullptr;  // overlaps nothing else
  int64_t ldc = 0;
  const float* bias = nullptr;  // n values, added to every row
  bool accumulate = false;  // C += product, else C = product; bias and relu come after the addition
  bool relu = false;        // max(0, x); NaN stays NaN
  // Called for each finished block of C, while it is in cache: rows [row, row + rows) of columns
  // [column, column + columns). Each element is in exactly one block. For activations other than
  // relu.
  void (*finish)(void* context, int64_t row, int64_t rows, int64_t column,
                 int64_t columns) = nullptr;
  void* finish_context = nullptr;
  float* scratch =
      nullptr;  // VectorGemmScratch(shape) floats, of any alignment; private to the call
};

// How many floats of scratch a call needs on any instruction set, at most about 600 KiB; monotone
// in nothing: ask per shape.
int64_t VectorGemmScratch(const GemmShape& shape);

// `isa` must be one that the CPU has: CurrentIsa() or less. m = 0 or n = 0 does nothing; k = 0
// gives an empty sum (operands may then be null). Never allocates, never throws.
void VectorGemm(const GemmShape& shape, const GemmArguments& arguments, Isa isa);

// sums[j] = (accumulate ? sums[j] : 0) + sum over rows of x[row, j]; the order depends on `rows`
// and `columns` only.
void ColumnSums(const float* x, int64_t rows, int64_t columns, int64_t ldx, bool accumulate,
                float* sums, Isa isa);

enum class GemmChoice { kVector, kOneDnnMatmul };

// What computes a product fastest on plain row-major operands, by shape and instruction set only:
// never by timing, and for products without transpose_a not by m either, so that a prediction does
// not depend on the batch it came in.
GemmChoice ChooseGemm(const GemmShape& shape, Isa isa);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_VECTOR_GEMM_H_
