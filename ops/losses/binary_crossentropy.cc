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

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()

Value FromLogits(Value z, Value y, Emitter& emit) {
  return emit(op::Sub(), {emit(op::Softplus(), {z}), emit(op::Mul(), {z, y})});
}

Value FromProbabilities(Value p, Value y, Emitter& emit) {
  op::Clip clip;
  clip.set_min(kEpsilon);
  clip.set_max(1 - kEpsilon);
  const Value one = emit.Constant(1);
  const Value q = emit(clip, {p});
  const Value yes = emit(op::Mul(), {y, emit(op::Log(), {q})});
  const Value no =
      emit(op::Mul(), {emit(op::Sub(), {one, y}), emit(op::Log(), {emit(op::Sub(), {one, q})})});
  return emit(op::Neg(), {emit(op::Add(), {yes, no})});
}

class BinaryCrossentropy final : public TypedLayer<loss::BinaryCrossentropy> {
  void Build(const loss::BinaryCrossentropy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    Emitter& emit = scope->emit();
    Value label = pair.label;
    if (config.has_label_smoothing()) {
      const Value a = scope->Hyperparameter("label_smoothing", config.label_smoothing());
      label = emit(op::Add(), {emit(op::Mul(), {label, emit(op::Sub(), {emit.Constant(1), a})}),
                               emit(op::Mul(), {a, emit.Constant(0.5f)})});
    }
    const Value loss = config.from_logits() ? FromLogits(pair.prediction, label, emit)
                                            : FromProbabilities(pair.prediction, label, emit);
    scope->SetOutput(MeanPerExample(loss, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.binary_crossentropy", BinaryCrossentropy);

}  // namespace
}  // namespace gradus
