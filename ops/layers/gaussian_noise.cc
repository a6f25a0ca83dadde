// Training: y = x + stddev z with z standard normal for each element. Evaluation and prediction: y
// = x.
//
//   layer { name: "noise" gaussian_noise { stddev: 0.1 } }
//
// The deviation is a number of the run, "<layer>/stddev", so that a schedule can move it. The noise
// is a function of (seed, step, layer's name, row), so threads, resuming and other layers do not
// change it.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/random.h"

namespace gradus {
namespace {

class GaussianNoise final : public TypedLayer<layer::GaussianNoise> {
  void Build(const layer::GaussianNoise& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    if (PassesInputOn(scope)) return;
    const Value x = scope->input(0);
    Emitter& emit = scope->emit();
    const Value stddev = scope->Hyperparameter("stddev", config.stddev());
    scope->SetOutput(emit(op::Add(), {x, emit(op::Mul(), {NoiseLike(x, scope), stddev})}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.gaussian_noise", GaussianNoise);

}  // namespace
}  // namespace gradus
