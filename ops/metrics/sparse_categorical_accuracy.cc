// Whether the largest prediction stands at the place that the label names; the first of equals counts, as in Keras.
//
//   metric { name: "accuracy" sparse_categorical_accuracy { prediction: "logits" label: "digit" } }

#include <memory>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

class SparseCategoricalAccuracy final : public TypedLayer<metric::SparseCategoricalAccuracy> {
  void Build(const metric::SparseCategoricalAccuracy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadClasses(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    Emitter& emit = scope->emit();
    scope->SetOutput(
        emit(op::Equal(), {emit(op::Argmax(), {pair.prediction}), pair.label}));
    scope->SetSummary(std::make_shared<const MeanSummary>(Goal::kMore));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.sparse_categorical_accuracy",
                SparseCategoricalAccuracy);

}  // namespace
}  // namespace gradus
