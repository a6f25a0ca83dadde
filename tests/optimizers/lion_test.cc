// Lion's own claims.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

// optax decays the weights before the update, with 1e-3 times the rate of 0.1.
TEST(LionTest, GivesTheGoldenWeightsOfOptaxWithItsDecay) {
  const auto parsed = ParseOptimizer("lion {}");
  ASSERT_TRUE(parsed.ok());
  UpdateStep stages;
  stages.rate = 0.1;
  stages.decay = 0.1 * 1e-3;
  const std::vector<double> weights = GoldenUpdatesWith(**parsed, stages);
  const std::vector<double> golden = {0.899710029, -2.099410059, 0.399880014};
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(weights[i], golden[i], 5e-10);
}

TEST(LionTest, EveryWeightMovesByTheRateUnlessThereIsNoDirection) {
  const auto parsed = ParseOptimizer("lion {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<float> state(**parsed, {0, 0, 0, 0});
  state.Update(0.25, 1, {1e-30f, -1e30f, 0, 3});
  EXPECT_EQ(state.weights, (std::vector<float>{-0.25, 0.25, 0, -0.25}));
}

}  // namespace
}  // namespace gradus
