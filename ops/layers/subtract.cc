// The first of its two inputs minus the second, which must have the same shape: nothing is
// broadcast.
//
//   layer { name: "difference" input: ["a", "b"] subtract {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Subtract final : public TypedLayer<layer::Subtract> {
  void Build(const layer::Subtract&, LayerScope* scope) const override {
    if (!ExpectOneShape(scope, 2)) return;
    scope->SetOutput(scope->emit()(op::Sub(), {scope->input(0), scope->input(1)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.subtract", Subtract);

}  // namespace
}  // namespace gradus
