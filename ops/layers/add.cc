// The sum of its inputs, which must have the same shape: nothing is broadcast.
//
//   layer { name: "residual" input: ["x", "branch"] add {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Add final : public TypedLayer<layer::Add> {
  void Build(const layer::Add&, LayerScope* scope) const override {
    if (ExpectOneShape(scope, -1)) scope->SetOutput(FoldInputs(op::Add(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.add", Add);

}  // namespace
}  // namespace gradus
