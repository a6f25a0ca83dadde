// Each step of [batch, steps, channels] repeated `size` times.
//
//   layer { name: "slower" up_sampling1d { size: 2 } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class UpSampling1d final : public TypedLayer<layer::UpSampling1d> {
  void Build(const layer::UpSampling1d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    const Shape& shape = scope->spec(scope->input(0)).shape;
    const Dim batch{1, true}, one{1, false}, size{config.size(), false};
    const Dim steps = shape.dim(1), channels = shape.dim(2);
    Emitter& emit = scope->emit();
    const Value apart = emit.Reshape(scope->input(0), {batch, steps, one, channels});
    const Value repeated = emit.Broadcast(apart, {batch, steps, size, channels});
    scope->SetOutput(emit.Reshape(repeated, {batch, {steps.k * size.k, false}, channels}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.up_sampling1d", UpSampling1d);

}  // namespace
}  // namespace gradus
