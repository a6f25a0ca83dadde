// dice, tversky and categorical_generalized_crossentropy against their formulas as Keras documents them.

#include <cmath>

#include "gtest/gtest.h"
#include "tests/losses/loss_case.h"

namespace gradus {
namespace {

const Numbers kProbabilities = {0.9, 0.2, 0.6, 0.4, 0.1, 0.7, 0.3, 0.8};
const Numbers kMask = {1, 0, 1, 1, 0, 1, 0, 0};
// Constants of the graph are floats: e is off by 3e-15.
constexpr double kClose = 1e-7;

TEST(DiceTest, IsOneLessTheOverlapOfEachExample) {
  const Case given = Make("dice { prediction: \"l\" label: \"y\" }", "shape: [2, 2]", {2, 2, 2},
                          kProbabilities, kMask);
  Numbers expected;
  for (size_t n = 0; n < 2; ++n) {
    double both = 0, each = 0;
    for (size_t i = 4 * n; i < 4 * n + 4; ++i) {
      both += kProbabilities[i] * kMask[i], each += kProbabilities[i] + kMask[i];
    }
    expected.push_back(1 - (2 * both + 1e-7) / (each + 1e-7));
  }
  ExpectNear(Evaluate(given), expected, kClose);
  EXPECT_EQ(GradientError(given), "");
  // Nothing on both sides is right.
  ExpectNear(
      Evaluate(Make("dice { prediction: \"l\" label: \"y\" }", "shape: 2", {1, 2}, {0, 0}, {0, 0})),
      {0}, kClose);
}

TEST(TverskyTest, WeighsFalsePositivesAndNegatives) {
  const Case given = Make("tversky { prediction: \"l\" label: \"y\" alpha: 0.25 beta: 0.75 }",
                          "shape: 4", {2, 4}, kProbabilities, kMask);
  Numbers expected;
  for (size_t n = 0; n < 2; ++n) {
    double tp = 0, fp = 0, fn = 0;
    for (size_t i = 4 * n; i < 4 * n + 4; ++i) {
      tp += kProbabilities[i] * kMask[i];
      fp += kProbabilities[i] * (1 - kMask[i]);
      fn += (1 - kProbabilities[i]) * kMask[i];
    }
    expected.push_back(1 - (tp + 1e-7) / (tp + 0.25 * fp + 0.75 * fn + 1e-7));
  }
  ExpectNear(Evaluate(given), expected, kClose);
  EXPECT_EQ(GradientError(given), "");
  // With both 1/2 it is dice.
  const Numbers half = Evaluate(Make("tversky { prediction: \"l\" label: \"y\" }", "shape: 4",
                                     {2, 4}, kProbabilities, kMask));
  ExpectNear(half,
             Evaluate(Make("dice { prediction: \"l\" label: \"y\" }", "shape: 4", {2, 4},
                           kProbabilities, kMask)),
             kClose);
}

TEST(CategoricalGeneralizedCrossentropyTest, LiesBetweenCrossEntropyAndError) {
  const Numbers p = {0.7, 0.2, 0.1, 0.25, 0.25, 0.5}, y = {1, 0, 0, 0, 1, 0};
  for (const double q : {0.5, 0.7, 1.0}) {
    const Case given = Make(
        absl::StrCat("categorical_generalized_crossentropy { prediction: \"l\" label: \"y\" q: ", q,
                     " }"),
        "shape: 3", {2, 3}, p, y);
    ExpectNear(Evaluate(given), {(1 - std::pow(0.7, q)) / q, (1 - std::pow(0.25, q)) / q}, kClose);
    EXPECT_EQ(GradientError(given), "");
  }
}

}  // namespace
}  // namespace gradus
