// Dice loss: 1 - 2 sum y p / (sum y + sum p), over everything behind the batch: keras.losses.Dice with all axes but the first. Without axes
// Keras sums over the batch, too, so that an example's loss depends on its neighbours.
//
//   loss { dice { prediction: "mask" label: "organ" } }

#include "gradus/loss.pb.h"
#include "ops/losses/overlap.h"

namespace gradus {
namespace {

class Dice final : public TypedLayer<loss::Dice> {
  void Build(const loss::Dice& config, LayerScope* scope) const override {
    scope->SetMeaning(config, PredictionMeaning::kYesProbabilities);
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    Emitter& emit = scope->emit();
    const Value both = SumPerExample(emit(op::Mul(), {pair.prediction, pair.label}), emit);
    const Value each = SumPerExample(emit(op::Add(), {pair.prediction, pair.label}), emit);
    scope->SetOutput(OneMinusPart(emit(op::Mul(), {both, emit.Constant(2)}), each, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.dice", Dice);

}  // namespace
}  // namespace gradus
