// The mean of its inputs, which must have the same shape: nothing is broadcast.
//
//   layer { name: "mean" input: ["a", "b", "c"] average {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Average final : public TypedLayer<layer::Average> {
  void Build(const layer::Average&, LayerScope* scope) const override {
    if (!ExpectOneShape(scope, -1)) return;
    const Value count = scope->emit().Constant(static_cast<float>(scope->input_count()));
    scope->SetOutput(scope->emit()(op::Div(), {FoldInputs(op::Add(), scope), count}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.average", Average);

}  // namespace
}  // namespace gradus
