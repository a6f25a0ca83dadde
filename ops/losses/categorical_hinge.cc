// By how much the right class does not lead by one, over the last axis:
// keras.losses.categorical_hinge.
//
//   max(1 + max_k (1 - y_k) p_k - sum_k y_k p_k, 0)     y one-hot
//
//   loss { categorical_hinge { prediction: "scores" label: "one_hot" } }
//
// NOTE: as in Keras the maximum also sees the 0 that (1 - y_k) p_k is for the right class.

#include "gradus/graph/per_example.h"
#include "gradus/loss.pb.h"

namespace gradus {
namespace {

class CategoricalHinge final : public TypedLayer<loss::CategoricalHinge> {
  void Build(const loss::CategoricalHinge& config, LayerScope* scope) const override {
    const PredictionAndLabel pair = ReadPair(config.prediction(), config.label(), scope);
    if (!pair.valid() || !ExpectClasses(pair.prediction, scope)) return;
    scope->SetMeaning(config, PredictionMeaning::kClassScores);
    Emitter& emit = scope->emit();
    op::ReduceSum sum;
    sum.add_axis(-1);
    op::ReduceMax most;
    most.add_axis(-1);
    const Value right = emit(sum, {emit(op::Mul(), {pair.label, pair.prediction})});
    const Value others = emit(op::Sub(), {emit.Constant(1), pair.label});
    const Value wrong = emit(most, {emit(op::Mul(), {others, pair.prediction})});
    const Value lead = emit(op::Sub(), {wrong, right});
    const Value loss = emit(op::Relu(), {emit(op::Add(), {lead, emit.Constant(1)})});
    scope->SetOutput(MeanPerExample(loss, emit));
  }
};

GRADUS_REGISTER(Layer, "gradus.LossConfig.categorical_hinge", CategoricalHinge);

}  // namespace
}  // namespace gradus
