// |p - y|, mean over everything behind the batch.
//
//   loss { mean_absolute_error { prediction: "price" label: "paid" } }

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

class MeanAbsoluteError final : public TypedLayer<loss::MeanAbsoluteError> {
  void Build(const loss::MeanAbsoluteError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kInUnits);
    Emitter& emit = scope->emit();
    const Value difference = emit(op::Sub(), {pair.prediction, pair.label});
    scope->SetOutput(MeanPerExample(emit(op::Abs(), {difference}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.mean_absolute_error", MeanAbsoluteError);

}  // namespace
}  // namespace gradus
