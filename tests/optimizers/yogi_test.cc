// Yogi's own claims.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

template <bool corrected>
struct PlainYogi {
  double w, m = 0.25, v = 0.5;

  void Update(const PlainStep& step) {
    const double square = step.g * step.g, t = static_cast<double>(step.t);
    m = 0.8 * m + 0.2 * step.g;
    if (v > square) {
      v -= 0.1 * square;
    } else if (v < square) {
      v += 0.1 * square;
    }
    const double m_hat = corrected ? m / (1 - std::pow(0.8, t)) : m;
    const double v_hat = corrected ? v / (1 - std::pow(0.9, t)) : v;
    w -= step.rate * m_hat / (std::sqrt(v_hat) + 0.01);
  }
  double Evaluated() const { return w; }
};

TEST(YogiTest, IsThePapersRuleUnderChangingRatesWithAndWithoutCorrection) {
  const std::string text =
      "yogi { beta1: 0.8 beta2: 0.9 epsilon: 0.01 initial_momentum: 0.25 "
      "initial_accumulator_value: 0.5 ";
  ExpectAsPlain(text + "}", [](double w) { return PlainYogi<true>{w}; });
  ExpectAsPlain(text + "bias_correction: false }", [](double w) { return PlainYogi<false>{w}; });
}

TEST(YogiTest, ForgetsALargeGradientMoreSlowlyThanAdam) {
  const auto yogi = ParseOptimizer("yogi { beta2: 0.9 initial_accumulator_value: 0 }");
  const auto adam = ParseOptimizer("adam { beta2: 0.9 }");
  ASSERT_TRUE(yogi.ok() && adam.ok());
  UnderUpdate<double> with_yogi(**yogi, {0}), with_adam(**adam, {0});
  for (int t = 1; t <= 50; ++t) {
    with_yogi.Update(0.01, t, {t == 1 ? 10.0 : 0.1});
    with_adam.Update(0.01, t, {t == 1 ? 10.0 : 0.1});
  }
  // 10 from the first gradient; then 0.1 * 0.1^2 less every time, or a tenth less every time.
  EXPECT_NEAR(with_yogi.slots[1][0], 10 - 49 * 1e-3, 1e-12);
  EXPECT_LT(with_adam.slots[1][0], 0.1);
}

}  // namespace
}  // namespace gradus
