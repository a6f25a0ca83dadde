// The claims of the rules that measure a parameter: LAMB, LARS, Adafactor.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/testing/under_update.h"

namespace gradus {
namespace {

std::vector<double> After(const std::string& text, std::vector<double> weights,
                          const std::vector<std::vector<double>>& gradients,
                          const std::vector<double>& rates,
                          const std::vector<int64_t>& dims = {3}) {
  const auto parsed = ParseOptimizer(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  UnderUpdate<double> state(**parsed, std::move(weights), {{"weights", dims}});
  for (size_t i = 0; i < gradients.size(); ++i) {
    state.Update(rates[i], static_cast<int64_t>(i) + 1, gradients[i]);
  }
  return state.weights;
}

TEST(LambTest, AStepIsAsLongAsTheRateSaysOfTheParameter) {
  // |w| = 5, so rate 0.1 makes a step of 0.5, whatever the gradient's size; here along one axis.
  for (const double size : {1e-3, 1.0, 1e3}) {
    const auto w = After("lamb { epsilon: 1e-30 }", {3, 4}, {{size, 0}}, {0.1}, {2});
    EXPECT_NEAR(w[0], 2.5, 1e-12) << size;
    EXPECT_EQ(w[1], 4) << size;
  }
}

TEST(LambTest, AParameterOfZerosMovesByTheRate) {
  const auto w = After("lamb { epsilon: 1e-30 }", {0, 0}, {{2, 0}}, {0.1}, {2});
  EXPECT_NEAR(w[0], -0.1, 1e-12);
}

TEST(LambTest, DecayIsPartOfWhatIsMeasured) {
  // u = (1 + 0.5 * 3, 0.5 * 4): with the ratio, the step is 0.1 * 5 long all the same.
  const auto w = After("lamb { epsilon: 1e-30 decay: 0.5 }", {3, 4}, {{1, 0}}, {0.1}, {2});
  EXPECT_NEAR(std::hypot(w[0] - 3, w[1] - 4), 0.5, 1e-12);
  EXPECT_NEAR((w[1] - 4) / (w[0] - 3), 2 / 2.5, 1e-12);
}

TEST(LambTest, TheRatioHasABound) {
  const auto w = After("lamb { epsilon: 1e-30 max_ratio: 2 }", {3, 4}, {{1, 0}}, {0.1}, {2});
  EXPECT_NEAR(w[0], 2.8, 1e-12);
}

TEST(LarsTest, TheTwoRatiosDifferWhenGradientAndDecayPointApart) {
  // w = (3, 4), g = (0, 5), decay 1: |g + w| = sqrt(90), |g| + |w| = 10; ratios 0.5 / those.
  const std::string text = "lars { momentum: 0 trust: 0.1 decay: 1 divisor: ";
  const auto of_sum = After(text + "NORM_OF_SUM }", {3, 4}, {{0, 5}}, {1}, {2});
  const auto sum_of = After(text + "SUM_OF_NORMS }", {3, 4}, {{0, 5}}, {1}, {2});
  EXPECT_NEAR(of_sum[0], 3 - 0.5 / std::sqrt(90) * 3, 1e-14);
  EXPECT_NEAR(of_sum[1], 4 - 0.5 / std::sqrt(90) * 9, 1e-14);
  EXPECT_NEAR(sum_of[0], 3 - 0.05 * 3, 1e-14);
  EXPECT_NEAR(sum_of[1], 4 - 0.05 * 9, 1e-14);
}

TEST(LarsTest, OldVelocityKeepsItsRateOnlyInside) {
  // The second gradient is 0, so only the velocity of the first moves the weights: 0.9 of a step of
  // 0.1 * 5 at its own rate of 1, or at the new one of 0.
  const std::string text = "lars { trust: 0.1 velocity: ";
  const std::vector<std::vector<double>> gradients = {{1, 0}, {0, 0}};
  const auto inside = After(text + "RATE_INSIDE }", {3, 4}, gradients, {1, 0}, {2});
  const auto outside = After(text + "RATE_OUTSIDE }", {3, 4}, gradients, {1, 0}, {2});
  EXPECT_NEAR(inside[0], 3 - 0.5 - 0.45, 1e-14);
  EXPECT_NEAR(outside[0], 3 - 0.5, 1e-14);
}

TEST(LarsTest, AParameterOfZerosMovesByTheGradient) {
  const auto w = After("lars { momentum: 0 }", {0, 0}, {{2, -1}}, {0.1}, {2});
  EXPECT_NEAR(w[0], -0.2, 1e-15);
  EXPECT_NEAR(w[1], 0.1, 1e-15);
}

TEST(AdafactorTest, RemembersRowsAndColumnsOfAMatrixAndNoElements) {
  const auto parsed = ParseOptimizer("adafactor {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, std::vector<double>(6 + 3, 1),
                            {{"kernel", {2, 3}}, {"bias", {3}}});
  state.Update(0.1, 1, {1, 2, 3, 4, 5, 6, 1, 2, 3});
  ASSERT_EQ(state.slots().size(), 3u);
  // The means of squares, at t = 1 with no weight on what was before.
  const std::vector<std::vector<double>> expected = {
      {14.0 / 3, 77.0 / 3}, {17.0 / 2, 29.0 / 2, 45.0 / 2}, {1, 4, 9}};
  for (size_t s = 0; s < 3; ++s) {
    ASSERT_EQ(state.slots()[s].size(), expected[s].size());
    for (size_t i = 0; i < expected[s].size(); ++i) {
      EXPECT_NEAR(state.slots()[s][i], expected[s][i], 1e-13) << s << " " << i;
    }
  }
}

TEST(AdafactorTest, RowsAndColumnsAreExactForSquaresThatAreAProduct) {
  // g^2 of rank one: v is g^2 at the first update, so every step has the same length.
  const auto w = After("adafactor { scale_by_parameter: false cap_rate: false }", {0, 0, 0, 0},
                       {{1, -2, 3, 6}}, {0.1}, {2, 2});
  const std::vector<double> expected = {-0.1, 0.1, -0.1, -0.1};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(w[i], expected[i], 1e-14);
}

TEST(AdafactorTest, TheRateIsCappedAndScaledUnlessTheTextSaysOtherwise) {
  // Rate 3 is capped to 1, and the parameter's size is 2, or epsilon2 for one of zeros.
  EXPECT_NEAR(After("adafactor {}", {2, 2}, {{1, 1}}, {3}, {2})[0], 0, 1e-14);
  EXPECT_NEAR(After("adafactor {}", {0, 0}, {{1, 1}}, {3}, {2})[0], -1e-3, 1e-14);
  EXPECT_NEAR(After("adafactor { cap_rate: false }", {2, 2}, {{1, 1}}, {3}, {2})[0], -4, 1e-14);
  EXPECT_NEAR(After("adafactor { scale_by_parameter: false }", {2, 2}, {{1, 1}}, {3}, {2})[0], 1,
              1e-14);
}

}  // namespace
}  // namespace gradus
