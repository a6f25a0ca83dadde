// Rprop's own claims.

#include <gtest/gtest.h>

#include "tests/testing/under_update.h"

namespace gradus {
namespace {

TEST(RpropTest, OnlyTheRateOfTheFirstUpdateCounts) {
  const auto parsed = ParseOptimizer("rprop {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> one(**parsed, {1}), other(**parsed, {1});
  for (int t = 1; t <= 5; ++t) {
    one.Update(0.125, t, {1});
    other.Update(t == 1 ? 0.125 : 10.0 / t, t, {1});
  }
  EXPECT_EQ(one.weights, other.weights);
}

TEST(RpropTest, AWeightBeginsWithTheFirstRateThatIsNotZero) {
  const auto parsed = ParseOptimizer("rprop {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, {1});
  state.Update(0, 1, {1});
  state.Update(0, 2, {-1});
  EXPECT_EQ(state.weights[0], 1);
  EXPECT_EQ(state.slots(), (std::vector<std::vector<double>>{{0}, {0}}));
  state.Update(0.25, 3, {1});
  EXPECT_EQ(state.weights[0], 0.75);
  EXPECT_EQ(state.slots(), (std::vector<std::vector<double>>{{1}, {0.25}}));
  state.Update(0, 4, {-1});
  EXPECT_EQ(state.weights[0], 0.75);
  EXPECT_EQ(state.slots(), (std::vector<std::vector<double>>{{1}, {0.25}}));
}

TEST(RpropTest, SignsOfGradientsWhoseProductIsTooSmallCountToo) {
  const auto parsed = ParseOptimizer("rprop { eta_plus: 2 eta_minus: 0.5 }");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<float> state(**parsed, {0, 0});
  state.Update(0.25, 1, {1e-30f, 1e-30f});
  state.Update(0.25, 2, {1e-30f, -1e-30f});
  EXPECT_EQ(state.weights, (std::vector<float>{-0.75, -0.25}));
}

}  // namespace
}  // namespace gradus
