// (1 - p_label^q) / q (Zhang & Sabuncu 2018, arXiv:1805.07836): towards q = 0 the categorical cross-entropy, at q = 1 half the absolute error,
// which labels that are wrong pull less.
//
//   loss { categorical_generalized_crossentropy { prediction: "probabilities" label: "class" q: 0.7 } }
//
// p_label = sum_k y_k p_k over the last axis, clipped to [1e-7, 1 - 1e-7] as in Keras.

#include "gradus/loss.pb.h"
#include "ops/losses/crossentropy.h"

namespace gradus {
namespace {

class CategoricalGeneralizedCrossentropy final
    : public TypedLayer<loss::CategoricalGeneralizedCrossentropy> {
  void Build(const loss::CategoricalGeneralizedCrossentropy& config,
             LayerScope* scope) const override {
    scope->SetMeaning(config, PredictionMeaning::kClassProbabilities);
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    Emitter& emit = scope->emit();
    op::ReduceSum over_classes;
    over_classes.add_axis(-1);
    const Value p = ClippedProbability(
        emit(over_classes, {emit(op::Mul(), {pair.prediction, pair.label})}), emit);
    const Value q = emit.Constant(static_cast<float>(config.q()));
    const Value missing = emit(op::Sub(), {emit.Constant(1), emit(op::Pow(), {p, q})});
    scope->SetOutput(MeanPerExample(emit(op::Div(), {missing, q}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.categorical_generalized_crossentropy",
                CategoricalGeneralizedCrossentropy);

}  // namespace
}  // namespace gradus
