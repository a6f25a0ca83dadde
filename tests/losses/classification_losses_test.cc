// Hinge losses, Kullback-Leibler divergence and focal losses, against their formulas as Keras
// documents them, written out as plain loops in double; gradients against central differences.

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "tests/losses/loss_case.h"

namespace gradus {
namespace {

std::string Named(const char* kind, const std::string& more = "") {
  return absl::StrCat(kind, " { prediction: \"l\" label: \"y\"", more, " }");
}

// Constants of a graph are floats: each is off by at most 2^-25 of itself, and the losses here are
// below 20.
constexpr double kFloatConstants = 20 * 0x1p-24;

double Clip(double p) { return std::min(std::max(p, 1e-7), 1 - 1e-7); }
double Logistic(double z) { return 1 / (1 + std::exp(-z)); }

TEST(HingeTest, IsWhatIsMissingToAMarginOfOne) {
  const Numbers p = {0.3, -2, 1.5, 0.4, 2, -0.25};
  const Numbers y = {1, -1, -1, 1, 1, 1};
  Numbers hinge(2), squared(2);
  for (size_t i = 0; i < 6; ++i) {
    const double missing = std::max(1 - y[i] * p[i], 0.0);
    hinge[i / 3] += missing / 3;
    squared[i / 3] += missing * missing / 3;
  }
  const Case first = Make(Named("hinge"), "shape: 3", {2, 3}, p, y);
  const Case second = Make(Named("squared_hinge"), "shape: 3", {2, 3}, p, y);
  ExpectNear(Evaluate(first), hinge);
  ExpectNear(Evaluate(second), squared);
  EXPECT_EQ(GradientError(first), "");
  EXPECT_EQ(GradientError(second), "");
}

TEST(HingeTest, TakesALabelZeroAsMinusOne) {
  const Numbers p = {0.3, -2, 1.5, 0.4};
  for (const char* kind : {"hinge", "squared_hinge"}) {
    ExpectNear(Evaluate(Make(Named(kind), "shape: 1", {4, 1}, p, {1, 0, 0, 1})),
               Evaluate(Make(Named(kind), "shape: 1", {4, 1}, p, {1, -1, -1, 1})));
  }
}

TEST(CategoricalHingeTest, IsWhatTheRightClassDoesNotLeadBy) {
  const Numbers p = {0.1, 0.7, 0.2, 3, 0.5, -0.5, -1, -2, -3};
  const Numbers y = {0, 0, 1, 1, 0, 0, 1, 0, 0};
  Numbers expected;
  for (size_t row = 0; row < 3; ++row) {
    double right = 0, wrong = -1e300;
    for (size_t i = 3 * row; i < 3 * row + 3; ++i) {
      right += y[i] * p[i];
      wrong = std::max(wrong, (1 - y[i]) * p[i]);
    }
    expected.push_back(std::max(wrong - right + 1, 0.0));
  }
  EXPECT_EQ(expected[1], 0);
  EXPECT_EQ(expected[2], 2);  // The 0 of the right class is the maximum.
  const Case given = Make(Named("categorical_hinge"), "shape: 3", {3, 3}, p, y);
  ExpectNear(Evaluate(given), expected);
  EXPECT_EQ(GradientError(given), "");
}

TEST(KlDivergenceTest, ClipsBothDistributionsAsKerasDoes) {
  const Numbers p = {0.4, 0.5, 0.1, 0, 0.5, 1.5};
  const Numbers y = {0.25, 0.75, 0, 1, 0, 0.5};
  const auto clip = [](double x) { return std::min(std::max(x, 1e-7), 1.0); };
  Numbers expected(2);
  for (size_t i = 0; i < 6; ++i) expected[i / 3] += clip(y[i]) * std::log(clip(y[i]) / clip(p[i]));
  ExpectNear(Evaluate(Make(Named("kl_divergence"), "shape: 3", {2, 3}, p, y)), expected);
  EXPECT_EQ(GradientError(Make(Named("kl_divergence"), "shape: 3", {2, 3},
                               {0.4, 0.5, 0.1, 0.2, 0.5, 1.5}, y)),
            "");
}

TEST(KlDivergenceTest, OfADistributionFromItselfIsZero) {
  const Numbers p = {0.4, 0.5, 0.1, 0.2, 0.7, 0.1};
  ExpectNear(Evaluate(Make(Named("kl_divergence"), "shape: 3", {2, 3}, p, p)), {0, 0});
}

double BinaryFocal(double y, double p, double gamma) {
  const double bce = -(y * std::log(Clip(p)) + (1 - y) * std::log(1 - Clip(p)));
  const double p_t = y * p + (1 - y) * (1 - p);
  return std::pow(1 - p_t, gamma) * bce;
}

TEST(BinaryFocalCrossentropyTest, IsTheCrossEntropyTimesAPowerOfWhatIsMissing) {
  const Numbers p = {0.2, 0.9, 0.4, 0.7};
  const Numbers y = {0, 1, 0.5, 0};
  for (const double gamma : {2.0, 1.0, 0.0, 0.5, 3.5}) {
    const Case given = Make(Named("binary_focal_crossentropy", absl::StrCat(" gamma: ", gamma)),
                            "shape: 2", {2, 2}, p, y);
    Numbers expected(2);
    for (size_t i = 0; i < 4; ++i) expected[i / 2] += BinaryFocal(y[i], p[i], gamma) / 2;
    ExpectNear(Evaluate(given), expected, kFloatConstants);
    EXPECT_EQ(GradientError(given), "") << gamma;
  }
}

TEST(BinaryFocalCrossentropyTest, GivesWhatKerasDocuments) {
  const Case given = Make(Named("binary_focal_crossentropy"), "shape: 2", {2, 2},
                          {0.6, 0.4, 0.4, 0.6}, {0, 1, 0, 0});
  ExpectNear(Evaluate(given), {0.330, 0.206}, 5e-4);
}

TEST(BinaryFocalCrossentropyTest, WeighsTheClassesWhenTold) {
  const Numbers p = {0.2, 0.9, 0.4};
  const Numbers y = {0, 1, 0.5};
  Numbers expected;
  for (size_t i = 0; i < 3; ++i) {
    expected.push_back((y[i] * 0.75 + (1 - y[i]) * 0.25) * BinaryFocal(y[i], p[i], 2));
  }
  const Case given =
      Make(Named("binary_focal_crossentropy", " apply_class_balancing: true alpha: 0.75"),
           "shape: 1", {3, 1}, p, y);
  ExpectNear(Evaluate(given), expected, kFloatConstants);
  EXPECT_EQ(GradientError(given), "");
}

TEST(BinaryFocalCrossentropyTest, OfLogitsIsThatOfTheirSigmoidAndGoesOnBeyondIt) {
  const Numbers z = {-3, 0.5, 2.5, 60};
  const Numbers y = {0, 1, 0.25, 0};
  Numbers expected;
  for (size_t i = 0; i < 3; ++i) expected.push_back(BinaryFocal(y[i], Logistic(z[i]), 2));
  expected.push_back(60);
  const Case given =
      Make(Named("binary_focal_crossentropy", " from_logits: true"), "shape: 1", {4, 1}, z, y);
  ExpectNear(Evaluate(given), expected, kFloatConstants);
  EXPECT_EQ(GradientError(given), "");
}

TEST(FocalPowerTest, HasASlopeWhereNothingIsMissingAndGammaIsBelowOne) {
  // The sigmoid of 60, and what of the softmax is the largest, are 1 in double: 1 - p_t is 0, whose power 0.5 rises infinitely fast.
  const Case yes = Make(Named("binary_focal_crossentropy", " from_logits: true gamma: 0.5"),
                        "shape: 1", {2, 1}, {60, -60}, {1, 0});
  ExpectNear(Evaluate(yes), {0, 0});
  EXPECT_EQ(GradientError(yes), "");
  const Case first = Make(Named("categorical_focal_crossentropy", " from_logits: true gamma: 0.5"),
                          "shape: 2", {1, 2}, {60, 0}, {1, 0});
  ExpectNear(Evaluate(first), {0});
  EXPECT_EQ(GradientError(first), "");
}

TEST(BinaryFocalCrossentropyTest, SmoothsLabels) {
  const Numbers p = {0.2, 0.9, 0.4};
  const Numbers y = {0, 1, 0.5};
  Numbers expected;
  for (size_t i = 0; i < 3; ++i) expected.push_back(BinaryFocal(y[i] * 0.75 + 0.125, p[i], 2));
  const Case given =
      Make(Named("binary_focal_crossentropy", " label_smoothing: 0.25"), "shape: 1", {3, 1}, p, y);
  ExpectNear(Evaluate(given), expected, kFloatConstants);
  EXPECT_EQ(GradientError(given), "");
}

// Of one row.
double CategoricalFocal(const Numbers& y, const Numbers& p, double alpha, double gamma) {
  double sum = 0, loss = 0;
  for (double x : p) sum += x;
  for (size_t k = 0; k < y.size(); ++k) {
    const double q = Clip(p[k] / sum);
    loss -= alpha * std::pow(1 - q, gamma) * y[k] * std::log(q);
  }
  return loss;
}

TEST(CategoricalFocalCrossentropyTest, DividesClipsAndWeighs) {
  const Numbers p = {0.4, 1, 0.6, 0.1, 0.5, 0.4};  // Row 0 sums to 2.
  const Numbers y = {0.25, 0.75, 0, 1, 0, 0};
  for (const double gamma : {2.0, 0.0, 1.5}) {
    const Case given =
        Make(Named("categorical_focal_crossentropy", absl::StrCat(" alpha: 0.5 gamma: ", gamma)),
             "shape: 3", {2, 3}, p, y);
    ExpectNear(Evaluate(given),
               {CategoricalFocal({0.25, 0.75, 0}, {0.4, 1, 0.6}, 0.5, gamma),
                CategoricalFocal({1, 0, 0}, {0.1, 0.5, 0.4}, 0.5, gamma)},
               kFloatConstants);
    EXPECT_EQ(GradientError(given), "") << gamma;
  }
}

TEST(CategoricalFocalCrossentropyTest, GivesWhatKerasDocuments) {
  const Case given = Make(Named("categorical_focal_crossentropy"), "shape: 3", {2, 3},
                          {0.05, 0.9, 0.05, 0.1, 0.85, 0.05}, {0, 1, 0, 0, 0, 1});
  ExpectNear(Evaluate(given), {2.63401289e-04, 6.75912094e-01}, 1e-6);
}

TEST(CategoricalFocalCrossentropyTest, OfLogitsIsThatOfTheirSoftmax) {
  const Numbers z = {1, 2, -1};
  const Numbers p = {std::exp(1.0), std::exp(2.0), std::exp(-1.0)};
  const Case given = Make(Named("categorical_focal_crossentropy", " from_logits: true"), "shape: 3",
                          {1, 3}, z, {0, 0.5, 0.5});
  ExpectNear(Evaluate(given), {CategoricalFocal({0, 0.5, 0.5}, p, 0.25, 2)}, kFloatConstants);
  EXPECT_EQ(GradientError(given), "");
}

TEST(CategoricalFocalCrossentropyTest, SmoothsLabels) {
  const Case given = Make(Named("categorical_focal_crossentropy", " label_smoothing: 0.3"),
                          "shape: 3", {1, 3}, {0.2, 0.5, 0.3}, {0, 0, 1});
  ExpectNear(Evaluate(given), {CategoricalFocal({0.1, 0.1, 0.8}, {0.2, 0.5, 0.3}, 0.25, 2)},
             kFloatConstants);
  EXPECT_EQ(GradientError(given), "");
}

TEST(ClassLossesTest, RefuseOneClass) {
  for (const char* kind :
       {"categorical_hinge", "kl_divergence", "categorical_focal_crossentropy"}) {
    const BuiltModel built = BuildModel(absl::StrCat(
        "input { name: \"p\" shape: 1 } input { name: \"y\" shape: 1 } layer { name: \"l\" input: "
        "\"p\" activation { function: LINEAR } } loss { ",
        Named(kind), " }"));
    EXPECT_NE(built.errors.find("prediction has the shape [batch, 1], fewer than 2 classes"),
              std::string::npos)
        << kind << ": " << built.errors;
  }
}

}  // namespace
}  // namespace gradus
