// Each example divided by the root of its mean square (Zhang & Sennrich 2019, arXiv:1910.07467;
// keras.layers.RMSNormalization):
//
//   y = scale x / sqrt(mean(x^2) + epsilon)
//
//   layer { name: "norm" rms_norm {} }
//
// Parameter: `scale`, of the extents of `axis`, ones at the start. Training and inference are the
// same.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class RmsNorm final : public TypedLayer<layer::RmsNorm> {
  void Build(const layer::RmsNorm& config, LayerScope* scope) const override {
    if (!ExpectOneFloatWithAxis(scope)) return;
    const std::vector<int> axes = AxesBehindBatch(config, scope);
    if (axes.empty()) return;
    Emitter& emit = scope->emit();
    const Value x = scope->input(0);
    const Value square = emit(MeanOver(axes, true), {emit(op::Square(), {x})}, "mean_square");
    const Value epsilon = emit.Constant(static_cast<float>(config.epsilon()));
    const Value root = emit(op::Sqrt(), {emit(op::Add(), {square, epsilon})});
    const Value scale = ParameterAlong("scale", axes, ConstantInitializer(1), scope);
    scope->SetOutput(emit(op::Mul(), {emit(op::Div(), {x, root}), scale}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.rms_norm", RmsNorm);

}  // namespace
}  // namespace gradus
