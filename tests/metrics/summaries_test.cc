// Metrics that are made of sums or rows, against plain loops in double and the examples of scikit-learn's and Keras' manuals; the same
// number whatever batches the examples came in.

#include <algorithm>
#include <cmath>
#include <limits>
#include <string>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/metrics/metric_case.h"

namespace gradus {
namespace {

// The number, which is the same for batches of all sizes but for the last bits of sums in another order.
double Number(absl::string_view metric, absl::string_view label, int64_t width, const Numbers& p,
              const Numbers& y) {
  const BuiltModel built = BuildMetric(metric, label, width);
  EXPECT_EQ(built.errors, "");
  if (!built.errors.empty()) return 0;
  const int64_t rows = static_cast<int64_t>(p.size()) / width;
  std::vector<double> first, numbers;
  for (const int64_t batch : {rows, int64_t{1}, int64_t{2}, int64_t{3}, rows - 1}) {
    if (batch < 1) continue;
    FinishSums(SumsOf(built.model, width, p, y, batch), built.model.metrics, &numbers);
    EXPECT_EQ(numbers.size(), 2u);
    if (first.empty()) first = numbers;
    if (std::isnan(first.back())) {
      EXPECT_TRUE(std::isnan(numbers.back())) << batch;
    } else {
      EXPECT_NEAR(numbers.back(), first.back(), 1e-12 * (1 + std::abs(first.back()))) << batch;
    }
  }
  return first.back();
}

std::string Errors(absl::string_view metric, absl::string_view label, int64_t width) {
  return BuildMetric(metric, label, width).errors;
}

// Numbers in [0, 1) in steps of 1 / `steps`, so that some are equal; floats hold them exactly when it is a power of 2.
Numbers Scores(int count, int steps, uint64_t seed) {
  Numbers scores;
  for (int i = 0; i < count; ++i) {
    seed = seed * 6364136223846793005u + 1442695040888963407u;
    scores.push_back(static_cast<double>((seed >> 33) % static_cast<uint64_t>(steps)) / steps);
  }
  return scores;
}

Numbers Labels(int count, uint64_t seed) {
  Numbers labels = Scores(count, 2, seed);
  for (double& label : labels) label = label > 0 ? 1 : 0;
  return labels;
}

constexpr char kPair[] = " { prediction: \"l\" label: \"y\" ";

std::string Metric(absl::string_view kind, absl::string_view more = "") {
  return absl::StrCat(kind, kPair, more, " }");
}

TEST(PositivesTest, CountOfAllExamplesWhatIsAboveTheThreshold) {
  const Numbers p = {.875, .375, .625, .125, .75, .5, .6875}, y = {1, 1, 0, 0, 1, 0, 1};
  // Above 0.5: 3 of 4 positives, and one other.
  for (const char* kind : {"precision", "recall", "f1_score"}) {
    EXPECT_EQ(Number(Metric(kind), "shape: 1", 1, p, y), 0.75) << kind;
  }
  // Above 0.25: all 4, and two others.
  EXPECT_EQ(Number(Metric("precision", "threshold: 0.25"), "shape: 1", 1, p, y), 4.0 / 6);
  EXPECT_EQ(Number(Metric("recall", "threshold: 0.25"), "", 1, p, y), 1);
  EXPECT_EQ(Number(Metric("f1_score", "threshold: 0.25"), "shape: 1", 1, p, y), 0.8);
  // Nothing is predicted, nothing is positive: 0, as in Keras.
  EXPECT_EQ(Number(Metric("precision", "threshold: 1"), "shape: 1", 1, p, y), 0);
  EXPECT_EQ(Number(Metric("recall"), "shape: 1", 1, p, Numbers(7, 0)), 0);
  EXPECT_EQ(Number(Metric("f1_score", "threshold: 1"), "shape: 1", 1, p, Numbers(7, 0)), 0);
}

TEST(PositivesTest, AveragesOverClassesAreScikitLearns) {
  // The example of its manual: labels 0 1 2 0 1 2, predictions 0 2 1 0 0 1.
  const Numbers p = {3, 1, 2, 0, 1, 2, 0, 5, 1, 9, 1, 1, 2, 1, 0, 1, 2, 0};
  const Numbers y = {0, 1, 2, 0, 1, 2};
  const auto number = [&](const char* kind, const char* average) {
    return Number(Metric(kind, absl::StrCat("average: ", average)), "type: INT32", 3, p, y);
  };
  EXPECT_NEAR(number("precision", "MACRO"), 2.0 / 9, 1e-15);
  EXPECT_NEAR(number("precision", "MICRO"), 1.0 / 3, 1e-15);
  EXPECT_NEAR(number("precision", "WEIGHTED"), 2.0 / 9, 1e-15);
  EXPECT_NEAR(number("recall", "MACRO"), 1.0 / 3, 1e-15);
  EXPECT_NEAR(number("recall", "WEIGHTED"), 1.0 / 3, 1e-15);
  EXPECT_NEAR(number("f1_score", "MACRO"), 0.8 / 3, 1e-15);
  EXPECT_NEAR(number("f1_score", "MICRO"), 1.0 / 3, 1e-15);
  // One-hot labels say the same; a fourth class that nobody names changes nothing.
  Numbers one_hot, wider;
  for (size_t i = 0; i < y.size(); ++i) {
    for (int k = 0; k < 3; ++k) one_hot.push_back(k == y[i]);
    for (int k = 0; k < 3; ++k) wider.push_back(p[3 * i + static_cast<size_t>(k)]);
    wider.push_back(-1);
  }
  EXPECT_NEAR(Number(Metric("f1_score", "average: MACRO"), "shape: 3", 3, p, one_hot), 0.8 / 3,
              1e-15);
  EXPECT_NEAR(Number(Metric("f1_score", "average: MACRO"), "type: INT32", 4, wider, y), 0.8 / 3,
              1e-15);
}

TEST(PositivesTest, AThresholdBesideClassesIsRefused) {
  EXPECT_TRUE(absl::StrContains(
      Errors(Metric("precision", "average: MACRO threshold: 0.5"), "type: INT32", 3),
      "metric \"m\": threshold is of average: BINARY; with MACRO the largest prediction names the "
      "class"));
}

// Of all pairs of a positive and another example, how often the positive one is above; equals count half.
double PairsInOrder(const Numbers& p, const Numbers& y) {
  double sum = 0, pairs = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    for (size_t k = 0; k < p.size(); ++k) {
      if (y[i] != 1 || y[k] != 0) continue;
      sum += p[i] > p[k] ? 1 : p[i] == p[k] ? 0.5 : 0;
      pairs += 1;
    }
  }
  return sum / pairs;
}

// The area below precision over recall between the thresholds that are given (strictest first), by small steps along the counts.
double AreaByStrips(const Numbers& p, const Numbers& y, const Numbers& thresholds) {
  double area = 0, tp0 = 0, fp0 = 0, positives = 0;
  for (const double label : y) positives += label;
  for (const double threshold : thresholds) {
    double tp = 0, fp = 0;
    for (size_t i = 0; i < p.size(); ++i) (y[i] == 1 ? tp : fp) += p[i] > threshold;
    constexpr int kStrips = 20000;
    for (int s = 0; s < kStrips && tp > tp0; ++s) {
      const double part = (s + 0.5) / kStrips;
      const double t = tp0 + part * (tp - tp0), f = fp0 + part * (fp - fp0);
      area += t / (t + f) * (tp - tp0) / kStrips;
    }
    tp0 = tp, fp0 = fp;
  }
  return area / positives;
}

TEST(AucTest, RocIsTheChanceThatAPositiveExampleIsAboveAnother) {
  EXPECT_EQ(Number(Metric("auc"), "shape: 1", 1, {.1, .4, .35, .8}, {0, 0, 1, 1}), 0.75);
  for (const int steps : {4, 64, 1 << 20}) {
    const Numbers p = Scores(60, steps, 7), y = Labels(60, 11);
    EXPECT_NEAR(Number(Metric("auc"), "shape: 1", 1, p, y), PairsInOrder(p, y), 1e-12) << steps;
    // Several numbers an example are examples of their own, and any numbers have an order.
    Numbers logits = p;
    for (double& logit : logits) logit = 8 * logit - 3;
    EXPECT_NEAR(Number(Metric("auc"), "shape: 2", 2, logits, y), PairsInOrder(p, y), 1e-12);
  }
}

TEST(AucTest, ThresholdsAreThoseOfKeras) {
  // The example of its manual.
  EXPECT_EQ(Number(Metric("auc", "num_thresholds: 3"), "", 1, {0, .5, .3, .9}, {0, 0, 1, 1}), 0.75);
  // What lies in (k/16, (k+1)/16] is one place, 0 in the first; inside a place there is no order.
  const Numbers p = Scores(80, 64, 5), y = Labels(80, 3);
  Numbers coarse = p;
  for (double& score : coarse) score = std::max(0.0, std::ceil(score * 16) - 1);
  EXPECT_NEAR(Number(Metric("auc", "num_thresholds: 17"), "shape: 1", 1, p, y),
              PairsInOrder(coarse, y), 1e-12);
}

TEST(AucTest, PrecisionOverRecallIsInterpolatedBetweenCounts) {
  EXPECT_NEAR(Number(Metric("auc", "curve: PR"), "shape: 1", 1, {.9, .8, .3, .2}, {1, 1, 0, 0}), 1,
              1e-15);
  for (const int steps : {4, 32, 1 << 20}) {
    const Numbers p = Scores(50, steps, 21), y = Labels(50, 23);
    Numbers thresholds = p;
    std::sort(thresholds.rbegin(), thresholds.rend());
    for (double& threshold : thresholds) threshold -= 1e-9;  // At a score it counts as above.
    // Strips of 1/20000 of a count miss some 1e-9 of the area.
    EXPECT_NEAR(Number(Metric("auc", "curve: PR"), "shape: 1", 1, p, y),
                AreaByStrips(p, y, thresholds), 1e-6)
        << steps;
    Numbers spread;
    for (int i = 8; i >= 0; --i) spread.push_back(i == 8 ? 1.1 : i == 0 ? -0.1 : i / 8.0);
    EXPECT_NEAR(Number(Metric("auc", "curve: PR num_thresholds: 9"), "shape: 1", 1, p, y),
                AreaByStrips(p, y, spread), 1e-6)
        << steps;
  }
}

TEST(AucTest, OfOneClassThereIsNone) {
  for (const char* more : {"", "num_thresholds: 10"}) {
    EXPECT_TRUE(std::isnan(Number(Metric("auc", more), "", 1, {.1, .2}, {1, 1}))) << more;
    EXPECT_TRUE(std::isnan(
        Number(Metric("auc", absl::StrCat("curve: PR ", more)), "", 1, {.1, .2}, {0, 0})))
        << more;
  }
  EXPECT_TRUE(std::isnan(
      Number(Metric("auc"), "", 1, {.1, std::numeric_limits<double>::quiet_NaN(), .3}, {1, 0, 1})));
  EXPECT_TRUE(absl::StrContains(Errors(Metric("auc", "num_thresholds: 1"), "", 1),
                                "num_thresholds 1 gives no curve; it is at least 2, or 0 for all "
                                "predictions"));
}

TEST(ErrorsTest, ArePlainLoopsOverAllExamples) {
  const Numbers p = {1, 2.5, -3, 4, 0.5, 7}, y = {2, 2, -4, 8, 1, 4};
  double squares = 0, parts = 0;
  for (size_t i = 0; i < p.size(); ++i) {
    squares += (p[i] - y[i]) * (p[i] - y[i]) / 6;
    parts += 100 * std::abs((p[i] - y[i]) / y[i]) / 6;
  }
  for (const int64_t width : {1, 2}) {
    const std::string label = absl::StrCat("shape: ", width);
    EXPECT_NEAR(Number(Metric("mean_squared_error"), label, width, p, y), squares, 1e-12);
    EXPECT_NEAR(Number(Metric("root_mean_squared_error"), label, width, p, y), std::sqrt(squares),
                1e-12);
    EXPECT_NEAR(Number(Metric("mean_absolute_percentage_error"), label, width, p, y), parts, 1e-12);
  }
}

TEST(R2ScoreTest, IsScikitLearns) {
  EXPECT_NEAR(Number(Metric("r2_score"), "", 1, {2.5, 0, 2, 8}, {3, -.5, 2, 7}), 0.9486081370449679,
              1e-15);
  // Two numbers an example: the mean of both scores.
  const Numbers p = {0, 2, -1, 2, 8, -5}, y = {.5, 1, -1, 1, 7, -6};
  double mean = 0;
  for (size_t k = 0; k < 2; ++k) {
    const double label = (y[k] + y[2 + k] + y[4 + k]) / 3;
    double errors = 0, spread = 0;
    for (size_t i = k; i < 6; i += 2) {
      errors += (p[i] - y[i]) * (p[i] - y[i]);
      spread += (y[i] - label) * (y[i] - label);
    }
    mean += (1 - errors / spread) / 2;
  }
  EXPECT_NEAR(Number(Metric("r2_score"), "shape: 2", 2, p, y), mean, 1e-14);
}

TEST(R2ScoreTest, LabelsFarFromZeroLoseNothing) {
  // A float's square would: near 1e12 floats are 65536 apart. In double all that is added here is exact.
  const Numbers y = {1e6, 1e6 + 1, 1e6 + 2, 1e6 + 4};
  Numbers p = y;
  for (double& number : p) number += 0.5;
  // The spread is 8.75, the errors are 4 times 1/4.
  EXPECT_NEAR(Number(Metric("r2_score"), "", 1, p, y), 1 - 1 / 8.75, 1e-14);
}

TEST(R2ScoreTest, LabelsThatAreAllTheSameGiveOneOrZero) {
  const Numbers y(1000, 0.125 + 0x1p-20), near(1000, 0.125);
  EXPECT_EQ(Number(Metric("r2_score"), "", 1, y, y), 1);
  EXPECT_EQ(Number(Metric("r2_score"), "", 1, near, y), 0);
  EXPECT_TRUE(std::isnan(Number(Metric("r2_score"), "", 1, {1}, {1})));
}

TEST(TopKTest, EqualsDoNotPushEachOtherOut) {
  const Numbers p = {.1, .9, .8, .05, .05, .95, 1, 1, 1};
  const std::string sparse = Metric("sparse_top_k_categorical_accuracy", "k: 2");
  EXPECT_NEAR(Number(sparse, "type: INT32", 3, p, {2, 1, 0}), 1, 1e-15);
  EXPECT_NEAR(Number(sparse, "type: INT32", 3, p, {0, 0, 2}), 2.0 / 3, 1e-15);
  EXPECT_NEAR(Number(Metric("top_k_categorical_accuracy", "k: 2"), "shape: 3", 3, p,
                     {1, 0, 0, 1, 0, 0, 0, 0, 1}),
              2.0 / 3, 1e-15);
  const double inf = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Number(sparse, "type: INT32", 3, {inf, 1, 0}, {0}), 0);
}

TEST(TopKTest, AKThatEveryLabelIsAmongIsRefused) {
  EXPECT_TRUE(absl::StrContains(
      Errors(Metric("sparse_top_k_categorical_accuracy"), "type: INT32", 3),
      "metric \"m\": k 5 is not below the number of classes, 3, so that every label would be among "
      "them"));
}

TEST(ConfusionMatrixTest, HasALinePerLabelAndAColumnPerPrediction) {
  // scikit-learn's example: labels 2 0 2 2 0 1, predictions 0 0 2 2 0 2.
  const Numbers p = {1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 0, 1}, y = {2, 0, 2, 2, 0, 1};
  const BuiltModel built = BuildMetric(Metric("confusion_matrix"), "type: INT32", 3);
  ASSERT_EQ(built.errors, "");
  for (const int64_t batch : {1, 4, 6}) {
    const auto tables = FinishTables(SumsOf(built.model, 3, p, y, batch), built.model.metrics);
    ASSERT_EQ(tables.size(), 1u);
    EXPECT_EQ(tables[0].name, "m");
    EXPECT_EQ(tables[0].table.columns, 3);
    EXPECT_EQ(tables[0].table.values, (Numbers{2, 0, 0, 0, 0, 1, 1, 0, 2}));
  }
  double loss;
  std::vector<std::pair<std::string, double>> numbers = {{"left from before", 1}};
  FinishSums(SumsOf(built.model, 3, p, y, 6), built.model.metrics, &loss, &numbers);
  EXPECT_TRUE(numbers.empty());  // It is a table only; accuracies are numbers.
  const BuiltModel yes_or_no = BuildMetric(Metric("confusion_matrix", "threshold: 0.25"), "", 1);
  EXPECT_EQ(
      FinishTables(SumsOf(yes_or_no.model, 1, {.5, .25, .3}, {0, 0, 1}, 2), yes_or_no.model.metrics)
          .at(0)
          .table.values,
      (Numbers{1, 1, 0, 1}));
}

TEST(ConfusionMatrixTest, AThresholdBesideClassesIsRefused) {
  EXPECT_TRUE(
      absl::StrContains(Errors(Metric("confusion_matrix", "threshold: 0.5"), "type: INT32", 3),
                        "threshold is of yes or no; of 3 classes the largest prediction names "
                        "the class"));
}

TEST(ClassesTest, WhatIsNotThereIsReportedOnce) {
  for (const char* kind : {"confusion_matrix", "precision"}) {
    const std::string more = kind == std::string("precision") ? "average: MACRO" : "";
    const std::string errors =
        BuildModel(absl::StrCat("input { name: \"p\" shape: 3 } layer { name: \"l\" activation { "
                                "function: LINEAR } } metric { ",
                                kind, " { prediction: \"l\" label: \"yy\" ", more, " } }"))
            .errors;
    EXPECT_TRUE(absl::StrContains(errors, "no layer or input is called \"yy\"")) << errors;
    EXPECT_LE(std::count(errors.begin(), errors.end(), '\n'), 1) << errors;
  }
}

}  // namespace
}  // namespace gradus
