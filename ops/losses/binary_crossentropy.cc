// Binary cross-entropy, mean over everything behind the batch:
//
//   probabilities p   -(y log q + (1 - y) log(1 - q)),  q = p clipped to [1e-7, 1 - 1e-7]
//
//   logits z          softplus(z) - z y  =  max(z, 0) - z y + log(1 + exp(-|z|))
//
// as keras.losses.binary_crossentropy does. With label_smoothing a, y is y (1 - a) + a / 2; a is a
// number of the run, so a schedule can move it.
//
//   loss { binary_crossentropy { prediction: "output" label: "malignant" } }
//   loss { binary_crossentropy { prediction: "logit" label: "malignant" from_logits: true } }
//
// NOTE: as in Keras the upper bound is the float nearest to 1 - 1e-7, which is 1 - 2^-23: a wholly
// wrong answer costs 16.118 for y = 1 and 15.942 for y = 0, and no gradient comes from beyond the
// bounds. Logits have neither limit; prefer them.

#include "gradus/loss.pb.h"
#include "ops/losses/crossentropy.h"

namespace gradus {
namespace {

class BinaryCrossentropy final : public TypedLayer<loss::BinaryCrossentropy> {
  void Build(const loss::BinaryCrossentropy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, config.from_logits() ? PredictionMeaning::kYesLogits
                                                   : PredictionMeaning::kYesProbabilities);
    Emitter& emit = scope->emit();
    const Value label = SmoothedLabel(config, pair.label, 2, scope);
    const Value loss = config.from_logits()
                           ? BinaryCrossentropyOfLogits(pair.prediction, label, emit)
                           : BinaryCrossentropyOfProbabilities(pair.prediction, label, emit);
    scope->SetOutput(MeanPerExample(loss, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.binary_crossentropy", BinaryCrossentropy);

}  // namespace
}  // namespace gradus
