// 100 |p - y| / max(|y|, 1e-7), mean over everything behind the batch: keras.losses.
//
//   loss { mean_absolute_percentage_error { prediction: "price" label: "paid" } }
//
// NOTE: as in Keras a label 0 is divided by 1e-7, so that one such example outweighs all others.

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()

class MeanAbsolutePercentageError final : public TypedLayer<loss::MeanAbsolutePercentageError> {
  void Build(const loss::MeanAbsolutePercentageError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kInUnits);
    Emitter& emit = scope->emit();
    op::Clip at_least;
    at_least.set_min(kEpsilon);
    const Value size = emit(at_least, {emit(op::Abs(), {pair.label})});
    const Value difference = emit(op::Abs(), {emit(op::Sub(), {pair.prediction, pair.label})});
    const Value mean = MeanPerExample(emit(op::Div(), {difference, size}), emit);
    scope->SetOutput(emit(op::Mul(), {mean, emit.Constant(100)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.mean_absolute_percentage_error",
                MeanAbsolutePercentageError);

}  // namespace
}  // namespace gradus
