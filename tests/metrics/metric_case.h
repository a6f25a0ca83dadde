// One metric "m" on numbers: the prediction "l", which is the input "p", against the label "y".

#ifndef GRADUS_TESTS_METRICS_METRIC_CASE_H_
#define GRADUS_TESTS_METRICS_METRIC_CASE_H_

#include <algorithm>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/train/metric_sums.h"
#include "gtest/gtest.h"
#include "tests/testing/model_text.h"
#include "tests/testing/reference_executor.h"

namespace gradus {

using Numbers = std::vector<double>;

// The model; `label` is the text of the label's shape and type.
inline BuiltModel BuildMetric(absl::string_view metric, absl::string_view label, int64_t width) {
  return BuildModel(
      absl::StrCat("input { name: \"p\" shape: ", width, " } input { name: \"y\" ", label, " }",
                   "layer { name: \"l\" input: \"p\" activation { function: LINEAR } }",
                   "metric { name: \"m\" ", metric, " }"));
}

// The metric's sums over all rows of "p" [rows, width] and "y", `batch` rows at a time.
inline MetricSums SumsOf(const ModelGraph& model, int64_t width, const Numbers& p, const Numbers& y,
                         int64_t batch) {
  const Graph& graph = model.graph;
  const int64_t rows = static_cast<int64_t>(p.size()) / width;
  const int64_t label_width = static_cast<int64_t>(y.size()) / rows;
  MetricSums total, sums;
  for (int64_t begin = 0; begin < rows; begin += batch) {
    const int64_t count = std::min(batch, rows - begin);
    const auto part = [&](const Numbers& all, int64_t n) {
      return Numbers(all.begin() + begin * n, all.begin() + (begin + count) * n);
    };
    ReferenceLeaves leaves = {
        {graph.inputs()[0], {{count, width}, part(p, width)}},
        {graph.inputs()[1], {graph.spec(graph.inputs()[1]).shape.At(count), part(y, label_width)}}};
    for (const ModelScalar& number : model.hyperparameters) {
      leaves[graph.FindLeaf(Leaf::kScalar, number.name)] = {{}, {number.value}};
    }
    auto result = EvaluateReference(graph, leaves, count, {model.metrics[0].value});
    EXPECT_TRUE(result.ok()) << result.status();
    if (!result.ok()) return total;
    const std::vector<float> values((*result)[0].values.begin(), (*result)[0].values.end());
    SumValues({values}, {}, model.metrics, count, &sums);
    total.Add(sums);
  }
  return total;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_METRICS_METRIC_CASE_H_
