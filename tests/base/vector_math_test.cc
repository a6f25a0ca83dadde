// The stated accuracy of vector_math.h against the C library in double, over a stride through all
// floats; special arguments; the same bits on every instruction set.

#include "gradus/base/vector_math.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

namespace gradus {
namespace {

constexpr float kInfinity = std::numeric_limits<float>::infinity();

#define GRADUS_TEST_LOOP(Loop, function)                                  \
  struct Loop {                                                           \
    template <Isa>                                                        \
    GRADUS_INLINE static void Run(const float* x, float* y, int64_t n) {  \
      for (int64_t i = 0; i < n; ++i) y[i] = vector_math::function(x[i]); \
    }                                                                     \
  }
GRADUS_TEST_LOOP(ExpLoop, Exp);
GRADUS_TEST_LOOP(Expm1Loop, Expm1);
GRADUS_TEST_LOOP(LogLoop, Log);
GRADUS_TEST_LOOP(Log1pUnitLoop, Log1pUnit);
GRADUS_TEST_LOOP(TanhLoop, Tanh);
GRADUS_TEST_LOOP(SigmoidLoop, Sigmoid);
GRADUS_TEST_LOOP(SoftplusLoop, Softplus);
GRADUS_TEST_LOOP(NormalCdfLoop, NormalCdf);

// x to the power of quarters / 4.
template <int quarters>
struct PowerLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const float* x, float* y, int64_t n) {
    for (int64_t i = 0; i < n; ++i) y[i] = vector_math::Power(x[i], 0.25f * quarters);
  }
};

double Logistic(double x) {
  return x < 0 ? std::exp(x) / (1 + std::exp(x)) : 1 / (1 + std::exp(-x));
}
double SoftplusOf(double x) { return (x > 0 ? x : 0) + std::log1p(std::exp(-std::abs(x))); }
double CdfOf(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

// Every 1009th bit pattern: all exponents and both signs, NaNs of many kinds, about 4 million
// numbers; and the special ones.
std::vector<float> AllKinds(float low, float high) {
  std::vector<float> numbers;
  const auto add = [&](float x) {
    if (std::isnan(x) || (x >= low && x <= high)) numbers.push_back(x);
  };
  for (uint64_t bits = 0; bits <= 0xffffffffu; bits += 1009) {
    const auto pattern = static_cast<uint32_t>(bits);
    float x;
    std::memcpy(&x, &pattern, sizeof(x));
    add(x);
  }
  for (float x : {0.0f, -0.0f, 1.0f, -1.0f, kInfinity, -kInfinity, 0x1p-149f, -0x1p-149f, 0x1p-126f,
                  std::numeric_limits<float>::max(), std::numeric_limits<float>::lowest(),
                  88.72283f, 88.72284f, -87.33655f, -103.97208f, -103.97209f}) {
    add(x);
  }
  return numbers;
}

// The largest error in units in the last place of the right result rounded to float (subnormal: of
// 2^-149).
template <class Loop>
void ExpectWithin(double ulps, double (*right)(double), float low = -kInfinity,
                  float high = kInfinity) {
  const std::vector<float> x = AllKinds(low, high);
  std::vector<float> y(x.size());
  ForIsa<Loop>(x.data(), y.data(), static_cast<int64_t>(x.size()));
  double worst = 0;
  float at = 0;
  for (size_t i = 0; i < x.size(); ++i) {
    const double want = right(x[i]);
    const float rounded = static_cast<float>(want);
    if (std::isnan(want) || std::isinf(rounded) || std::isinf(y[i])) {
      ASSERT_TRUE(std::isnan(want) ? std::isnan(y[i]) : y[i] == rounded)
          << "f(" << x[i] << ") = " << y[i] << ", not " << rounded;
      continue;
    }
    const float magnitude = std::abs(rounded);
    const double ulp = static_cast<double>(std::nextafter(magnitude, kInfinity)) - magnitude;
    const double error = std::abs(y[i] - want) / ulp;
    if (!(error <= worst)) {
      worst = error;
      at = x[i];
    }
  }
  EXPECT_LE(worst, ulps) << "at " << at;
}

TEST(VectorMath, ExpIsWithinOnePointOneUlps) { ExpectWithin<ExpLoop>(1.1, std::exp); }
TEST(VectorMath, Expm1IsWithinTwoUlps) { ExpectWithin<Expm1Loop>(2, std::expm1); }
TEST(VectorMath, LogIsWithinOneUlp) { ExpectWithin<LogLoop>(1, std::log); }
TEST(VectorMath, Log1pUnitIsWithinTwoUlps) { ExpectWithin<Log1pUnitLoop>(2, std::log1p, 0, 1); }
TEST(VectorMath, TanhIsWithinOneAndAHalfUlps) { ExpectWithin<TanhLoop>(1.5, std::tanh); }
TEST(VectorMath, SigmoidIsWithinTwoAndAHalfUlps) { ExpectWithin<SigmoidLoop>(2.5, Logistic); }
TEST(VectorMath, SoftplusIsWithinThreeUlps) { ExpectWithin<SoftplusLoop>(3, SoftplusOf); }
TEST(VectorMath, NormalCdfIsWithinFourAndAHalfUlps) { ExpectWithin<NormalCdfLoop>(4.5, CdfOf); }

TEST(VectorMath, OddFunctionsKeepTheSignOfZero) {
  for (float (*f)(float) : {+[](float x) { return vector_math::Tanh(x); },
                            +[](float x) { return vector_math::Expm1(x); }}) {
    EXPECT_FALSE(std::signbit(f(0.0f)));
    EXPECT_TRUE(std::signbit(f(-0.0f)));
  }
}

template <class Loop>
void ExpectSameBitsEverywhere(float low = -kInfinity, float high = kInfinity) {
  const std::vector<float> x = AllKinds(low, high);
  const auto n = static_cast<int64_t>(x.size());
  std::vector<float> baseline(x.size()), wide(x.size());
  const auto compare = [&](const char* which) {
    for (size_t i = 0; i < x.size(); ++i) {
      if (std::isnan(baseline[i]) && std::isnan(wide[i])) continue;  // Any NaN will do.
      ASSERT_EQ(vector_math::Bits(baseline[i]), vector_math::Bits(wide[i])) << which << " " << x[i];
    }
  };
  internal::RunBaseline<Loop>(x.data(), baseline.data(), n);
  if (CurrentIsa() >= Isa::kAvx2) {
    internal::RunAvx2<Loop>(x.data(), wide.data(), n);
    compare("AVX2");
  }
  if (CurrentIsa() >= Isa::kAvx512) {
    internal::RunAvx512<Loop>(x.data(), wide.data(), n);
    compare("AVX512");
  }
}

TEST(VectorMath, EveryInstructionSetGivesTheSameBits) {
  ExpectSameBitsEverywhere<PowerLoop<3>>(0);
  ExpectSameBitsEverywhere<ExpLoop>();
  ExpectSameBitsEverywhere<Expm1Loop>();
  ExpectSameBitsEverywhere<LogLoop>();
  ExpectSameBitsEverywhere<Log1pUnitLoop>(0, 1);
  ExpectSameBitsEverywhere<TanhLoop>();
  ExpectSameBitsEverywhere<SigmoidLoop>();
  ExpectSameBitsEverywhere<SoftplusLoop>();
  ExpectSameBitsEverywhere<NormalCdfLoop>();
}

template <int quarters>
void ExpectPower() {
  ExpectWithin<PowerLoop<quarters>>(0.505, [](double x) { return std::pow(x, 0.25 * quarters); }, 0);
}
TEST(VectorMath, PowerIsWithinAHalfUlpAndFiveThousandths) {
  ExpectPower<0>();
  ExpectPower<1>();
  ExpectPower<2>();
  ExpectPower<3>();
  ExpectPower<4>();
  ExpectPower<7>();
  ExpectPower<16>();
}

}  // namespace
}  // namespace gradus
