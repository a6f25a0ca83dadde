#ifndef X
#define X
#include <cstdint>
#if __has_include("gradus/base/isa.h")
#include "gradus/base/isa.h"
#else
namespace gradus { enum class Isa { kBaseline, kAvx2, kAvx512 }; Isa CurrentIsa(); }
#endif
namespace gradus {
struct GemmShape {
  int64_t m = 0, n = 0, k = 0;
  bool transpose_a = false;  // A is stored as [k, m]
  bool transpose_b = false;  // B is stored as [n, k]
};
struct GemmArguments {
  const float* a; int64_t lda;
  const float* b; int64_t ldb;
  float* c; int64_t ldc;
  const float* bias = nullptr;
  bool accumulate = false;
  bool relu = false;
  void (*finish)(void* context, int64_t row, int64_t rows, int64_t column, int64_t columns) = nullptr;
  void* finish_context = nullptr;
  float* scratch = nullptr;
};
int64_t VectorGemmScratch(const GemmShape& shape, Isa isa);
void VectorGemm(const GemmShape& shape, const GemmArguments& arguments, Isa isa);
void ColumnSums(const float* x, int64_t rows, int64_t columns, int64_t ldx, bool accumulate, float* sums, Isa isa);
}
#endif
