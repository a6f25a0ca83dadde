// Whether the largest prediction and the largest label stand at the same place; the first of equals counts, as in Keras.
//
//   metric { name: "accuracy" categorical_accuracy { prediction: "logits" label: "one_hot" } }

#include <memory>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

class CategoricalAccuracy final : public TypedLayer<metric::CategoricalAccuracy> {
  void Build(const metric::CategoricalAccuracy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    Emitter& emit = scope->emit();
    const Value same = emit(op::Equal(), {emit(op::Argmax(), {pair.prediction}),
                                          emit(op::Argmax(), {pair.label})});
    scope->SetOutput(MeanPerExample(same, emit));
    scope->SetSummary(std::make_shared<const MeanSummary>(Goal::kMore));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.categorical_accuracy", CategoricalAccuracy);

}  // namespace
}  // namespace gradus
