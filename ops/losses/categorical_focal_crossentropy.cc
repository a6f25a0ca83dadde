// Categorical cross-entropy that hardly counts what is right already, over the last axis (Lin et
// al. 2017, keras.losses.categorical_focal_crossentropy):
//
//   -sum_k alpha (1 - q_k)^gamma y_k log q_k
//   probabilities p   q = p / sum(p) clipped to [1e-7, 1 - 1e-7];   logits z   q = softmax(z)
//
// With label_smoothing a, y_k is y_k (1 - a) + a / classes; a is a number of the run, so a schedule
// can move it.
//
//   loss { categorical_focal_crossentropy { prediction: "logits" label: "one_hot" from_logits: true
//   } }
//
// NOTE: from logits Keras clips the softmax as it clips probabilities, so that its loss ends at 16;
// here it goes on.

#include "gradus/loss.pb.h"
#include "ops/losses/crossentropy.h"
#include "ops/losses/focal.h"

namespace gradus {
namespace {

struct Probabilities {
  Value q;
  Value log_q;
};

Probabilities FromLogits(Value z, Emitter& emit) {
  return {emit(op::Softmax(), {z}), emit(op::LogSoftmax(), {z})};
}

Probabilities FromProbabilities(Value p, Emitter& emit) {
  const Value q = ClassProbabilities(p, emit);
  return {q, emit(op::Log(), {q})};
}

class CategoricalFocalCrossentropy final : public TypedLayer<loss::CategoricalFocalCrossentropy> {
  void Build(const loss::CategoricalFocalCrossentropy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    scope->SetMeaning(config, config.from_logits() ? PredictionMeaning::kClassLogits
                                                   : PredictionMeaning::kClassProbabilities);
    Emitter& emit = scope->emit();
    const Value one = emit.Constant(1);
    const Probabilities given = config.from_logits() ? FromLogits(pair.prediction, emit)
                                                     : FromProbabilities(pair.prediction, emit);
    const Value y = SmoothedLabel(config, pair.label, ClassesOf(pair.prediction, *scope), scope);
    Value terms = emit(op::Mul(), {y, given.log_q});
    if (config.gamma() > 0) {
      const Value wrong = emit(op::Sub(), {one, given.q});
      terms = emit(op::Mul(), {FocalPower(wrong, config.gamma(), emit), terms});
    }
    op::ReduceSum over_classes;
    over_classes.add_axis(-1);
    const Value minus_alpha = emit.Constant(-static_cast<float>(config.alpha()));
    const Value loss = emit(op::Mul(), {emit(over_classes, {terms}), minus_alpha});
    scope->SetOutput(MeanPerExample(loss, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.categorical_focal_crossentropy",
                CategoricalFocalCrossentropy);

}  // namespace
}  // namespace gradus
