// FTRL's own claims.

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/optimizers/element_formula.h"

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

TEST(FtrlTest, IsItsFormulaWhereItDoesNotConvergeToTheLeastLoss) {
  const std::string text =
      "ftrl { initial_accumulator_value: 0.2 l1_regularization_strength: 0.05 "
      "l2_regularization_strength: 0.02 l2_shrinkage_regularization_strength: 0.03 beta: 0.5 "
      "learning_rate_power: ";
  for (const char* power : {"-0.5", "-0.3", "-1", "0"}) {
    ExpectFormula(absl::StrCat(text, power, " }"), 0.1);
    ExpectFormula(absl::StrCat(text, power, " rate_changes_keep_weights: true }"), 0.1);
  }
  ExpectFormula("ftrl {}", 0.1);
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
    int64_t t = 0;
    for (const double first : {0.0, 0.5}) {
      state.Update(first, ++t, {0.25, -3});
      const std::vector<double> weights = state.weights, numbers = state.numbers();
      const std::vector<std::vector<double>> slots = state.slots();
      state.Update(0, ++t, {4, -8});
      EXPECT_EQ(state.weights, weights) << text;
      EXPECT_EQ(state.slots(), slots) << text;
      EXPECT_EQ(state.numbers(), numbers) << text;
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
