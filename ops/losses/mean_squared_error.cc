// (p - y)^2, mean over everything behind the batch.
//
//   loss { mean_squared_error { prediction: "price" label: "paid" } }

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

class MeanSquaredError final : public TypedLayer<loss::MeanSquaredError> {
  void Build(const loss::MeanSquaredError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kInUnits);
    Emitter& emit = scope->emit();
    const Value difference = emit(op::Sub(), {pair.prediction, pair.label});
    scope->SetOutput(MeanPerExample(emit(op::Square(), {difference}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.mean_squared_error", MeanSquaredError);

}  // namespace
}  // namespace gradus
