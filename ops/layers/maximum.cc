// The largest of its inputs, place by place; they must have the same shape: nothing is broadcast.
//
//   layer { name: "largest" input: ["a", "b", "c"] maximum {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Maximum final : public TypedLayer<layer::Maximum> {
  void Build(const layer::Maximum&, LayerScope* scope) const override {
    if (ExpectOneShape(scope, -1)) scope->SetOutput(FoldInputs(op::Maximum(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.maximum", Maximum);

}  // namespace
}  // namespace gradus
