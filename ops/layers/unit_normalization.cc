// Each example's vectors along `axis` scaled to length 1: y = x / max(|x|, 1e-12), so that zeros
// stay zeros.
//
//   layer { name: "directions" unit_normalization {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

constexpr double kEpsilon = 1e-12;  // Of keras.layers.UnitNormalization.

class UnitNormalization final : public TypedLayer<layer::UnitNormalization> {
  void Build(const layer::UnitNormalization& config, LayerScope* scope) const override {
    if (!ExpectOneFloatWithAxis(scope)) return;
    const std::vector<int> axes = AxesBehindBatch(config, scope);
    if (axes.empty()) return;
    Emitter& emit = scope->emit();
    const Value x = scope->input(0);
    op::ReduceSum sum;
    for (int axis : axes) sum.add_axis(axis);
    sum.set_keep_dims(true);
    // The bound lies before the root, whose derivative at 0 is infinite.
    op::Clip at_least;
    at_least.set_min(kEpsilon * kEpsilon);
    const Value square = emit(at_least, {emit(sum, {emit(op::Square(), {x})})});
    scope->SetOutput(emit(op::Div(), {x, emit(op::Sqrt(), {square})}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.unit_normalization", UnitNormalization);

}  // namespace
}  // namespace gradus
