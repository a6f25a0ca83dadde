// What the two top-k accuracies share: whether fewer than k predictions are larger than the label's. Equals do not push each other out, as
// in tf.math.in_top_k; a label whose prediction is not finite is not among them.

#ifndef GRADUS_OPS_METRICS_TOP_K_H_
#define GRADUS_OPS_METRICS_TOP_K_H_

#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {

// Rows are the predictions of all classes, then the label's class.
class TopKSummary final : public MetricSummary {
 public:
  explicit TopKSummary(int64_t k) : k_(k) {}

  std::vector<std::string> SumNames() const override { return {""}; }
  void Add(absl::Span<const float> row, double weight, absl::Span<double> sums) const override {
    const size_t classes = row.size() - 1;
    const float own = row[static_cast<size_t>(row[classes])];
    int64_t larger = 0;
    for (size_t i = 0; i < classes; ++i) larger += row[i] > own;
    sums[0] += std::isfinite(own) && larger < k_ ? weight : 0;
  }
  double Finish(const MetricTotals& totals) const override {
    return totals.sums[0] / totals.weight;
  }
  Goal goal() const override { return Goal::kMore; }

 private:
  const int64_t k_;
};

// `one_hot` has a line of the prediction's width for each example.
inline void BuildTopK(Value prediction, Value one_hot, int64_t k, LayerScope* scope) {
  Emitter& emit = scope->emit();
  const Shape& shape = scope->spec(prediction).shape;
  if (shape.rank() != 2) {
    scope->Error(
        "shape", "prediction",
        absl::StrCat("prediction has the shape ", shape.ToString(), ", not [batch, classes]"));
    return;
  }
  if (k >= shape.dim(1).k) {
    scope->Error("out-of-range", "k",
                 absl::StrCat("k ", k, " is not below the number of classes, ", shape.dim(1).k,
                              ", so that every label would be among them"));
    return;
  }
  const Value label = emit(op::Cast(), {emit(op::Argmax(), {one_hot})});
  op::Concat concat;
  concat.set_axis(1);
  scope->SetOutput(emit(concat, {prediction, emit.Reshape(label, Shape::Batched({1}))}));
  scope->SetSummary(std::make_shared<const TopKSummary>(k));
}

}  // namespace gradus

#endif  // GRADUS_OPS_METRICS_TOP_K_H_
