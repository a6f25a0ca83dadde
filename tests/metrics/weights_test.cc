// Weights of examples in metrics: an example of weight 3 counts as three, of weight 0 as none, for every metric that there is.

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/strip.h"
#include "gradus/train/metric_sums.h"
#include "gtest/gtest.h"
#include "tests/testing/model_text.h"
#include "tests/testing/reference_executor.h"

namespace gradus {
namespace {

using Numbers = std::vector<double>;

constexpr int64_t kRows = 41;

// What a metric measures: predictions "p" of a width, labels "y" of a type and width.
struct Data {
  int64_t width = 1, label_width = 1;
  bool classes = false;  // Labels are INT32.
  Numbers p, y, w;
};

std::string InputsOf(const Data& data) {
  return absl::StrCat("input { name: \"p\" shape: ", data.width, " } input { name: \"y\" ",
                      data.classes ? "type: INT32" : absl::StrCat("shape: ", data.label_width),
                      " } input { name: \"w\" } layer { name: \"l\" input: \"p\" activation { "
                      "function: LINEAR } }");
}

// Numbers in (0, 1) that floats hold exactly, some of them equal.
double Random(uint64_t* seed) {
  *seed = *seed * 6364136223846793005u + 1442695040888963407u;
  return static_cast<double>((*seed >> 33) % 63 + 1) / 64;
}

Data Make(int64_t width, bool one_hot, bool classes) {
  Data data;
  data.width = width;
  data.classes = classes;
  data.label_width = classes ? 1 : width;
  uint64_t seed = 11;
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t k = 0; k < width; ++k) data.p.push_back(Random(&seed));
    const int64_t place = static_cast<int64_t>(Random(&seed) * static_cast<double>(width));
    if (classes) data.y.push_back(static_cast<double>(place));
    for (int64_t k = 0; !classes && k < width; ++k) {
      data.y.push_back(one_hot ? static_cast<double>(k == place) : Random(&seed) > 0.5);
    }
    data.w.push_back(std::floor(Random(&seed) * 4));
  }
  return data;
}

// Each example as often as its weight says.
Data Repeated(const Data& data) {
  Data all = data;
  all.p.clear(), all.y.clear(), all.w.clear();
  for (int64_t i = 0; i < kRows; ++i) {
    for (int64_t times = 0; times < static_cast<int64_t>(data.w[i]); ++times) {
      all.p.insert(all.p.end(), &data.p[i * data.width], &data.p[i * data.width] + data.width);
      all.y.insert(all.y.end(), &data.y[i * data.label_width],
                   &data.y[i * data.label_width] + data.label_width);
      all.w.push_back(1);
    }
  }
  return all;
}

double Number(const ModelGraph& model, const Data& data, int64_t batch) {
  const Graph& graph = model.graph;
  const int64_t rows = static_cast<int64_t>(data.w.size());
  MetricSums total, sums;
  for (int64_t begin = 0; begin < rows; begin += batch) {
    const int64_t count = std::min(batch, rows - begin);
    ReferenceLeaves leaves;
    const std::pair<const Numbers*, int64_t> all[] = {
        {&data.p, data.width}, {&data.y, data.label_width}, {&data.w, 1}};
    for (int k = 0; k < 3; ++k) {
      const Value input = graph.inputs()[k];
      const auto from = all[k].first->begin() + begin * all[k].second;
      leaves[input] = {graph.spec(input).shape.At(count),
                       Numbers(from, from + count * all[k].second)};
    }
    const auto result = EvaluateReference(graph, leaves, count, {model.metrics[0].value});
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return 0;
    const std::vector<float> values((*result)[0].values.begin(), (*result)[0].values.end());
    SumValues({values}, {}, model.metrics, count, &sums);
    total.Add(sums);
  }
  EXPECT_TRUE(CheckSums(total, model.metrics).ok());
  std::vector<double> numbers;
  FinishSums(total, model.metrics, &numbers);
  return numbers.back();
}

std::string MetricOf(const std::string& kind, const std::string& more) {
  return absl::StrCat(" metric { ", more, " ", kind, " { prediction: \"l\" label: \"y\" } }");
}

TEST(WeightsTest, AnExampleOfWeightThreeCountsAsThreeInEveryMetric) {
  const std::string prefix = "gradus.MetricConfig.";
  int seen = 0;
  for (const std::string& key : Registry<Layer>::Get().Keys()) {
    if (!absl::StartsWith(key, prefix)) continue;
    const std::string kind(absl::StripPrefix(key, prefix));
    std::string required;
    if (kind == "sensitivity_at_specificity") required = "specificity: 0.5";
    if (kind == "specificity_at_sensitivity") required = "sensitivity: 0.5";
    if (kind == "precision_at_recall") required = "recall: 0.5";
    if (kind == "recall_at_precision") required = "precision: 0.5";
    if (absl::StrContains(kind, "top_k")) required = "k: 2";
    const std::string metric =
        absl::StrCat(kind, " { prediction: \"l\" label: \"y\" ", required, " }");
    bool measured = false;
    for (const Data& data : {Make(1, false, false), Make(4, true, false), Make(4, false, true)}) {
      const BuiltModel plain = BuildModel(absl::StrCat(InputsOf(data), "metric { ", metric, " }"));
      if (!plain.errors.empty()) continue;  // A metric of other labels.
      const BuiltModel weighted =
          BuildModel(absl::StrCat(InputsOf(data), "metric { example_weight: \"w\" ", metric, " }"));
      ASSERT_EQ(weighted.errors, "") << metric;
      EXPECT_TRUE(weighted.model.metrics[0].weighted);
      const Data repeated = Repeated(data);
      const double expected =
          Number(plain.model, repeated, static_cast<int64_t>(repeated.w.size()));
      for (const int64_t batch : {kRows, int64_t{1}, int64_t{7}}) {
        const double number = Number(weighted.model, data, batch);
        if (std::isnan(expected)) {
          EXPECT_TRUE(std::isnan(number)) << metric;
        } else {
          // Sums in another order.
          EXPECT_NEAR(number, expected, 1e-12 * (1 + std::abs(expected))) << metric << " " << batch;
        }
      }
      Data ones = data;
      ones.w.assign(kRows, 1);
      const double one = Number(weighted.model, ones, 7), none = Number(plain.model, ones, 7);
      EXPECT_TRUE(one == none || (std::isnan(one) && std::isnan(none))) << metric;
      measured = true;
    }
    EXPECT_TRUE(measured) << kind << " has been measured on no data";
    ++seen;
  }
  EXPECT_GE(seen, 15);
}

TEST(WeightsTest, FractionsAreScikitLearnsSampleWeight) {
  Data data;
  data.p = {0.5, 2, 3, 4.5}, data.y = {1, 2, 2, 5}, data.w = {0.5, 2, 0, 1.25};
  const auto number = [&](const std::string& kind) {
    const BuiltModel built = BuildModel(InputsOf(data) + MetricOf(kind, "example_weight: \"w\""));
    EXPECT_EQ(built.errors, "");
    return Number(built.model, data, 3);
  };
  double weights = 0, squares = 0, distances = 0, mean = 0, spread = 0;
  for (int i = 0; i < 4; ++i) weights += data.w[i], mean += data.w[i] * data.y[i];
  mean /= weights;
  for (int i = 0; i < 4; ++i) {
    const double error = data.p[i] - data.y[i];
    squares += data.w[i] * error * error;
    distances += data.w[i] * std::abs(error);
    spread += data.w[i] * (data.y[i] - mean) * (data.y[i] - mean);
  }
  EXPECT_NEAR(number("mean_squared_error"), squares / weights, 1e-15);
  EXPECT_NEAR(number("mean_absolute_error"), distances / weights, 1e-15);
  EXPECT_NEAR(number("r2_score"), 1 - squares / spread, 1e-14);
  data.w = {0, 0, 0, 0};  // Nothing counts.
  EXPECT_TRUE(std::isnan(number("mean_absolute_error")));
}

TEST(WeightsTest, TheirSumIsOneOfTheSums) {
  const Data data = Make(1, false, false);
  const BuiltModel built =
      BuildModel(InputsOf(data) + MetricOf("precision", "name: \"m\" example_weight: \"w\"") +
                 MetricOf("auc", "example_weight: \"w\"") +
                 MetricOf("binary_accuracy", "example_weight: \"w\""));
  ASSERT_EQ(built.errors, "");
  EXPECT_EQ(SumNames(built.model.metrics),
            (std::vector<std::string>{"m/true_positives", "m/false_positives", "m/false_negatives",
                                      "m/example_weights", "binary_accuracy",
                                      "binary_accuracy/example_weights"}));
  EXPECT_EQ(built.model.metrics[1].width, 3);  // Score, label, weight: the rows are kept.
}

TEST(WeightsTest, WhatIsNoInputOfOneNumberIsRefused) {
  const Data data = Make(1, false, false);
  const auto errors = [&](const std::string& input, const std::string& weight) {
    return BuildModel(InputsOf(data) + input +
                      MetricOf("binary_accuracy", "example_weight: \"" + weight + "\""))
        .errors;
  };
  EXPECT_TRUE(absl::StrContains(errors("", "ww"),
                                "metric \"binary_accuracy\": no input is called \"ww\"; "
                                "did you mean \"w\"? [metric[0].example_weight]"))
      << errors("", "ww");
  EXPECT_TRUE(absl::StrContains(errors("", "l"),
                                "example_weight \"l\" is a layer; the weights of examples are an "
                                "input"))
      << errors("", "l");
  EXPECT_TRUE(absl::StrContains(errors("input { name: \"v\" shape: 2 }", "v"),
                                "example_weight \"v\" is FLOAT32 [batch, 2], not one FLOAT32 "
                                "number per example"))
      << errors("input { name: \"v\" shape: 2 }", "v");
}

}  // namespace
}  // namespace gradus
