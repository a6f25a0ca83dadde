// The negative logarithm of the Poisson distribution with the prediction as its mean, without what
// depends on the label alone; mean over everything behind the batch: keras.losses.poisson.
//
//   p - y log(p + 1e-7)
//
//   loss { poisson { prediction: "expected" label: "count" } }
//
// NOTE: p has to be positive: an activation such as SOFTPLUS or EXPONENTIAL sees to that.

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

constexpr float kEpsilon = 1e-7f;  // keras.config.epsilon()

class Poisson final : public TypedLayer<loss::Poisson> {
  void Build(const loss::Poisson& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kInUnits);
    Emitter& emit = scope->emit();
    const Value positive = emit(op::Add(), {pair.prediction, emit.Constant(kEpsilon)});
    const Value gain = emit(op::Mul(), {pair.label, emit(op::Log(), {positive})});
    scope->SetOutput(MeanPerExample(emit(op::Sub(), {pair.prediction, gain}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.poisson", Poisson);

}  // namespace
}  // namespace gradus
