// |p - y|, mean over everything behind the batch.
//
//   metric { mean_absolute_error { prediction: "price" label: "paid" } }

#include <memory>

#include "gradus/graph/per_example.h"
#include "gradus/metric.pb.h"

namespace gradus {
namespace {

class MeanAbsoluteError final : public TypedLayer<metric::MeanAbsoluteError> {
  void Build(const metric::MeanAbsoluteError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair =
        ReadPairForDifferences(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    Emitter& emit = scope->emit();
    const Value difference = emit(op::Sub(), {pair.prediction, pair.label});
    scope->SetOutput(MeanPerExample(emit(op::Abs(), {difference}), emit));
    scope->SetSummary(std::make_shared<const MeanSummary>(Goal::kLess));
  }
};

GRADUS_REGISTER(Layer, "gradus.MetricConfig.mean_absolute_error", MeanAbsoluteError);

}  // namespace
}  // namespace gradus
