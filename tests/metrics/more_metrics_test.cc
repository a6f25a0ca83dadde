// Counts, best values at a constraint, F-beta, unions, correlations, chosen classes, and losses as metrics: against plain loops and the examples
// of Keras' manual, over the sums of all examples.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/metrics/metric_case.h"

namespace gradus {
namespace {

// The number over all examples, two at a time.
double Number(absl::string_view metric, absl::string_view label, int64_t width, const Numbers& p,
              const Numbers& y) {
  const BuiltModel built = BuildMetric(metric, label, width);
  EXPECT_EQ(built.errors, "");
  if (!built.errors.empty()) return 0;
  std::vector<double> numbers;
  FinishSums(SumsOf(built.model, width, p, y, 2), built.model.metrics, &numbers);
  return numbers.back();
}

std::string Metric(absl::string_view kind, absl::string_view more = "") {
  return absl::StrCat(kind, " { prediction: \"l\" label: \"y\" ", more, " }");
}

const Numbers kScores = {.875, .375, .625, .125, .75, .5, .6875}, kYes = {1, 1, 0, 0, 1, 0, 1};

TEST(CountsTest, AreOfAllExamples) {
  EXPECT_EQ(Number(Metric("true_positives"), "shape: 1", 1, kScores, kYes), 3);
  EXPECT_EQ(Number(Metric("false_positives"), "shape: 1", 1, kScores, kYes), 1);
  EXPECT_EQ(Number(Metric("true_negatives"), "shape: 1", 1, kScores, kYes), 2);
  EXPECT_EQ(Number(Metric("false_negatives"), "shape: 1", 1, kScores, kYes), 1);
  EXPECT_EQ(Number(Metric("true_positives", "threshold: 0.25"), "shape: 1", 1, kScores, kYes), 4);
}

TEST(FbetaScoreTest, CountsRecallBetaTimesAsMuch) {
  // tp 4, fp 2, fn 0 above 0.25: (1 + b) 4 / ((1 + b) 4 + 2), b the square of beta.
  EXPECT_NEAR(
      Number(Metric("fbeta_score", "beta: 2 threshold: 0.25"), "shape: 1", 1, kScores, kYes),
      20.0 / 22, 1e-15);
  EXPECT_NEAR(
      Number(Metric("fbeta_score", "beta: 0.5 threshold: 0.25"), "shape: 1", 1, kScores, kYes),
      5.0 / 7, 1e-15);
  EXPECT_EQ(Number(Metric("fbeta_score"), "shape: 1", 1, kScores, kYes),
            Number(Metric("f1_score"), "shape: 1", 1, kScores, kYes));
}

// All thresholds by hand: those between neighbours in order, and beyond both ends.
TEST(BestThresholdTest, IsTheBestOverAllThresholds) {
  const auto best = [&](double least, auto given, auto wanted) {
    double result = 0;
    for (double t = -0.03125; t < 1; t += 0.0625) {
      double tp = 0, fp = 0;
      for (size_t i = 0; i < kYes.size(); ++i) {
        if (kScores[i] > t) (kYes[i] > 0 ? tp : fp) += 1;
      }
      if (given(tp, fp) >= least) result = std::max(result, wanted(tp, fp));
    }
    return result;
  };
  const auto sensitivity = [](double tp, double) { return tp / 4; };
  const auto specificity = [](double, double fp) { return 1 - fp / 3; };
  const auto precision = [](double tp, double fp) { return tp + fp > 0 ? tp / (tp + fp) : 0; };
  for (const double least : {0.0, 0.3, 0.5, 0.7, 0.9, 1.0}) {
    for (const char* more : {"", " num_thresholds: 17"}) {  // In steps of 1/16, as the scores.
      const auto number = [&](const char* kind, const char* field) {
        return Number(Metric(kind, absl::StrCat(field, ": ", least, more)), "shape: 1", 1, kScores,
                      kYes);
      };
      EXPECT_NEAR(number("sensitivity_at_specificity", "specificity"),
                  best(least, specificity, sensitivity), 1e-12)
          << least;
      EXPECT_NEAR(number("specificity_at_sensitivity", "sensitivity"),
                  best(least, sensitivity, specificity), 1e-12)
          << least;
      EXPECT_NEAR(number("precision_at_recall", "recall"), best(least, sensitivity, precision),
                  1e-12)
          << least;
      EXPECT_NEAR(number("recall_at_precision", "precision"), best(least, precision, sensitivity),
                  1e-12)
          << least;
    }
  }
  // Keras' manual: 0.5, from predictions 0, 0.5, 0.3, 0.9 of labels 0, 0, 1, 1 at 0.5.
  EXPECT_EQ(Number(Metric("sensitivity_at_specificity", "specificity: 0.5"), "shape: 1", 1,
                   {0, 0.5, 0.3, 0.9, 0.8}, {0, 0, 0, 1, 1}),
            1);
  EXPECT_TRUE(std::isnan(
      Number(Metric("precision_at_recall", "recall: 0.5"), "shape: 1", 1, {0.5, 0.2}, {1, 1})));
}

TEST(UnionsTest, AreTheExamplesOfKeras) {
  // Labels 0 0 1 1, predictions 0 1 0 1: confusion [[1, 1], [1, 1]], each 1 / (2 + 2 - 1).
  const Numbers p = {1, 0, 0, 1, 1, 0, 0, 1}, y = {0, 0, 1, 1};
  EXPECT_NEAR(Number(Metric("mean_iou"), "type: INT32", 2, p, y), 1.0 / 3, 1e-15);
  EXPECT_NEAR(Number(Metric("iou", "target_class_ids: [0]"), "type: INT32", 2, p, y), 1.0 / 3,
              1e-15);
  // Labels 0 1 2 2, predictions 0 1 2 0.
  const Numbers three = {1, 0, 0, 0, 1, 0, 0, 0, 1, 1, 0, 0}, of_three = {0, 1, 2, 2};
  EXPECT_NEAR(Number(Metric("iou", "target_class_ids: [0, 1]"), "type: INT32", 3, three, of_three),
              0.75, 1e-15);
  EXPECT_NEAR(Number(Metric("mean_iou"), "type: INT32", 3, three, of_three), 2.0 / 3, 1e-15);
  // Yes or no: tp 3, fp 1, fn 1.
  EXPECT_EQ(Number(Metric("iou"), "shape: 1", 1, kScores, kYes), 0.6);
  EXPECT_TRUE(absl::StrContains(
      BuildMetric(Metric("iou", "target_class_ids: [2]"), "type: INT32", 2).errors,
      "target_class_ids 2 is not below the number of classes, 2"));
}

TEST(ChosenClassesTest, CountOneNumberOrTheLargest) {
  // Keras' manual of Precision with top_k 2: labels 0 0 1 1, predictions 1 1 1 1 hold ties; here none.
  const Numbers p = {.5, .3, .2, .1, .2, .7, .4, .35, .25}, one_hot = {0, 1, 0, 0, 0, 1, 1, 0, 0};
  const Numbers classes = {1, 2, 0};
  EXPECT_NEAR(Number(Metric("precision", "top_k: 2"), "shape: 3", 3, p, one_hot), 3.0 / 6, 1e-15);
  EXPECT_EQ(Number(Metric("recall", "top_k: 1"), "type: INT32", 3, p, classes), 2.0 / 3);
  // Class 2: one is labelled, and predicted above 1/2 once.
  EXPECT_EQ(Number(Metric("precision", "class_id: 2"), "type: INT32", 3, p, classes), 1);
  EXPECT_EQ(Number(Metric("recall", "class_id: 1"), "shape: 3", 3, p, one_hot), 0);
  EXPECT_EQ(Number(Metric("recall", "class_id: 1 top_k: 2"), "shape: 3", 3, p, one_hot), 1);
  EXPECT_TRUE(absl::StrContains(BuildMetric(Metric("recall", "class_id: 3"), "shape: 3", 3).errors,
                                "class_id 3 is not below the 3 numbers of a prediction"));
  EXPECT_TRUE(absl::StrContains(
      BuildMetric(Metric("recall", "class_id: 1 average: MACRO"), "shape: 3", 3).errors,
      "class_id is of average: BINARY"));
  EXPECT_TRUE(absl::StrContains(
      BuildMetric(Metric("recall", "top_k: 1 threshold: 0.5"), "shape: 3", 3).errors,
      "top_k says which predictions count as yes"));
}

TEST(CorrelationsTest, AreOverAllExamples) {
  const Numbers p = {1, 2, 4, 3, 7, 5}, y = {2, 1, 5, 3, 6, 9};
  double sums[5] = {0, 0, 0, 0, 0};
  for (size_t i = 0; i < 6; ++i) {
    sums[0] += p[i] / 6, sums[1] += y[i] / 6;
  }
  for (size_t i = 0; i < 6; ++i) {
    sums[2] += (p[i] - sums[0]) * (p[i] - sums[0]) / 6;
    sums[3] += (y[i] - sums[1]) * (y[i] - sums[1]) / 6;
    sums[4] += (p[i] - sums[0]) * (y[i] - sums[1]) / 6;
  }
  EXPECT_NEAR(Number(Metric("pearson_correlation"), "shape: 1", 1, p, y),
              sums[4] / std::sqrt(sums[2] * sums[3]), 1e-12);
  EXPECT_NEAR(Number(Metric("concordance_correlation"), "shape: 1", 1, p, y),
              2 * sums[4] / (sums[2] + sums[3] + std::pow(sums[0] - sums[1], 2)), 1e-12);
  EXPECT_NEAR(Number(Metric("concordance_correlation"), "shape: 1", 1, y, y), 1, 1e-12);
  EXPECT_TRUE(
      std::isnan(Number(Metric("pearson_correlation"), "shape: 1", 1, {1, 1, 1, 1, 1, 1}, y)));
}

TEST(CorrelationsTest, OfAConstantAreNotMadeOfRounding) {
  // 1000 times the square of the float nearest to 0.7, less 0.7's share of it, is 1e-14 in double.
  const double constant = static_cast<double>(0.7f);
  Numbers p(1000, constant), y;
  for (int i = 0; i < 1000; ++i) y.push_back(i % 7);
  EXPECT_TRUE(std::isnan(Number(Metric("pearson_correlation"), "shape: 1", 1, p, y)));
  EXPECT_EQ(Number(Metric("concordance_correlation"), "shape: 1", 1, p, y), 0);
  EXPECT_TRUE(std::isnan(Number(Metric("concordance_correlation"), "shape: 1", 1, p, p)));
}

TEST(CorrelationsTest, OfSmallDifferencesOfLargeNumbersAreNoConstants) {
  // 0, 1 or 3 above 2^21: the variance is 3.5e-13 of the mean's square. 2001 sums may round away 4.4e-13 of it; that they all do so the same way
  // is as good as impossible, and a twentieth of it is 0.06 of the variance, 0.03 of its root.
  Numbers p, y;
  for (int i = 0; i < 2001; ++i) {
    y.push_back(0x1p21 + (i % 3 == 2 ? 3 : i % 3));
    p.push_back(i % 3 == 2 ? 3 : i % 3);
  }
  EXPECT_NEAR(Number(Metric("pearson_correlation"), "shape: 1", 1, p, y), 1, 0.05);
}

TEST(CosineSimilarityMetricTest, IsTheCosineOfTheAngle) {
  // Keras' manual: (0 + 1 / sqrt(2) / sqrt(2) 2) / 2 = 0.5.
  EXPECT_NEAR(Number(Metric("cosine_similarity"), "shape: 2", 2, {1, 0, 1, 1}, {0, 1, 1, 1}), 0.5,
              1e-15);
  EXPECT_EQ(Number(Metric("cosine_similarity"), "shape: 2", 2, {0, 0}, {3, 4}), 0);
}

TEST(LossesAsMetricsTest, AreTheMeansOfTheLosses) {
  EXPECT_NEAR(Number(Metric("hinge"), "shape: 1", 1, {0.5, -2, 0.25}, {1, -1, -1}),
              (0.5 + 0 + 1.25) / 3, 1e-6);
  EXPECT_NEAR(Number(Metric("poisson"), "shape: 1", 1, {1, 2}, {0, 0}), 1.5, 1e-6);
  EXPECT_NEAR(
      Number(Metric("binary_crossentropy", "label_smoothing: 0.5"), "shape: 1", 1, {0.25}, {1}),
      -(0.75 * std::log(0.25) + 0.25 * std::log(0.75)), 1e-6);
  EXPECT_NEAR(
      Number(Metric("sparse_categorical_crossentropy"), "type: INT32", 2, {0.25, 0.75}, {1}),
      -std::log(0.75), 1e-6);
  for (const char* kind :
       {"huber", "log_cosh", "squared_hinge", "mean_squared_logarithmic_error"}) {
    EXPECT_NEAR(Number(Metric(kind), "shape: 1", 1, {1, 1}, {1, 1}), 0, 1e-6) << kind;
  }
  for (const char* kind : {"categorical_crossentropy", "categorical_hinge", "kl_divergence"}) {
    EXPECT_NEAR(Number(Metric(kind), "shape: 2", 2, {1, 0}, {1, 0}), 0, 1e-6) << kind;
  }
  // What is only shown says nothing of what predictions mean.
  EXPECT_TRUE(BuildMetric(Metric("hinge"), "shape: 1", 1).model.meanings.empty());
}

}  // namespace
}  // namespace gradus
