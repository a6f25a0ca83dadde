// Hinge loss: max(1 - y p, 0), mean over everything behind the batch; labels are -1 and 1.
//
//   loss { hinge { prediction: "score" label: "spam" } }
//
// A label 0 counts as -1, so that labels 0 and 1 serve as well. NOTE: Keras (keras.losses.hinge)
// does so only when all labels of a batch are 0 or 1, which makes an example's loss depend on its
// neighbours.

#include "ops/losses/hinge.h"

#include "gradus/loss.pb.h"

namespace gradus {
namespace {

class Hinge final : public TypedLayer<loss::Hinge> {
  void Build(const loss::Hinge& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kYesScores);
    Emitter& emit = scope->emit();
    const Value missing = MissingMargin(pair, emit);
    scope->SetOutput(MeanPerExample(missing, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.hinge", Hinge);

}  // namespace
}  // namespace gradus
