// Kullback-Leibler divergence of the prediction from the label, over the last axis:
// keras.losses.kl_divergence.
//
//   sum_k y_k log(y_k / p_k)     y and p clipped to [1e-7, 1]
//
//   loss { kl_divergence { prediction: "probabilities" label: "distribution" } }
//
// NOTE: nothing divides p by its sum; a softmax has to stand before it. Beyond the bounds there is
// no gradient.

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()

class KlDivergence final : public TypedLayer<loss::KlDivergence> {
  void Build(const loss::KlDivergence& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    scope->SetMeaning(config, PredictionMeaning::kClassProbabilities);
    Emitter& emit = scope->emit();
    op::Clip clip;
    clip.set_min(kEpsilon);
    clip.set_max(1);
    const Value y = emit(clip, {pair.label});
    const Value p = emit(clip, {pair.prediction});
    op::ReduceSum over_classes;
    over_classes.add_axis(-1);
    const Value log_ratio = emit(op::Log(), {emit(op::Div(), {y, p})});
    const Value sum = emit(over_classes, {emit(op::Mul(), {y, log_ratio})});
    scope->SetOutput(MeanPerExample(sum, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.kl_divergence", KlDivergence);

}  // namespace
}  // namespace gradus
