// The smallest of its inputs, place by place; they must have the same shape: nothing is broadcast.
//
//   layer { name: "smallest" input: ["a", "b", "c"] minimum {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Minimum final : public TypedLayer<layer::Minimum> {
  void Build(const layer::Minimum&, LayerScope* scope) const override {
    if (ExpectOneShape(scope, -1)) scope->SetOutput(FoldInputs(op::Minimum(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.minimum", Minimum);

}  // namespace
}  // namespace gradus
