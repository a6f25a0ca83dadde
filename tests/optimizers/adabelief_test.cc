// AdaBelief's own claims.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

template <bool old_average>
struct PlainAdabelief {
  double w, m = 0, s = 0;

  void Update(const PlainStep& step) {
    const double t = static_cast<double>(step.t), before = m;
    m = 0.8 * m + 0.2 * step.g;
    const double deviation = step.g - (old_average ? before : m);
    s = 0.95 * s + 0.05 * deviation * deviation + 1e-3;
    const double m_hat = m / (1 - std::pow(0.8, t)), s_hat = s / (1 - std::pow(0.95, t));
    w = w - step.rate * m_hat / (std::sqrt(s_hat) + 1e-2);
  }
  double Evaluated() const { return w; }
};

TEST(AdabeliefTest, IsThePapersRuleUnderChangingRates) {
  const std::string text =
      "adabelief { beta1: 0.8 beta2: 0.95 epsilon: 1e-2 epsilon_in_average: 1e-3 ";
  ExpectAsPlain(text + "}", [](double w) { return PlainAdabelief<false>{w}; });
  ExpectAsPlain(text + "deviation_from_old_average: true }",
                [](double w) { return PlainAdabelief<true>{w}; });
}

TEST(AdabeliefTest, GradientsThatAreAsExpectedMakeLongSteps) {
  const auto belief = ParseOptimizer("adabelief {}"), adam = ParseOptimizer("adam {}");
  ASSERT_TRUE(belief.ok() && adam.ok());
  UnderUpdate<double> with_belief(**belief, {0, 0}), with_adam(**adam, {0, 0});
  for (int t = 1; t <= 40; ++t) {
    // The same gradient every time, and one that turns every time.
    const std::vector<double> gradients = {1, t % 2 == 0 ? 1.0 : -1.0};
    with_belief.Update(0.01, t, gradients);
    with_adam.Update(0.01, t, gradients);
  }
  // Adam moves by the rate every time.
  EXPECT_NEAR(with_adam.weights[0], -0.4, 1e-5);
  EXPECT_LT(with_belief.weights[0], 2 * with_adam.weights[0]);
  // Surprised every time, both divide by about the gradient.
  EXPECT_NEAR(with_belief.weights[1], with_adam.weights[1], 0.01);
}

}  // namespace
}  // namespace gradus
