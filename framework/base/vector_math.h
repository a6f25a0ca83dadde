// Transcendental functions for loops: float in, float out, no branch and no table, so that GCC turns a loop over them into vector code
// for each instruction set (isa.h). Only +, -, *, / and bit operations: every instruction set gives the same bits.
//
//   for (int64_t i = 0; i < n; ++i) y[i] = vector_math::Exp(x[i]);
//
// NaN gives NaN, infinities give the limits, subnormal arguments and results are right. Largest error in units in the last place (ulp) of
// the result over all floats, held by tests/base/vector_math_test.cc:
//
//   Exp 1.1   Log 1   Expm1 2   Log1pUnit 2   Tanh 1.5   Sigmoid 2.5   Softplus 3   NormalCdf 4.5   Power 0.505
//
// Exp, Expm1: Cody & Waite's reduction x = n ln 2 + r. Log: s = f / (2 + f) and the coefficients of fdlibm (Sun Microsystems, 1993). The other
// polynomials are least-maximum fits of the relative error (Lawson's iteration), rounded to float. Power is computed in double, from the
// series of atanh and e^x; AVX2 and AVX-512 have vectors of what it needs, the baseline has not.

#ifndef GRADUS_BASE_VECTOR_MATH_H_
#define GRADUS_BASE_VECTOR_MATH_H_

#include <cstdint>
#include <cstring>
#include <limits>

#include "gradus/base/isa.h"

namespace gradus {
namespace vector_math {

GRADUS_INLINE int32_t Bits(float x) {
  int32_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}

GRADUS_INLINE float FromBits(int32_t bits) {
  float x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}

// condition ? a : b with both sides computed. A plain ?: lets the compiler move the work for one side behind a branch, which ends
// vectorisation.
GRADUS_INLINE float Select(bool condition, float a, float b) {
  const int32_t mask = -static_cast<int32_t>(condition);
  return FromBits((Bits(a) & mask) | (Bits(b) & ~mask));
}

GRADUS_INLINE float Magnitude(float x) { return FromBits(Bits(x) & 0x7fffffff); }
GRADUS_INLINE float CopySign(float magnitude, float sign) {
  return FromBits((Bits(magnitude) & 0x7fffffff) | (Bits(sign) & static_cast<int32_t>(0x80000000)));
}

namespace internal {

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

// 2^n for -126 <= n <= 127.
GRADUS_INLINE float PowerOfTwo(int32_t n) {
  return FromBits(static_cast<int32_t>(static_cast<uint32_t>(n + 127) << 23));
}

// x = n ln 2 + r with |r| <= 0.35, for |x| < 1000; and expm1(r).
struct Reduced {
  int32_t n;
  float expm1;
};
GRADUS_INLINE Reduced Reduce(float x) {
  // Adding 1.5 * 2^23 rounds to a whole number, which then stands in the low bits.
  constexpr float kRound = 12582912.0f;
  const float shifted = x * 1.44269504f + kRound;
  const float n = shifted - kRound;
  // ln 2 in two parts; n times the first is exact.
  const float high = x - n * 0.693359375f;
  const float low = n * -2.12194440e-4f;
  const float r = high - low;
  float q = 0x1.6bebf2p-10f;
  q = q * r + 0x1.1227f6p-7f;
  q = q * r + 0x1.555674p-5f;
  q = q * r + 0x1.5554bp-3f;
  q = q * r + 0x1.fffffep-2f;
  return {static_cast<int32_t>(static_cast<uint32_t>(Bits(shifted)) - static_cast<uint32_t>(Bits(kRound))),
          r * r * q + r};
}

// x limited to [low, high]; NaN stays.
GRADUS_INLINE float Limit(float x, float low, float high) {
  return Select(x > high, high, Select(x < low, low, x));
}

}  // namespace internal

// e^x.
GRADUS_INLINE float Exp(float x) {
  const internal::Reduced r = internal::Reduce(internal::Limit(x, -104.0f, 89.0f));
  // In two steps, because 2^n alone may not be a float. The first product is exact.
  const int32_t half = r.n >> 1;
  return (1.0f + r.expm1) * internal::PowerOfTwo(half) * internal::PowerOfTwo(r.n - half);
}

// e^x - 1.
GRADUS_INLINE float Expm1(float x) {
  const internal::Reduced r = internal::Reduce(internal::Limit(x, -30.0f, 89.0f));
  const float half = internal::PowerOfTwo(r.n - 1);
  const float result = 2.0f * (half * r.expm1 + (half - 0.5f));
  return Select(Magnitude(x) < 0x1p-25f, x, result);  // Also keeps -0 and subnormals.
}

// Natural logarithm; -infinity at 0, NaN below.
GRADUS_INLINE float Log(float x) {
  const bool subnormal = x < 0x1p-126f;
  const float normal = Select(subnormal, x * 0x1p25f, x);
  // x = 2^k m with sqrt(1/2) <= m < sqrt(2).
  const int32_t shifted = static_cast<int32_t>(static_cast<uint32_t>(Bits(normal)) - 0x3f3504f3u);
  const float k = static_cast<float>((shifted >> 23) - (-static_cast<int32_t>(subnormal) & 25));
  const float f = FromBits((shifted & 0x7fffff) + 0x3f3504f3) - 1.0f;
  const float s = f / (2.0f + f);
  const float z = s * s;
  const float w = z * z;
  const float r = z * (0.66666662693f + w * 0.28498786688f) + w * (0.40000972152f + w * 0.24279078841f);
  const float half_square = 0.5f * f * f;
  const float result =
      k * 0.69313812256f - ((half_square - (s * (half_square + r) + k * 9.0580006145e-6f)) - f);
  // Infinity and NaN are their own logarithms.
  const float finite = Select(x > 0.0f, result, Select(x == 0.0f, -internal::kInfinity, internal::kNaN));
  return Select(x < internal::kInfinity, finite, x);
}

// log(1 + x) for 0 <= x <= 1: 2 atanh(x / (2 + x)).
GRADUS_INLINE float Log1pUnit(float x) {
  const float s = x / (2.0f + x);
  const float z = s * s;
  float p = 0x1.be4eecp-4f;
  p = p * z + 0x1.5f301ep-4f;
  p = p * z + 0x1.c8bc18p-4f;
  p = p * z + 0x1.248a56p-3f;
  p = p * z + 0x1.9999bep-3f;
  p = p * z + 0x1.555556p-2f;
  const float twice = s + s;
  return twice * z * p + twice;
}

// Hyperbolic tangent: an odd polynomial near 0, 1 - 2 / (e^2|x| + 1) elsewhere.
GRADUS_INLINE float Tanh(float x) {
  const float magnitude = Magnitude(x);
  const float z = x * x;
  float p = -0x1.75e1cap-8f;
  p = p * z + 0x1.52269ap-6f;
  p = p * z + -0x1.b83c5ap-5f;
  p = p * z + 0x1.110726p-3f;
  p = p * z + -0x1.555532p-2f;
  const float near = x * z * p + x;
  const float far = 1.0f - 2.0f / (Exp(magnitude + magnitude) + 1.0f);
  return CopySign(Select(magnitude < 0.625f, near, far), x);  // Also keeps -0.
}

// 1 / (1 + e^-x), without loss for large negative x.
GRADUS_INLINE float Sigmoid(float x) {
  const float e = Exp(-Magnitude(x));
  const int32_t negative = Bits(x) >> 31;
  return FromBits((Bits(e) & negative) | (Bits(1.0f) & ~negative)) / (1.0f + e);
}

// log(1 + e^x).
GRADUS_INLINE float Softplus(float x) {
  const float above = Select(x < 0.0f, 0.0f, x);  // NaN stays.
  return above + Log1pUnit(Exp(-Magnitude(x)));
}

// The normal distribution: Phi(x), also in the lower tail, and sqrt(2 pi) phi(x) = e^(-x^2/2).
struct Normal {
  float cdf;
  float bell;
};
GRADUS_INLINE Normal NormalOf(float x) {
  const float a = internal::Limit(Magnitude(x), 0.0f, 15.0f);
  // e^(-a^2/2) with the rounding error of the square put back: at a = 10 it would cost 2e-6.
  const float square = a * a;
  const float high = FromBits(Bits(a) & static_cast<int32_t>(0xfffff000));
  const float low = a - high;
  const float error = ((high * high - square) + 2.0f * high * low) + low * low;
  const float e = Exp(-0.5f * square);
  const float bell = e - e * (0.5f * error);
  // erfc(z) = e^(-z^2) g(z) / (1 + z), z = a / sqrt 2; g is a polynomial in (z - 2) / (z + 2).
  const float z = a * 0.707106781f;
  const float u = (z - 2.0f) / (z + 2.0f);
  float g = -0x1.383acep-13f;
  g = g * u + -0x1.330ca6p-11f;
  g = g * u + 0x1.9b2356p-13f;
  g = g * u + 0x1.fe014ap-9f;
  g = g * u + -0x1.1c1ae8p-11f;
  g = g * u + -0x1.9d75cap-6f;
  g = g * u + 0x1.5c7c9ep-5f;
  g = g * u + 0x1.35c45cp-5f;
  g = g * u + -0x1.0a36e2p-2f;
  g = g * u + 0x1.8849aap-1f;
  const float tail = 0.5f * bell * (g / (1.0f + z));
  return {Select(x > 0.0f, 1.0f - tail, tail), bell};
}
GRADUS_INLINE float NormalCdf(float x) { return NormalOf(x).cdf; }

namespace internal {

GRADUS_INLINE int64_t LongBits(double x) {
  int64_t bits;
  std::memcpy(&bits, &x, sizeof(bits));
  return bits;
}
GRADUS_INLINE double FromLongBits(uint64_t bits) {
  double x;
  std::memcpy(&x, &bits, sizeof(x));
  return x;
}
GRADUS_INLINE double SelectLong(bool condition, double a, double b) {
  const int64_t mask = -static_cast<int64_t>(condition);
  return FromLongBits(static_cast<uint64_t>((LongBits(a) & mask) | (LongBits(b) & ~mask)));
}

}  // namespace internal

// x^p for x >= 0 and 0 <= p <= 4.
GRADUS_INLINE float Power(float x, float p) {
  // x = 2^k m with sqrt(1/2) <= m < sqrt(2). A double holds subnormal floats as normal numbers.
  constexpr uint64_t kRoot = 0x3fe6a09e00000000;
  const uint64_t shifted = static_cast<uint64_t>(internal::LongBits(static_cast<double>(x))) - kRoot;
  const double m = internal::FromLongBits((shifted & 0xfffffffffffff) + kRoot);
  // k + 2048 in the low bits of 2^52.
  const uint64_t k = (shifted + (uint64_t{2048} << 52)) >> 52;
  const double whole = internal::FromLongBits(k | 0x4330000000000000) - (0x1p52 + 2048);
  // log2(m) = 2 atanh(s) / ln 2, |s| < 0.172: what is left out is below 2e-12 of it.
  const double s = (m - 1) / (m + 1), z = s * s;
  double q = 1.0 / 13;
  q = q * z + 1.0 / 11;
  q = q * z + 1.0 / 9;
  q = q * z + 1.0 / 7;
  q = q * z + 1.0 / 5;
  q = q * z + 1.0 / 3;
  q = q * z + 1.0;
  double y = static_cast<double>(p) * (whole + 2.8853900817779268 * (s * q));
  y = internal::SelectLong(y < -1000, -1000.0, y);
  y = internal::SelectLong(y > 1000, 1000.0, y);
  // 2^y = 2^n e^r, |r| < 0.347: what is left out is below 3e-10 of it.
  constexpr double kRound = 0x1.8p52;
  const double n = y + kRound;
  const double r = (y - (n - kRound)) * 0.69314718055994531;
  double e = 1.0 / 40320;
  e = e * r + 1.0 / 5040;
  e = e * r + 1.0 / 720;
  e = e * r + 1.0 / 120;
  e = e * r + 1.0 / 24;
  e = e * r + 1.0 / 6;
  e = e * r + 0.5;
  e = e * r + 1.0;
  e = e * r + 1.0;
  const double scale =
      internal::FromLongBits((static_cast<uint64_t>(internal::LongBits(n)) + 1023) << 52);
  const float power = static_cast<float>(e * scale);
  // 0, infinity and NaN stay, but for p = 0.
  const bool plain = (x > 0.0f) & (x <= std::numeric_limits<float>::max());
  return Select(plain, power, Select(p == 0.0f, 1.0f, x));
}

}  // namespace vector_math
}  // namespace gradus

#endif  // GRADUS_BASE_VECTOR_MATH_H_
