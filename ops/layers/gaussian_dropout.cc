// Training: y = x (1 + s z) with z standard normal for each element and s = sqrt(rate / (1 -
// rate)), which is the deviation of dropout's mask (Srivastava et al. 2014, section 10). Evaluation
// and prediction: y = x.
//
//   layer { name: "noise" gaussian_dropout { rate: 0.1 } }
//
// The rate is a number of the run, "<layer>/rate", so that a schedule can move it. The noise is a
// function of (seed, step, layer's name, row), so threads, resuming and other layers do not change
// it.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/random.h"

namespace gradus {
namespace {

class GaussianDropout final : public TypedLayer<layer::GaussianDropout> {
  void Build(const layer::GaussianDropout& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    if (PassesInputOn(scope)) return;
    const Value x = scope->input(0);
    Emitter& emit = scope->emit();
    const Value one = emit.Constant(1);
    const Value rate = scope->Hyperparameter("rate", config.rate());
    const Value odds = emit(op::Div(), {rate, emit(op::Sub(), {one, rate})});
    const Value noise = emit(op::Mul(), {NoiseLike(x, scope), emit(op::Sqrt(), {odds})});
    scope->SetOutput(emit(op::Mul(), {x, emit(op::Add(), {noise, one})}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.gaussian_dropout", GaussianDropout);

}  // namespace
}  // namespace gradus
