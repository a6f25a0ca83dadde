// Squared near the label and absolute far from it, mean over everything behind the batch (Huber
// 1964, keras.losses.huber):
//
//   e = p - y     e^2 / 2 where |e| <= delta, delta |e| - delta^2 / 2 elsewhere
//
//   loss { huber { prediction: "price" label: "paid" delta: 2 } }
//
// Both are c e - c^2 / 2 with c = e limited to [-delta, delta]: one formula without a choice, whose
// derivative is c.

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

class Huber final : public TypedLayer<loss::Huber> {
  void Build(const loss::Huber& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid()) return;
    scope->SetMeaning(config, PredictionMeaning::kInUnits);
    Emitter& emit = scope->emit();
    op::Clip limit;
    limit.set_min(-config.delta());
    limit.set_max(config.delta());
    const Value error = emit(op::Sub(), {pair.prediction, pair.label});
    const Value limited = emit(limit, {error});
    const Value half = emit(op::Mul(), {limited, emit.Constant(0.5f)});
    const Value loss = emit(op::Mul(), {limited, emit(op::Sub(), {error, half})});
    scope->SetOutput(MeanPerExample(loss, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.huber", Huber);

}  // namespace
}  // namespace gradus
