// AdaBelief's own claims.

#include <gtest/gtest.h>

#include "tests/testing/under_update.h"

namespace gradus {
namespace {

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
