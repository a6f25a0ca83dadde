// Yogi's own claims.

#include <gtest/gtest.h>

#include "tests/testing/under_update.h"

namespace gradus {
namespace {

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
  EXPECT_NEAR(with_yogi.slots()[1][0], 10 - 49 * 1e-3, 1e-12);
  EXPECT_LT(with_adam.slots()[1][0], 0.1);
}

}  // namespace
}  // namespace gradus
