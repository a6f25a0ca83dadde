// (log(1 + max(p, e)) - log(1 + max(y, e)))^2 with e = 1e-7, mean over everything behind the batch:
// keras.losses.
//
//   loss { mean_squared_logarithmic_error { prediction: "price" label: "paid" } }
//
// NOTE: what is below 1e-7 gets no gradient; a prediction that starts negative stays there.

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

constexpr double kEpsilon = 1e-7;  // keras.config.epsilon()

Value LogOnePlus(Value x, Emitter& emit) {
  op::Clip at_least;
  at_least.set_min(kEpsilon);
  return emit(op::Log(), {emit(op::Add(), {emit(at_least, {x}), emit.Constant(1)})});
}

class MeanSquaredLogarithmicError final : public TypedLayer<loss::MeanSquaredLogarithmicError> {
  void Build(const loss::MeanSquaredLogarithmicError& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kInUnits);
    Emitter& emit = scope->emit();
    const Value difference =
        emit(op::Sub(), {LogOnePlus(pair.prediction, emit), LogOnePlus(pair.label, emit)});
    scope->SetOutput(MeanPerExample(emit(op::Square(), {difference}), emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.mean_squared_logarithmic_error",
                MeanSquaredLogarithmicError);

}  // namespace
}  // namespace gradus
