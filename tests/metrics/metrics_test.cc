// Metrics on numbers, with Keras' rules for thresholds and ties.

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gtest/gtest.h"
#include "tests/testing/model_text.h"
#include "tests/testing/reference_executor.h"

namespace gradus {
namespace {

using Numbers = std::vector<double>;

// One metric on the inputs "p" [rows, width] and "y".
Numbers Evaluate(absl::string_view metric, absl::string_view label, int64_t width, const Numbers& p,
                 const Numbers& y) {
  BuiltModel built = BuildModel(
      absl::StrCat("input { name: \"p\" shape: ", width, " } input { name: \"y\" ", label, " }",
                   "layer { name: \"l\" input: \"p\" activation { function: LINEAR } }",
                   "metric { ", metric, " }"));
  EXPECT_EQ(built.errors, "");
  if (!built.errors.empty()) return {};
  const Graph& graph = built.model.graph;
  const int64_t rows = static_cast<int64_t>(p.size()) / width;
  const Value label_value = graph.inputs()[1];
  auto result = EvaluateReference(
      graph,
      {{graph.inputs()[0], {{rows, width}, p}},
       {label_value, {graph.spec(label_value).shape.At(rows), y}}},
      rows, {built.model.metrics[0].value});
  EXPECT_TRUE(result.ok()) << result.status();
  return result.ok() ? (*result)[0].values : Numbers();
}

TEST(BinaryAccuracyTest, CountsTheThresholdItselfAsZero) {
  const char* metric = "binary_accuracy { prediction: \"l\" label: \"y\" }";
  EXPECT_EQ(Evaluate(metric, "shape: 1", 1, {0.5, 0.5, 0.51, 0.49}, {0, 1, 1, 1}),
            (Numbers{1, 0, 1, 0}));
  EXPECT_EQ(Evaluate(metric, "", 1, {0.9, 0.1}, {0, 0}), (Numbers{0, 1}));
}

TEST(BinaryAccuracyTest, TakesLogitsWithThresholdZero) {
  EXPECT_EQ(Evaluate("binary_accuracy { prediction: \"l\" label: \"y\" threshold: 0 }", "shape: 1",
                     1, {0.2, -0.2}, {1, 0}),
            (Numbers{1, 1}));
}

TEST(BinaryAccuracyTest, IsTheMeanOverTheLastAxis) {
  EXPECT_EQ(Evaluate("binary_accuracy { prediction: \"l\" label: \"y\" }", "shape: 2", 2,
                     {0.9, 0.1, 0.9, 0.9}, {1, 0, 0, 1}),
            (Numbers{1, 0.5}));
}

TEST(CategoricalAccuracyTest, ComparesThePlacesOfTheLargestAndTheFirstOfEqualsCounts) {
  EXPECT_EQ(Evaluate("categorical_accuracy { prediction: \"l\" label: \"y\" }", "shape: 3", 3,
                     {1, 2, 2, 3, 3, 0, 0, 0, 1}, {0, 1, 0, 0, 1, 0, 0, 0, 1}),
            (Numbers{1, 0, 1}));
}

TEST(SparseCategoricalAccuracyTest, TheFirstOfEqualsCounts) {
  for (const char* label : {"type: INT32", "type: INT32 shape: 1"}) {
    EXPECT_EQ(Evaluate("sparse_categorical_accuracy { prediction: \"l\" label: \"y\" }", label, 3,
                       {1, 2, 2, 1, 2, 2, 5, 0, 0}, {1, 2, 0}),
              (Numbers{1, 0, 1}));
  }
}

TEST(MeanAbsoluteErrorMetricTest, IsTheMeanOverTheLastAxis) {
  EXPECT_EQ(Evaluate("mean_absolute_error { prediction: \"l\" label: \"y\" }", "shape: 2", 2,
                     {1, 2, 3, 4}, {0, 4, 3.5, 1}),
            (Numbers{1.5, 1.75}));
}

}  // namespace
}  // namespace gradus
