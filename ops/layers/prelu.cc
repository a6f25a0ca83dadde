// y = max(x, 0) - alpha max(-x, 0), alpha learned: x above 0, alpha x below. He et al. 2015,
// arXiv:1502.01852.
//
//   layer { name: "prelu" prelu { shared_axes: [1, 2] } }      one alpha for each channel of an
//   image
//
// Parameter: `alpha`, of the shape of an example with 1 along the shared axes.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Prelu final : public TypedLayer<layer::Prelu> {
  void Build(const layer::Prelu& config, LayerScope* scope) const override {
    if (!ExpectOneFloatWithAxis(scope)) return;
    const Value x = scope->input(0);
    const Shape& shape = scope->spec(x).shape;
    Shape own(shape.dims().subspan(1));
    for (int axis : config.shared_axes()) {
      if (axis >= shape.rank()) {
        scope->Error("out-of-range", "shared_axes",
                     absl::StrCat("axis ", axis, " of ", shape.ToString(), " is not there"));
        return;
      }
      own.Set(axis - 1, {1, false});
    }
    const Value alpha = scope->Parameter(
        "alpha", own, InitializerOr(config.alpha_initializer(), ConstantInitializer(0)));
    Emitter& emit = scope->emit();
    const Value above = emit(op::Relu(), {x});
    const Value below = emit(op::Relu(), {emit(op::Neg(), {x})});
    scope->SetOutput(emit(op::Sub(), {above, emit(op::Mul(), {alpha, below})}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.prelu", Prelu);

}  // namespace
}  // namespace gradus
