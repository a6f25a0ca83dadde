// Dropout that keeps mean 0 and variance 1, for networks of SELU (Klambauer et al. 2017, arXiv:1706.02515):
//
//   y = a (x kept + alpha' (1 - kept)) + b       kept 0 with probability `rate`, else 1; alpha' = -1.7581, what SELU tends to
//   a = ((1 - rate) (1 + rate alpha'^2))^(-1/2)  b = -a alpha' rate
//
//   layer { name: "drop" alpha_dropout { rate: 0.1 } }
//
// In evaluation and prediction y = x. The rate is a number of the run, "<layer>/rate", so that a schedule can move it.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/random.h"

namespace gradus {
namespace {

constexpr float kAlpha = -1.7580993408473766f;

class AlphaDropout final : public TypedLayer<layer::AlphaDropout> {
  void Build(const layer::AlphaDropout& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    if (PassesInputOn(scope)) return;
    const Value x = scope->input(0);
    Emitter& emit = scope->emit();
    const Value rate = scope->Hyperparameter("rate", config.rate());
    const Value dropped = EmitRandom(op::Dropout(), {emit(op::StopGradient(), {x}), rate}, scope);
    if (!dropped.valid()) return;
    const Value alpha = emit.Constant(kAlpha), one = emit.Constant(1), zero = emit.Constant(0);
    const Value kept = emit(op::Greater(), {Value{dropped.node, 1}, zero});
    const Value spread =
        emit(op::Add(), {one, emit(op::Mul(), {rate, emit.Constant(kAlpha * kAlpha)})});
    const Value variance = emit(op::Mul(), {emit(op::Sub(), {one, rate}), spread});
    const Value a = emit(op::Div(), {one, emit(op::Sqrt(), {variance})});
    const Value b = emit(op::Neg(), {emit(op::Mul(), {a, emit(op::Mul(), {alpha, rate})})});
    const Value replaced = emit(op::Select(), {kept, x, alpha});
    scope->SetOutput(emit(op::Add(), {emit(op::Mul(), {replaced, a}), b}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.alpha_dropout", AlphaDropout);

}  // namespace
}  // namespace gradus
