// FTRL's own claims.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/optimizers/plain_loop.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

void ExpectGolden(const std::string& text, const std::vector<double>& golden) {
  const auto parsed = ParseOptimizer(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::vector<double> weights = GoldenUpdates(**parsed, {0.1, 0.1, 0.1});
  // Ten digits.
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(weights[i], golden[i], 5e-11) << text;
}

TEST(FtrlTest, GivesTheGoldenWeightsOfKerasUnderAConstantRate) {
  const std::string regularized =
      "ftrl { l1_regularization_strength: 0.01 l2_regularization_strength: 0.02 "
      "l2_shrinkage_regularization_strength: 0.03 beta: 0.5 ";
  const std::vector<double> plain = {-0.01992135583, -0.3472294467, 0.1493411383};
  const std::vector<double> golden = {-0.01605832189, -0.1405495489, 0.07534488198};
  ExpectGolden("ftrl {}", plain);
  ExpectGolden("ftrl { rate_changes_keep_weights: true }", plain);
  ExpectGolden(regularized + "}", golden);
  ExpectGolden(regularized + "rate_changes_keep_weights: true }", golden);
}

// Keras' formula, with the power p and its l2 of l2 + beta / (2 rate).
template <int tenths_of_power>
struct PlainFtrl {
  double w, n = 0.2, z = 0;

  void Update(const PlainStep& step) {
    if (step.rate == 0) return;
    const double p = tenths_of_power / 10.0, l1 = 0.05, l2 = 0.02 + 0.5 / (2 * step.rate);
    const double shrunk = step.g + 2 * 0.03 * w, grown = n + step.g * step.g;
    z += shrunk - (std::pow(grown, p) - std::pow(n, p)) / step.rate * w;
    w = (std::min(std::max(z, -l1), l1) - z) / (std::pow(grown, p) / step.rate + 2 * l2);
    n = grown;
  }
  double Evaluated() const { return w; }
};

// z is of the size of a weight divided by the rate, some hundreds, and a weight the quotient of
// that.
constexpr double kTolerance = 1e-11;

TEST(FtrlTest, IsTheRuleOfKerasUnderChangingRates) {
  const std::string text =
      "ftrl { initial_accumulator_value: 0.2 l1_regularization_strength: 0.05 "
      "l2_regularization_strength: 0.02 l2_shrinkage_regularization_strength: 0.03 beta: 0.5 "
      "learning_rate_power: ";
  ExpectAsPlain(
      text + "-0.5 }", [](double w) { return PlainFtrl<5>{w}; }, kTolerance);
  ExpectAsPlain(
      text + "-0.3 }", [](double w) { return PlainFtrl<3>{w}; }, kTolerance);
  ExpectAsPlain(
      text + "0 }", [](double w) { return PlainFtrl<0>{w}; }, kTolerance);
}

// What z stands for: the weight that is best for all losses so far, each made of its gradient and a
// square around the weight of its update, and the regularisation. All of them are kept.
struct BestSoFar {
  double w;
  std::vector<double> gradients = {}, strengths = {}, centres = {};
  double n = 0.2, last_rate = 0;

  void Update(const PlainStep& step) {
    if (step.rate == 0) return;
    const double beta = 0.5, l1 = 0.05, l2 = 0.02;
    const double before = last_rate == 0 ? step.rate : last_rate;
    const double old = (std::sqrt(n) + beta) / before;
    if (strengths.empty()) {
      // What n starts from, around 0.
      strengths = {old}, centres = {0}, gradients = {0};
    }
    n += step.g * step.g;
    strengths.push_back((std::sqrt(n) + beta) / step.rate - old);
    centres.push_back(w);
    gradients.push_back(step.g);
    double slope = 0, strength = 2 * l2;
    for (size_t i = 0; i < strengths.size(); ++i) {
      slope += gradients[i] - strengths[i] * centres[i];
      strength += strengths[i];
    }
    w = slope > l1 ? (l1 - slope) / strength : slope < -l1 ? (-l1 - slope) / strength : 0;
    last_rate = step.rate;
  }
  double Evaluated() const { return w; }
};

TEST(FtrlTest, ThatKeepsWeightsIsTheBestOfAllLossesSoFarUnderChangingRates) {
  ExpectAsPlain(
      "ftrl { initial_accumulator_value: 0.2 l1_regularization_strength: 0.05 "
      "l2_regularization_strength: 0.02 beta: 0.5 rate_changes_keep_weights: true }",
      [](double w) { return BestSoFar{w}; }, kTolerance);
}

TEST(FtrlTest, AChangeOfTheRateMovesWeightsUnlessItIsToldOtherwise) {
  const auto keras = ParseOptimizer("ftrl {}");
  const auto keeping = ParseOptimizer("ftrl { rate_changes_keep_weights: true beta: 0.5 }");
  ASSERT_TRUE(keras.ok() && keeping.ok());
  UnderUpdate<double> moved(**keras, {1}), kept(**keeping, {1});
  for (int t = 1; t <= 10; ++t) {
    moved.Update(0.5, t, {-0.2});
    kept.Update(0.5, t, {-0.2});
  }
  const double moved_before = moved.weights[0], kept_before = kept.weights[0];
  moved.Update(0.25, 11, {0});
  kept.Update(0.25, 11, {0});
  EXPECT_NEAR(moved.weights[0], moved_before / 2, 1e-14);
  EXPECT_NEAR(kept.weights[0], kept_before, 1e-14);
  kept.Update(0, 12, {5});
  kept.Update(1e-6, 13, {0});
  EXPECT_NEAR(kept.weights[0], kept_before, 1e-14);
}

TEST(FtrlTest, AtRateZeroNothingMovesAndNothingIsRemembered) {
  for (const char* text :
       {"ftrl { l1_regularization_strength: 0.5 }", "ftrl { rate_changes_keep_weights: true }"}) {
    const auto parsed = ParseOptimizer(text);
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<double> state(**parsed, {1, -2});
    for (const double first : {0.0, 0.5}) {
      state.Update(first, 1, {0.25, -3});
      const std::vector<double> weights = state.weights, numbers = state.numbers;
      const std::vector<std::vector<double>> slots = state.slots;
      state.Update(0, 2, {4, -8});
      EXPECT_EQ(state.weights, weights) << text;
      EXPECT_EQ(state.slots, slots) << text;
      EXPECT_EQ(state.numbers, numbers) << text;
    }
  }
}

TEST(FtrlTest, WeightsThatL1OutweighsAreExactlyZero) {
  const auto parsed = ParseOptimizer("ftrl { l1_regularization_strength: 1 }");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<float> state(**parsed, {1, 1, 0});
  state.Update(0.5, 1, {0.25, -4, -0.5});
  EXPECT_EQ(state.weights[2], 0);
  state.Update(0.5, 2, {0, 0, -0.75});
  EXPECT_GT(state.weights[1], 0);
  EXPECT_GT(state.weights[2], 0);
}

TEST(FtrlTest, WhereNothingPullsAWeightIsZeroAndNotANumberThatIsNone) {
  for (const char* power : {"-0.5", "-0.25"}) {
    const auto parsed = ParseOptimizer(
        absl::StrCat("ftrl { initial_accumulator_value: 0 learning_rate_power: ", power, " }"));
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<float> state(**parsed, {1});
    state.Update(0.5, 1, {0});
    EXPECT_EQ(state.weights[0], 0) << power;
  }
}

}  // namespace
}  // namespace gradus
