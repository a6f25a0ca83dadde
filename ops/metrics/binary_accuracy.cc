// Whether (p > threshold) equals the label, mean over everything behind the batch. At the threshold itself a prediction counts as zero, as in
// Keras. A label between 0 and 1 is never matched.
//
//   metric { name: "accuracy" binary_accuracy { prediction: "output" label: "malignant" } }
//   metric { binary_accuracy { prediction: "logit" label: "malignant" threshold: 0 } }

#include <memory>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

class BinaryAccuracy final : public TypedLayer<metric::BinaryAccuracy> {
  void Build(const metric::BinaryAccuracy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    Emitter& emit = scope->emit();
    const Value threshold = emit.Constant(static_cast<float>(config.threshold()));
    const Value guess = emit(op::Greater(), {pair.prediction, threshold});
    scope->SetOutput(MeanPerExample(emit(op::Equal(), {guess, pair.label}), emit));
    scope->SetSummary(std::make_shared<const MeanSummary>(Goal::kMore));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.binary_accuracy", BinaryAccuracy);

}  // namespace
}  // namespace gradus
