// Softmax over any axis but the batch; `activation { function: SOFTMAX }` is that over the last one.
//
//   layer { name: "over_steps" softmax { axis: 1 } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Softmax final : public TypedLayer<layer::Softmax> {
  void Build(const layer::Softmax& config, LayerScope* scope) const override {
    if (!ExpectOneFloatWithAxis(scope)) return;
    const Value x = scope->input(0);
    const Shape shape = scope->spec(x).shape;
    const int last = shape.rank() - 1;
    const int axis = config.axis() < 0 ? config.axis() + shape.rank() : config.axis();
    if (axis < 1 || axis > last) {
      scope->Error("out-of-range", "axis",
                   absl::StrCat("axis ", config.axis(), " of ", shape.ToString(),
                                axis == 0 ? " is the batch" : " is not there"));
      return;
    }
    Emitter& emit = scope->emit();
    if (axis == last) {
      scope->SetOutput(emit(op::Softmax(), {x}));
      return;
    }
    op::Transpose swap;  // Its own inverse.
    for (int i = 0; i <= last; ++i) {
      swap.add_permutation(i == axis ? last : i == last ? axis : i);
    }
    scope->SetOutput(emit(swap, {emit(op::Softmax(), {emit(swap, {x})})}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.softmax", Softmax);

}  // namespace
}  // namespace gradus
