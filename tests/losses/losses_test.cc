// Losses on numbers: evaluated in double with the reference loops, compared with the formulas as Keras documents them, written out here.
// Their gradients are compared with central differences.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gradus/autodiff/add_gradients.h"
#include "gtest/gtest.h"
#include "tests/losses/loss_case.h"

namespace gradus {
namespace {

double Clip(double p) { return std::min(std::max(p, 1e-7), 1 - 1e-7); }
double Binary(double y, double p) {
  return -(y * std::log(Clip(p)) + (1 - y) * std::log(1 - Clip(p)));
}
constexpr char kBinary[] = "binary_crossentropy { prediction: \"l\" label: \"y\" }";
constexpr char kBinaryLogits[] =
    "binary_crossentropy { prediction: \"l\" label: \"y\" from_logits: true }";

TEST(BinaryCrossentropyTest, ClipsProbabilitiesAsKerasDoes) {
  const Numbers p = {0.2, 0.9, 0, 1, 0, 1};
  const Numbers y = {0, 1, 1, 0, 0, 1};
  Numbers expected;
  for (size_t i = 0; i < p.size(); ++i) expected.push_back(Binary(y[i], p[i]));
  // log(1 - q) at q = 1 - 1e-7 loses half of the digits of 1e-7.
  ExpectNear(Evaluate(Make(kBinary, "shape: 1", {6, 1}, p, y)), expected, 1e-8);
  EXPECT_NEAR(expected[2], 16.118095650958317, 1e-9);  // What Keras gives in float64.
}

TEST(BinaryCrossentropyTest, IsTheMeanOverTheLastAxis) {
  const Numbers p = {0.2, 0.9, 0.4, 0.7};
  const Numbers y = {0, 1, 0.5, 0};
  ExpectNear(Evaluate(Make(kBinary, "shape: 2", {2, 2}, p, y)),
             {(Binary(0, 0.2) + Binary(1, 0.9)) / 2, (Binary(0.5, 0.4) + Binary(0, 0.7)) / 2});
}

TEST(BinaryCrossentropyTest, TakesOneLabelPerExampleWithOrWithoutItsAxis) {
  const Numbers expected = {Binary(0, 0.2), Binary(1, 0.9)};
  ExpectNear(Evaluate(Make(kBinary, "", {2, 1}, {0.2, 0.9}, {0, 1})), expected);
  ExpectNear(Evaluate(Make(kBinary, "shape: 1", {2}, {0.2, 0.9}, {0, 1})), expected);
}

TEST(BinaryCrossentropyTest, SmoothedLabelsLieNearerToAHalf) {
  const Numbers p = {0.2, 0.9, 0.4};
  const Numbers y = {0, 1, 0.5};
  Numbers expected;
  for (size_t i = 0; i < p.size(); ++i) expected.push_back(Binary(y[i] * 0.75 + 0.125, p[i]));
  const Case smoothed = Make(
      "binary_crossentropy { prediction: \"l\" label: \"y\" label_smoothing: 0.25 }", "shape: 1",
      {3, 1}, p, y);
  ExpectNear(Evaluate(smoothed), expected);
  EXPECT_EQ(GradientError(smoothed), "");
}

TEST(SparseCategoricalCrossentropyTest, SmoothedItIsTheCategoricalOneOfSmoothedLabels) {
  const Numbers z = {1, 2, 0.5, -1, 0.25, 3};
  for (const char* logits : {"", " from_logits: true"}) {
    const Numbers p = *logits == 0 ? Numbers{0.2, 0.5, 0.3, 0.6, 0.3, 0.1} : z;
    const auto loss = [&](const char* name, const char* smoothing) {
      return absl::StrCat(name, " { prediction: \"l\" label: \"y\"", logits, smoothing, " }");
    };
    const char* a = " label_smoothing: 0.3";
    const Case sparse = Make(loss("sparse_categorical_crossentropy", a), "type: INT32", {2, 3}, p, {2, 0});
    const Numbers one_hot = {0, 0, 1, 1, 0, 0};
    const Numbers mixed = {0.1, 0.1, 0.8, 0.8, 0.1, 0.1};  // By hand: 0.7 y + 0.3 / 3.
    const Numbers expected =
        Evaluate(Make(loss("categorical_crossentropy", ""), "shape: 3", {2, 3}, p, mixed));
    // 1 / 3 is a float constant of the graph: 1e-8 of a loss below 4.
    ExpectNear(Evaluate(Make(loss("categorical_crossentropy", a), "shape: 3", {2, 3}, p, one_hot)),
               expected, 1e-7);
    ExpectNear(Evaluate(sparse), expected);
    EXPECT_EQ(GradientError(sparse), "");
  }
}

TEST(BinaryCrossentropyTest, OfLogitsIsThatOfTheirSigmoidAndHasNoBound) {
  const Numbers z = {-3, 0, 2.5, 60, -60};
  const Numbers y = {0, 1, 0.25, 0, 1};
  Numbers expected;
  for (int i = 0; i < 3; ++i) expected.push_back(Binary(y[i], 1 / (1 + std::exp(-z[i]))));
  expected.push_back(60);  // Without clipping: log(1 + exp(60)).
  expected.push_back(60);
  ExpectNear(Evaluate(Make(kBinaryLogits, "shape: 1", {5, 1}, z, y)), expected);
}

TEST(BinaryCrossentropyTest, GradientsAgreeWithDifferences) {
  EXPECT_EQ(GradientError(Make(kBinary, "shape: 2", {2, 2}, {0.2, 0.9, 0.4, 0.7}, {0, 1, 0.5, 0})), "");
  EXPECT_EQ(GradientError(Make(kBinaryLogits, "shape: 2", {2, 2}, {-3, 1, 2.5, 0.1}, {0, 1, 1, 0})), "");
}

constexpr char kCategorical[] = "categorical_crossentropy { prediction: \"l\" label: \"y\" }";
constexpr char kCategoricalLogits[] =
    "categorical_crossentropy { prediction: \"l\" label: \"y\" from_logits: true }";
constexpr char kSparse[] = "sparse_categorical_crossentropy { prediction: \"l\" label: \"y\" }";
constexpr char kSparseLogits[] =
    "sparse_categorical_crossentropy { prediction: \"l\" label: \"y\" from_logits: true }";

TEST(CategoricalCrossentropyTest, DividesByTheSumBeforeItClips) {
  // Row 0 sums to 2; in row 1 the right class has probability 0.
  const Case given = Make(kCategorical, "shape: 3", {2, 3}, {0.4, 1, 0.6, 0, 0.5, 0.5},
                          {0.25, 0.75, 0, 1, 0, 0});
  ExpectNear(Evaluate(given),
             {-(0.25 * std::log(0.2) + 0.75 * std::log(0.5)), -std::log(1e-7)});
}

TEST(CategoricalCrossentropyTest, OfLogitsIsThatOfTheirSoftmax) {
  const double sum = std::exp(1) + std::exp(2) + std::exp(-1);
  ExpectNear(Evaluate(Make(kCategoricalLogits, "shape: 3", {1, 3}, {1, 2, -1}, {0.5, 0.5, 0})),
             {-0.5 * (std::log(std::exp(1) / sum) + std::log(std::exp(2) / sum))});
}

TEST(CategoricalCrossentropyTest, GradientsAgreeWithDifferences) {
  const Numbers p = {0.4, 1, 0.6, 0.1, 0.5, 0.5};
  const Numbers y = {0.25, 0.75, 0, 1, 0, 0};
  EXPECT_EQ(GradientError(Make(kCategorical, "shape: 3", {2, 3}, p, y)), "");
  EXPECT_EQ(GradientError(Make(kCategoricalLogits, "shape: 3", {2, 3}, p, y)), "");
}

TEST(SparseCategoricalCrossentropyTest, IsTheCategoricalOneOfTheOneHotLabel) {
  const Numbers p = {0.4, 1, 0.6, 0, 0.5, 0.5};
  const Numbers one_hot = {0, 1, 0, 1, 0, 0};
  for (const char* label : {"type: INT32", "type: INT32 shape: 1"}) {
    ExpectNear(Evaluate(Make(kSparse, label, {2, 3}, p, {1, 0})),
               Evaluate(Make(kCategorical, "shape: 3", {2, 3}, p, one_hot)));
    ExpectNear(Evaluate(Make(kSparseLogits, label, {2, 3}, p, {1, 0})),
               Evaluate(Make(kCategoricalLogits, "shape: 3", {2, 3}, p, one_hot)));
  }
}

TEST(SparseCategoricalCrossentropyTest, GradientsAgreeWithDifferences) {
  const Numbers p = {0.4, 1, 0.6, 0.1, 0.5, 0.5};
  EXPECT_EQ(GradientError(Make(kSparse, "type: INT32", {2, 3}, p, {1, 0})), "");
  EXPECT_EQ(GradientError(Make(kSparseLogits, "type: INT32", {2, 3}, p, {1, 0})), "");
}

TEST(MeanSquaredErrorTest, IsTheMeanOverTheLastAxis) {
  const char* loss = "mean_squared_error { prediction: \"l\" label: \"y\" }";
  const Case given = Make(loss, "shape: 2", {2, 2}, {1, 2, 3, 4}, {0, 4, 3, 1});
  ExpectNear(Evaluate(given), {2.5, 4.5});
  EXPECT_EQ(GradientError(given), "");
}

TEST(MeanAbsoluteErrorTest, IsTheMeanOverTheLastAxis) {
  const char* loss = "mean_absolute_error { prediction: \"l\" label: \"y\" }";
  const Case given = Make(loss, "shape: 2", {2, 2}, {1, 2, 3, 4}, {0, 4, 3.5, 1});
  ExpectNear(Evaluate(given), {1.5, 1.75});
  EXPECT_EQ(GradientError(given), "");
}

// A Hessian-vector product by differentiating the gradient: H v = d (v . dL/dp) / dp, here of binary cross-entropy from logits,
// whose Hessian is the diagonal s (1 - s).
TEST(SecondDerivativeTest, HessianOfBinaryCrossentropyIsSigmoidTimesItsComplement) {
  Case given = Make(kBinaryLogits, "shape: 1", {3, 1}, {-1, 0.5, 2}, {0, 1, 1});
  Graph& graph = given.model.graph;
  const Value loss = given.model.losses[0].value;
  const Value ones = *graph.AddInput("ones", graph.spec(loss));
  const Value v = *graph.AddInput("v", graph.spec(given.prediction));
  const Value gradient = AddGradients(&graph, {loss}, {ones}, {given.prediction})->of[0];
  const Value product = AddGradients(&graph, {gradient}, {v}, {given.prediction})->of[0];
  given.leaves[ones] = {{3}, {1, 1, 1}};
  given.leaves[v] = {{3, 1}, {1, -2, 3}};
  const Numbers actual =
      (*EvaluateReference(graph, given.leaves, given.rows, {product}))[0].values;
  Numbers expected;
  for (auto zv : {std::pair<double, double>{-1, 1}, {0.5, -2}, {2, 3}}) {
    const double s = 1 / (1 + std::exp(-zv.first));
    expected.push_back(s * (1 - s) * zv.second);
  }
  ExpectNear(actual, expected);
}

}  // namespace
}  // namespace gradus
