// Categorical cross-entropy with a distribution y over the classes as label, over the last axis:
//
//   probabilities p   -sum_k y_k log q_k,  q = p / sum(p) clipped to [1e-7, 1 - 1e-7]
//
//   logits z          -sum_k y_k log_softmax(z)_k
//
// as keras.losses.categorical_crossentropy does. With label_smoothing a, y_k is y_k (1 - a) + a / classes; a is a number of the run, so a schedule
// can move it.
//
//   loss { categorical_crossentropy { prediction: "logits" label: "one_hot" from_logits: true } }
//
// NOTE: Keras on TensorFlow, JAX and PyTorch all divide by the sum before they clip.

#include "gradus/loss.pb.h"
#include "ops/losses/crossentropy.h"

namespace gradus {
namespace {

class CategoricalCrossentropy final : public TypedLayer<loss::CategoricalCrossentropy> {
  void Build(const loss::CategoricalCrossentropy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    scope->SetMeaning(config, config.from_logits() ? PredictionMeaning::kClassLogits
                                                   : PredictionMeaning::kClassProbabilities);
    Emitter& emit = scope->emit();
    const Value log_p = config.from_logits()
                            ? emit(op::LogSoftmax(), {pair.prediction})
                            : emit(op::Log(), {ClassProbabilities(pair.prediction, emit)});
    const Value label =
        SmoothedLabel(config, pair.label, ClassesOf(pair.prediction, *scope), scope);
    op::ReduceSum over_classes;
    over_classes.add_axis(-1);
    const Value sum = emit(over_classes, {emit(op::Mul(), {label, log_p})});
    scope->SetOutput(MeanPerExample(emit(op::Neg(), {sum}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.categorical_crossentropy", CategoricalCrossentropy);

}  // namespace
}  // namespace gradus
