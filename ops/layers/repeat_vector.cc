// [batch, features] repeated to [batch, n, features].
//
//   layer { name: "steps" repeat_vector { n: 10 } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class RepeatVector final : public TypedLayer<layer::RepeatVector> {
  void Build(const layer::RepeatVector& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, "[batch, features]")) return;
    const Dim features = scope->spec(scope->input(0)).shape.dim(1);
    Emitter& emit = scope->emit();
    const Value one = emit.Reshape(scope->input(0), {{1, true}, {1, false}, features});
    scope->SetOutput(emit.Broadcast(one, {{1, true}, {config.n(), false}, features}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.repeat_vector", RepeatVector);

}  // namespace
}  // namespace gradus
