// Matrix products and column sums in vector registers: the dense layer's products without oneDNN.
//
//   C[m, n] = finish(relu(opA(A) opB(B) + bias))
//
// A, B, C and bias are float and row-major, with leading dimensions. In a dense layer
// Y = act(X W + b), with W stored as [inputs, units]:
//
//   forward          Y  = X W + b    transpose neither   m = rows    n = units   k = inputs
//   data gradient    dX = dY W^T     transpose_b         m = rows    n = inputs  k = units
//   weight gradient  dW = X^T dY     transpose_a         m = inputs  n = units   k = rows
//   bias gradient    db = ColumnSums(dY)
//
// Why our own: a call costs tens of nanoseconds (an oneDNN primitive some hundreds), allocates
// nothing, gives a row the same bits in any batch, and on AVX2 does not fall into oneDNN 2.6's
// trap at leading dimensions that are multiples of 512. The method is Goto's: a tile of C in
// registers, blocks of k that fit the caches (K. Goto and R. van de Geijn, "Anatomy of
// High-Performance Matrix Multiplication", ACM TOMS 34(3), 2008), but operands are copied only
// where the copy pays.
//
// Bits. Every element of C is one chain of multiply-adds in the order of k; bias is added after
// the chain. Hence row i of C depends on row i of A, B and bias alone: not on m, on the row's
// place, on leading dimensions, or on the block of rows that a thread got. Two kinds of products
// with k >= 32 are dot products of several chains instead: n = 1, which is just as independent of
// m, and m <= 2 with transpose_b (data gradients of single examples), whose last bits differ from
// those in a larger batch. Instruction sets differ in the last bits (kBaseline has no fused
// multiply-add), as they do in oneDNN. NaN and Inf pass through, also through relu.

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
  float* scratch = nullptr;  // VectorGemmScratch(shape) floats, private to the call
};

// How many floats of scratch a call needs on any instruction set: at most 140,000, or k for n = 1.
// A smaller shape may need more: ask for each.
int64_t VectorGemmScratch(const GemmShape& shape);

// `isa` must be one that the CPU has: CurrentIsa() or less. m = 0 or n = 0 does nothing; k = 0
// gives an empty sum (operands may then be null). Never allocates, never throws.
void VectorGemm(const GemmShape& shape, const GemmArguments& arguments, Isa isa);

// sums[j] = (accumulate ? sums[j] : 0) + sum over rows of x[row, j]; the order depends on `rows`
// and `columns` only.
void ColumnSums(const float* x, int64_t rows, int64_t columns, int64_t ldx, bool accumulate,
                float* sums, Isa isa);

enum class GemmChoice { kVector, kOneDnnMatmul, kOneDnnInnerProduct };

// What computes a product fastest on plain row-major operands, by shape and instruction set only:
// never by timing, and for a layer's forward product not by m either, so that a prediction does
// not depend on the batch it came in. oneDNN's inner product cannot express a leading dimension
// and is nowhere worth a third way.
//
// Measured on one core of a Zen 5 (peak 240 GFLOP/s with AVX-512, 120 with AVX2) against oneDNN
// 2.6.3 in the same process, best of 40, microseconds. "cold": six sets of operands in turn, so
// that weights come from beyond the second-level cache.
//
//                                            AVX-512                      AVX2
//   product          m     n     k     ours  matmul  inner      ours  matmul  inner
//   forward          1    16    16     0.02    0.23   0.32      0.02    0.39   0.31
//   forward         32    10    30     0.20    0.40   0.92      0.38    1.48   1.40
//   forward         64   256   784      111     111    114       222     223    222
//   forward        256   256   784      447     444    452       920     898    892
//   forward         64   512   512      145     162    148       316     340    337
//   forward, cold   64  1024  1024      728     963    728      1616    2066      -
//   forward, cold  256  1024  1024     2616    3263   2801         -       -      -
//   data            32    10    10     0.10    0.29   0.55      0.26    0.82   0.80
//   data            64   256   128     19.3    20.0   20.5      37.8    38.0   38.3
//   data           256   256   128     72.2    71.9   79.7       142     146    146
//   data            64   512   512      174     165    188       315     300    302
//   data, cold      64  1024  1024      954     828   1012      1809    1623   1620
//   weights         10    10    32     0.07    0.29   0.50      0.15    0.71   0.63
//   weights        784   256    64      109     116    113       221     236    230
//   weights        784   256   256      436     475    456       887     905    903
//   weights        512   512    64      145     151    158       295     409    409
//   weights, cold 1024  1024    64      663     753    683      1542    1250   1235
//
// So: ours, but the data gradient from weights of 1024 x 1024 on goes to matmul.
GemmChoice ChooseGemm(const GemmShape& shape, Isa isa);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_VECTOR_GEMM_H_
