// Layer normalisation, each example over its own axes (Ba, Kiros & Hinton 2016, arXiv:1607.06450;
// keras.layers.LayerNormalization):
//
//   y = gamma (x - mean) / sqrt(variance + epsilon) + beta      variance the biased one
//
//   layer { name: "norm" layer_norm {} }
//
// Parameters: `gamma`, `beta`, of the extents of `axis`. Training and inference are the same.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class LayerNorm final : public TypedLayer<layer::LayerNorm> {
  void Build(const layer::LayerNorm& config, LayerScope* scope) const override {
    if (!ExpectOneFloatWithAxis(scope)) return;
    const std::vector<int> axes = AxesBehindBatch(config, scope);
    if (axes.empty()) return;
    Emitter& emit = scope->emit();
    const Value x = scope->input(0);
    const op::ReduceMean mean = MeanOver(axes, true);
    const Value centred = emit(op::Sub(), {x, emit(mean, {x})});
    const Value variance = emit(mean, {emit(op::Square(), {centred})}, "variance");
    const Value epsilon = emit.Constant(static_cast<float>(config.epsilon()));
    const Value deviation = emit(op::Sqrt(), {emit(op::Add(), {variance, epsilon})});
    Value y = emit(op::Div(), {centred, deviation});
    if (config.scale()) {
      const auto ones = InitializerOr(config.gamma_initializer(), ConstantInitializer(1));
      y = emit(op::Mul(), {y, ParameterAlong("gamma", axes, ones, scope)});
    }
    if (config.center()) {
      const auto zeros = InitializerOr(config.beta_initializer(), ConstantInitializer(0));
      y = emit(op::Add(), {y, ParameterAlong("beta", axes, zeros, scope)});
    }
    scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.layer_norm", LayerNorm);

}  // namespace
}  // namespace gradus
