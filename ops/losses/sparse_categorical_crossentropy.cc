// Categorical cross-entropy with the number of the class as label k:
//
//   probabilities p   -log q,  q = p_k / sum(p) clipped to [1e-7, 1 - 1e-7]
//
//   logits z          -log_softmax(z)_k
//
// as keras.losses.sparse_categorical_crossentropy does. With label_smoothing a: -(1 - a) log q_k - a mean_j(log q_j), which is categorical cross-entropy
// with smoothed labels; a is a number of the run, so a schedule can move it.
//
//   loss { sparse_categorical_crossentropy { prediction: "logits" label: "digit" from_logits: true
//   } }
//
// From probabilities the class is picked first: what follows works on one number per example and
// gives the same. A class outside [0, classes) ends the run with an error. NOTE: Keras on JAX,
// PyTorch and NumPy computes this; on TensorFlow it clips first and divides by the sum of what it
// clipped, which differs for predictions that do not add up to one or have entries beyond the
// bounds.

#include "gradus/loss.pb.h"
#include "ops/losses/crossentropy.h"

namespace gradus {
namespace {

Value LogOfPicked(Value p, Value label, const op::Gather& pick, Emitter& emit) {
  op::ReduceSum sum;
  sum.add_axis(-1);
  const Value picked = emit(pick, {p, label});
  const Value normalised = emit(op::Div(), {picked, emit(sum, {p})});
  return emit(op::Log(), {ClippedProbability(normalised, emit)});
}

class SparseCategoricalCrossentropy final : public TypedLayer<loss::SparseCategoricalCrossentropy> {
  void Build(const loss::SparseCategoricalCrossentropy& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadClasses(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    scope->SetMeaning(config, config.from_logits() ? PredictionMeaning::kClassLogits
                                                   : PredictionMeaning::kClassProbabilities);
    Emitter& emit = scope->emit();
    op::Gather pick;
    pick.set_batch_dims(1);
    const Value log_p = config.from_logits()
                            ? emit(pick, {emit(op::LogSoftmax(), {pair.prediction}), pair.label})
                            : LogOfPicked(pair.prediction, pair.label, pick, emit);
    if (!config.has_label_smoothing()) {
      scope->SetOutput(emit(op::Neg(), {log_p}));
      return;
    }
    // -(1 - a) log p_k - a mean(log p)
    op::ReduceMean over_classes;
    over_classes.add_axis(-1);
    const Value all = config.from_logits()
                          ? emit(op::LogSoftmax(), {pair.prediction})
                          : emit(op::Log(), {ClassProbabilities(pair.prediction, emit)});
    const Value a = scope->Hyperparameter("label_smoothing", config.label_smoothing());
    const Value picked = emit(op::Mul(), {emit(op::Sub(), {emit.Constant(1), a}), log_p});
    const Value spread = emit(op::Mul(), {a, emit(over_classes, {all})});
    scope->SetOutput(emit(op::Neg(), {emit(op::Add(), {picked, spread})}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.sparse_categorical_crossentropy",
                SparseCategoricalCrossentropy);

}  // namespace
}  // namespace gradus
