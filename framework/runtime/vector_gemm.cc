// See the header for the contract and vector_gemm_kernels.h for the loops; here stand the three
// instruction sets, the choice of what to copy, and the edge cases.

#include "gradus/runtime/vector_gemm.h"

#include <immintrin.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <utility>

namespace gradus {
namespace {

// A block of B is read again for every block of rows and should stay in the second-level cache: 512
// KiB.
constexpr int64_t kDepthBlock = 256;
constexpr int64_t kColumnBlock = 512;
constexpr int64_t kMostTileRows = 12;
constexpr int64_t kMostLanes = 16;
// From this k on single columns, and very few rows against a transposed B, are computed as dot
// products.
constexpr int64_t kShortestDot = 32;
constexpr int64_t kMostDotRows = 2;

// A transposed B must be turned over. Otherwise copying pays only where rows of B lie so far apart
// that they compete for the same cache sets, and only on AVX2 and below: with AVX-512 a tile reads
// two whole cache lines of each row, and unpacked panels measured faster at every size up to 2048.
bool PacksB(const GemmShape& shape, int64_t ldb, Isa isa) {
  return shape.transpose_b || (isa != Isa::kAvx512 && ldb >= 512 && shape.m >= 48);
}
bool PacksA(const GemmShape& shape, int64_t lda, Isa isa) {
  return shape.transpose_a && isa != Isa::kAvx512 && lda >= 1024 && shape.n >= 256;
}

// A B of this many floats does not stay in the second-level cache from one use to the next. The
// hardware does not foresee a tile's walk over its rows, so that what comes next is asked for.
constexpr int64_t kMemoryWeights = 256 * 1024;
constexpr int kLineFloats = 16;
inline void Prefetch(const float* p) { __builtin_prefetch(p, 0, 2); }

#define GRADUS_GEMM_LANES static inline __attribute__((always_inline)) GRADUS_GEMM_TARGET

namespace baseline {
#define GRADUS_GEMM_TARGET
constexpr Isa kIsa = Isa::kBaseline;
constexpr int kTileRows = 5;
constexpr int kWideRows = 1;

struct Vec {
  static constexpr int kLanes = 4;
  using Mask = int;
  __m128 v;
  GRADUS_GEMM_LANES Mask MaskOf(int lanes) { return lanes; }
  GRADUS_GEMM_LANES Vec Zero() { return {_mm_setzero_ps()}; }
  GRADUS_GEMM_LANES Vec Load(const float* p) { return {_mm_loadu_ps(p)}; }
  GRADUS_GEMM_LANES void Store(float* p, Vec x) { _mm_storeu_ps(p, x.v); }
  GRADUS_GEMM_LANES Vec LoadPartial(const float* p, Mask lanes) {
    if (lanes == 1) return {_mm_load_ss(p)};
    const __m128 pair = _mm_loadl_pi(_mm_setzero_ps(), reinterpret_cast<const __m64*>(p));
    return {lanes == 2 ? pair : _mm_movelh_ps(pair, _mm_load_ss(p + 2))};
  }
  GRADUS_GEMM_LANES void StorePartial(float* p, Mask lanes, Vec x) {
    if (lanes != 1) _mm_storel_pi(reinterpret_cast<__m64*>(p), x.v);
    if (lanes != 2) _mm_store_ss(p + lanes - 1, lanes == 1 ? x.v : _mm_movehl_ps(x.v, x.v));
  }
  GRADUS_GEMM_LANES Vec Broadcast(const float* p) { return {_mm_set1_ps(*p)}; }
  GRADUS_GEMM_LANES Vec MultiplyAdd(Vec a, Vec b, Vec c) {
    return {_mm_add_ps(c.v, _mm_mul_ps(a.v, b.v))};
  }
  GRADUS_GEMM_LANES Vec Add(Vec a, Vec b) { return {_mm_add_ps(a.v, b.v)}; }
  GRADUS_GEMM_LANES float Sum(Vec x) {
    const __m128 pairs = _mm_add_ps(x.v, _mm_movehl_ps(x.v, x.v));
    return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps(pairs, pairs, 1)));
  }
  GRADUS_GEMM_LANES Vec Relu(Vec a) { return {_mm_max_ps(_mm_setzero_ps(), a.v)}; }
  // Writes the transpose of a block of `rows` x `columns`: `columns` vectors, zero beyond `rows`.
  static inline void Transpose(const float* in, int64_t ldi, int rows, int columns, float* out,
                               int64_t ldo) {
    __m128 r[4];
    for (int i = 0; i < 4; ++i) {
      r[i] = i >= rows      ? _mm_setzero_ps()
             : columns == 4 ? Load(in + i * ldi).v
                            : LoadPartial(in + i * ldi, columns).v;
    }
    _MM_TRANSPOSE4_PS(r[0], r[1], r[2], r[3]);
    for (int i = 0; i < columns; ++i) _mm_storeu_ps(out + i * ldo, r[i]);
  }
};
#include "gradus/runtime/vector_gemm_kernels.h"
#undef GRADUS_GEMM_TARGET
}  // namespace baseline

namespace avx2 {
#define GRADUS_GEMM_TARGET __attribute__((target("arch=x86-64-v3")))
constexpr Isa kIsa = Isa::kAvx2;
constexpr int kTileRows = 6;
constexpr int kWideRows = 1;

alignas(32) constexpr int32_t kMaskLanes[16] = {-1, -1, -1, -1, -1, -1, -1, -1,
                                                0,  0,  0,  0,  0,  0,  0,  0};

struct Vec {
  static constexpr int kLanes = 8;
  struct Mask {
    __m256i lanes;
    int count;
  };
  __m256 v;
  GRADUS_GEMM_LANES Mask MaskOf(int lanes) {
    return {_mm256_loadu_si256(reinterpret_cast<const __m256i*>(kMaskLanes + 8 - lanes)), lanes};
  }
  GRADUS_GEMM_LANES Vec Zero() { return {_mm256_setzero_ps()}; }
  GRADUS_GEMM_LANES Vec Load(const float* p) { return {_mm256_loadu_ps(p)}; }
  GRADUS_GEMM_LANES void Store(float* p, Vec x) { _mm256_storeu_ps(p, x.v); }
  GRADUS_GEMM_LANES Vec LoadPartial(const float* p, const Mask& m) {
    return {_mm256_maskload_ps(p, m.lanes)};
  }
  // Masked stores are microcoded on many processors; three plain ones are not.
  GRADUS_GEMM_LANES void StorePartial(float* p, const Mask& m, Vec x) {
    __m128 part = _mm256_castps256_ps128(x.v);
    if (m.count & 4) {
      _mm_storeu_ps(p, part);
      part = _mm256_extractf128_ps(x.v, 1);
      p += 4;
    }
    if (m.count & 2) {
      _mm_storel_pi(reinterpret_cast<__m64*>(p), part);
      part = _mm_movehl_ps(part, part);
      p += 2;
    }
    if (m.count & 1) _mm_store_ss(p, part);
  }
  GRADUS_GEMM_LANES Vec Broadcast(const float* p) { return {_mm256_broadcast_ss(p)}; }
  GRADUS_GEMM_LANES Vec MultiplyAdd(Vec a, Vec b, Vec c) {
    return {_mm256_fmadd_ps(a.v, b.v, c.v)};
  }
  GRADUS_GEMM_LANES Vec Add(Vec a, Vec b) { return {_mm256_add_ps(a.v, b.v)}; }
  GRADUS_GEMM_LANES float Sum(Vec x) {
    const __m128 four = _mm_add_ps(_mm256_castps256_ps128(x.v), _mm256_extractf128_ps(x.v, 1));
    const __m128 pairs = _mm_add_ps(four, _mm_movehl_ps(four, four));
    return _mm_cvtss_f32(_mm_add_ss(pairs, _mm_shuffle_ps(pairs, pairs, 1)));
  }
  GRADUS_GEMM_LANES Vec Relu(Vec a) { return {_mm256_max_ps(_mm256_setzero_ps(), a.v)}; }
  GRADUS_GEMM_TARGET static inline void Transpose(const float* in, int64_t ldi, int rows,
                                                  int columns, float* out, int64_t ldo) {
    const Mask mask = MaskOf(columns);
    __m256 r[8], s[8];
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i)
      r[i] = i < rows ? _mm256_maskload_ps(in + i * ldi, mask.lanes) : _mm256_setzero_ps();
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += 2) {
      s[i] = _mm256_unpacklo_ps(r[i], r[i + 1]);
      s[i + 1] = _mm256_unpackhi_ps(r[i], r[i + 1]);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; i += 4) {
      r[i] = _mm256_shuffle_ps(s[i], s[i + 2], 0x44);
      r[i + 1] = _mm256_shuffle_ps(s[i], s[i + 2], 0xee);
      r[i + 2] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0x44);
      r[i + 3] = _mm256_shuffle_ps(s[i + 1], s[i + 3], 0xee);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 4; ++i) {
      s[i] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x20);
      s[i + 4] = _mm256_permute2f128_ps(r[i], r[i + 4], 0x31);
    }
#pragma GCC unroll 8
    for (int i = 0; i < 8; ++i) {
      if (i < columns) _mm256_storeu_ps(out + i * ldo, s[i]);
    }
  }
};
#include "gradus/runtime/vector_gemm_kernels.h"
#undef GRADUS_GEMM_TARGET
}  // namespace avx2

namespace avx512 {
#define GRADUS_GEMM_TARGET __attribute__((target("arch=x86-64-v4")))
constexpr Isa kIsa = Isa::kAvx512;
constexpr int kTileRows = 12;
constexpr int kWideRows = 3;

struct Vec {
  static constexpr int kLanes = 16;
  using Mask = __mmask16;
  __m512 v;
  GRADUS_GEMM_LANES Mask MaskOf(int lanes) { return static_cast<Mask>((1u << lanes) - 1); }
  GRADUS_GEMM_LANES Vec Zero() { return {_mm512_setzero_ps()}; }
  GRADUS_GEMM_LANES Vec Load(const float* p) { return {_mm512_loadu_ps(p)}; }
  GRADUS_GEMM_LANES void Store(float* p, Vec x) { _mm512_storeu_ps(p, x.v); }
  GRADUS_GEMM_LANES Vec LoadPartial(const float* p, Mask m) {
    return {_mm512_maskz_loadu_ps(m, p)};
  }
  GRADUS_GEMM_LANES void StorePartial(float* p, Mask m, Vec x) { _mm512_mask_storeu_ps(p, m, x.v); }
  GRADUS_GEMM_LANES Vec Broadcast(const float* p) { return {_mm512_set1_ps(*p)}; }
  GRADUS_GEMM_LANES Vec MultiplyAdd(Vec a, Vec b, Vec c) {
    return {_mm512_fmadd_ps(a.v, b.v, c.v)};
  }
  GRADUS_GEMM_LANES Vec Add(Vec a, Vec b) { return {_mm512_add_ps(a.v, b.v)}; }
  GRADUS_GEMM_LANES float Sum(Vec x) { return _mm512_reduce_add_ps(x.v); }
  GRADUS_GEMM_LANES Vec Relu(Vec a) {
    return {_mm512_maskz_max_ps(kAll, _mm512_setzero_ps(), a.v)};
  }
  GRADUS_GEMM_TARGET static inline void Transpose(const float* in, int64_t ldi, int rows,
                                                  int columns, float* out, int64_t ldo) {
    const Mask mask = MaskOf(columns);
    __m512 r[16], s[16];
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i)
      r[i] = i < rows ? _mm512_maskz_loadu_ps(mask, in + i * ldi) : _mm512_setzero_ps();
#pragma GCC unroll 16
    for (int i = 0; i < 16; i += 2) {
      s[i] = _mm512_maskz_unpacklo_ps(kAll, r[i], r[i + 1]);
      s[i + 1] = _mm512_maskz_unpackhi_ps(kAll, r[i], r[i + 1]);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; i += 4) {
      r[i] = _mm512_maskz_shuffle_ps(kAll, s[i], s[i + 2], 0x44);
      r[i + 1] = _mm512_maskz_shuffle_ps(kAll, s[i], s[i + 2], 0xee);
      r[i + 2] = _mm512_maskz_shuffle_ps(kAll, s[i + 1], s[i + 3], 0x44);
      r[i + 3] = _mm512_maskz_shuffle_ps(kAll, s[i + 1], s[i + 3], 0xee);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 4; ++i) {
      s[i] = _mm512_maskz_shuffle_f32x4(kAll, r[i], r[i + 4], 0x88);
      s[i + 4] = _mm512_maskz_shuffle_f32x4(kAll, r[i], r[i + 4], 0xdd);
      s[i + 8] = _mm512_maskz_shuffle_f32x4(kAll, r[i + 8], r[i + 12], 0x88);
      s[i + 12] = _mm512_maskz_shuffle_f32x4(kAll, r[i + 8], r[i + 12], 0xdd);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 8; ++i) {
      r[i] = _mm512_maskz_shuffle_f32x4(kAll, s[i], s[i + 8], 0x88);
      r[i + 8] = _mm512_maskz_shuffle_f32x4(kAll, s[i], s[i + 8], 0xdd);
    }
#pragma GCC unroll 16
    for (int i = 0; i < 16; ++i) {
      if (i < columns) _mm512_storeu_ps(out + i * ldo, r[i]);
    }
  }
  // GCC 12 warns about the undefined operand inside the unmasked forms; a full mask costs nothing.
  static constexpr Mask kAll = 0xffff;
};
#include "gradus/runtime/vector_gemm_kernels.h"
#undef GRADUS_GEMM_TARGET
}  // namespace avx512

bool UsesDots(const GemmShape& shape) {
  if (shape.transpose_a || shape.k < kShortestDot) return false;
  return shape.n == 1 || (shape.transpose_b && shape.m <= kMostDotRows);
}

void EmptyProduct(const GemmShape& shape, const GemmArguments& x) {
  for (int64_t i = 0; i < shape.m; ++i) {
    float* c = x.c + i * x.ldc;
    for (int64_t j = 0; j < shape.n; ++j) {
      float value = x.accumulate ? c[j] : 0;
      if (x.bias != nullptr) value += x.bias[j];
      c[j] = x.relu && value < 0 ? 0 : value;
    }
  }
  if (x.finish != nullptr) x.finish(x.finish_context, 0, shape.m, 0, shape.n);
}

void Dispatch(const GemmShape& shape, const GemmArguments& x, Isa isa) {
  switch (isa) {
    case Isa::kAvx512:
      return avx512::RunGemm(shape, x);
    case Isa::kAvx2:
      return avx2::RunGemm(shape, x);
    case Isa::kBaseline:
      return baseline::RunGemm(shape, x);
  }
}

void Dots(const GemmShape& shape, const GemmArguments& x, Isa isa) {
  const float* b = x.b;
  if (!shape.transpose_b && x.ldb != 1) {
    for (int64_t p = 0; p < shape.k; ++p) x.scratch[p] = x.b[p * x.ldb];
    b = x.scratch;
  }
  switch (isa) {
    case Isa::kAvx512:
      return avx512::RunDots(shape, x, b, x.ldb);
    case Isa::kAvx2:
      return avx2::RunDots(shape, x, b, x.ldb);
    case Isa::kBaseline:
      return baseline::RunDots(shape, x, b, x.ldb);
  }
}

}  // namespace

int64_t VectorGemmScratch(const GemmShape& shape) {
  if (UsesDots(shape)) return shape.transpose_b ? 0 : shape.k;
  // Leading dimensions are not known here, hence both copies where either may be made.
  const int64_t depth = std::min(shape.k, kDepthBlock);
  const int64_t width =
      (std::min(shape.n, kColumnBlock) + kMostLanes - 1) / kMostLanes * kMostLanes;
  const bool b = shape.transpose_b || shape.m >= 48;
  const bool a = shape.transpose_a && shape.n >= 256;
  return (b ? depth * width : 0) + (a ? kMostTileRows * kDepthBlock : 0);
}

void VectorGemm(const GemmShape& shape, const GemmArguments& x, Isa isa) {
  if (shape.m == 0 || shape.n == 0) return;
  if (shape.k == 0) return EmptyProduct(shape, x);
  if (UsesDots(shape)) return Dots(shape, x, isa);
  if (shape.n == 1 && shape.transpose_a && x.ldc == 1 && x.bias == nullptr && x.finish == nullptr) {
    // A single contiguous column is computed as a row, C^T = B^T A, with all lanes at work and the
    // same bits.
    GemmArguments turned = x;
    turned.a = x.b;
    turned.lda = shape.transpose_b ? shape.k : x.ldb;
    turned.b = x.a;
    turned.ldb = x.lda;
    turned.ldc = shape.m;
    return Dispatch({1, shape.m, shape.k, !shape.transpose_b, false}, turned, isa);
  }
  Dispatch(shape, x, isa);
}

void ColumnSums(const float* x, int64_t rows, int64_t columns, int64_t ldx, bool accumulate,
                float* sums, Isa isa) {
  switch (isa) {
    case Isa::kAvx512:
      return avx512::RunColumnSums(x, rows, columns, ldx, accumulate, sums);
    case Isa::kAvx2:
      return avx2::RunColumnSums(x, rows, columns, ldx, accumulate, sums);
    case Isa::kBaseline:
      return baseline::RunColumnSums(x, rows, columns, ldx, accumulate, sums);
  }
}

// The table behind this stands in the header.
GemmChoice ChooseGemm(const GemmShape& shape, Isa isa) {
  constexpr int64_t kLargeWeights = 1024 * 1024;
  const bool empty = shape.m == 0 || shape.n == 0 || shape.k == 0;
  const bool data_gradient = shape.transpose_b && !shape.transpose_a && shape.m > kMostDotRows;
  if (empty || !data_gradient || isa == Isa::kBaseline) return GemmChoice::kVector;
  const bool large = shape.k >= kLargeWeights / shape.n;
  return large ? GemmChoice::kOneDnnMatmul : GemmChoice::kVector;
}

}  // namespace gradus
