// Hinge loss: max(1 - y p, 0), mean over everything behind the batch; labels are -1 and 1.
//
//   loss { hinge { prediction: "score" label: "spam" } }
//
// A label 0 counts as -1, so that labels 0 and 1 serve as well. NOTE: Keras (keras.losses.hinge)
// does so only when all labels of a batch are 0 or 1, which makes an example's loss depend on its
// neighbours.

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

class Hinge final : public TypedLayer<loss::Hinge> {
  void Build(const loss::Hinge& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    Emitter& emit = scope->emit();
    // -1 for 0, and everything else itself.
    const Value is_zero = emit(op::Equal(), {pair.label, emit.Constant(0)});
    const Value sign = emit(op::Sub(), {pair.label, is_zero});
    const Value agreement = emit(op::Mul(), {sign, pair.prediction});
    const Value missing = emit(op::Relu(), {emit(op::Sub(), {emit.Constant(1), agreement})});
    scope->SetOutput(MeanPerExample(missing, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.hinge", Hinge);

}  // namespace
}  // namespace gradus
