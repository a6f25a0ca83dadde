// The claims of the rules that find their rate: Prodigy and both D-Adaptations.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/testing/under_update.h"

namespace gradus {
namespace {

const std::vector<std::vector<double>> kGradients = {
    {0.1, -0.2, 0.3}, {-0.05, 0.4, 0}, {0.2, 0.1, -0.6}};
constexpr const char* kRules[] = {"prodigy {}", "dadapt_sgd {}", "dadapt_adam {}"};

TEST(ProdigyTest, GivesTheGoldenWeightsAndDistanceAfterThirtyUpdates) {
  const auto parsed = ParseOptimizer("prodigy {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, {1, -2, 0.5});
  for (int t = 1; t <= 30; ++t) state.Update(1, t, kGradients[(t - 1) % 3]);
  const std::vector<double> golden = {0.9582887993, -2.014125814, 0.5018214525};
  for (int i = 0; i < 3; ++i) EXPECT_NEAR(state.weights[i], golden[i], 6e-10);
  EXPECT_NEAR(state.numbers()[0], 0.00577072672143674, 1e-15);
}

TEST(FindsItsRateTest, NothingMovesBeforeTheFirstGradientThatIsNotZero) {
  for (const char* text : kRules) {
    const auto parsed = ParseOptimizer(text);
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<double> state(**parsed, {1, -2, 0.5});
    for (int t = 1; t <= 3; ++t) state.Update(1, t, {0, 0, 0});
    EXPECT_EQ(state.weights, (std::vector<double>{1, -2, 0.5})) << text;
    EXPECT_EQ(state.numbers()[0], 1e-6) << text;
    state.Update(1, 4, kGradients[0]);
    for (int i = 0; i < 3; ++i) {
      EXPECT_NE(state.weights[i], (std::vector<double>{1, -2, 0.5})[i]) << text;
      EXPECT_TRUE(std::isfinite(state.weights[i])) << text;
    }
  }
}

TEST(FindsItsRateTest, TheDistanceOnlyGrowsAndFindsTheSizeOfTheProblem) {
  // Four weights whose solution is 3 away each, |w0 - w*| = 6; the bound below it holds for plain
  // gradients, with Adam's division it is a rule of thumb.
  for (const char* text : {kRules[1], kRules[2], "prodigy { only_grows: true }"}) {
    const auto parsed = ParseOptimizer(text);
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<double> state(**parsed, {0, 0, 0, 0});
    double last = 0;
    for (int t = 1; t <= 400; ++t) {
      std::vector<double> gradients;
      for (const double w : state.weights) gradients.push_back(w < 3 ? -1 : 1);
      state.Update(1, t, gradients);
      EXPECT_GE(state.numbers()[0], last) << text;
      last = state.numbers()[0];
    }
    EXPECT_GT(last, 0.1) << text;
    EXPECT_LT(last, text == kRules[1] ? 6 : 60) << text;
  }
}

TEST(FindsItsRateTest, TheDistanceGrowsByNoMoreThanItsRate) {
  for (const std::string rule : {"prodigy", "dadapt_sgd", "dadapt_adam"}) {
    const auto parsed = ParseOptimizer(rule + " { growth_rate: 1.5 }");
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<double> state(**parsed, {0, 0});
    double last = 1e-6;
    bool grew = false;
    for (int t = 1; t <= 50; ++t) {
      state.Update(1, t, {1, -1});
      // Prodigy's authors let the first step away from d0 be of any size.
      if (rule != "prodigy" || last > 1e-6) {
        EXPECT_LE(state.numbers()[0], last * (1.5 + 1e-15)) << rule;
      }
      grew |= state.numbers()[0] > last * 1.49;
      last = state.numbers()[0];
    }
    EXPECT_TRUE(grew) << rule;
  }
}

TEST(FindsItsRateTest, HowParametersAreCutChangesNothing) {
  for (const char* text : kRules) {
    const auto parsed = ParseOptimizer(text);
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<double> one(**parsed, {1, -2, 0.5}),
        two(**parsed, {1, -2, 0.5}, {{"a", {1}}, {"b", {2}}});
    for (int t = 1; t <= 30; ++t) {
      one.Update(1, t, kGradients[(t - 1) % 3]);
      two.Update(1, t, kGradients[(t - 1) % 3]);
    }
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(one.weights[i], two.weights[i], 1e-12) << text;
  }
}

TEST(FindsItsRateTest, DecayGoesByTheRateThatIsFound) {
  // The first rate is d0, and the gradient of the second weight is 0.
  for (const std::string rule : {"prodigy", "dadapt_adam"}) {
    const auto parsed = ParseOptimizer(rule + " { decay: 0.1 d0: 0.01 }");
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<double> state(**parsed, {1, 2});
    state.Update(0.5, 1, {1, 0});
    EXPECT_NEAR(state.weights[1], 2 - 0.1 * 0.01 * 0.5 * 2, 1e-15) << rule;
  }
}

}  // namespace
}  // namespace gradus
