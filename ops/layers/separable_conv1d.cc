// The convolution of each channel of a sequence, then one of size 1 over all channels.
//
//   layer { name: "features" separable_conv1d { filters: 32 kernel_size: 3 padding: SAME activation: RELU } }
//
// Parameters: `depthwise` [size, channels, depth_multiplier], `pointwise` [1, channels depth_multiplier, filters], `bias` [filters].

#include "gradus/graph/layer.h"
#include "ops/layers/depthwise.h"

namespace gradus {
namespace {

class SeparableConv1d final : public TypedLayer<layer::SeparableConv1d> {
  void Build(const layer::SeparableConv1d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    const Value apart = Depthwise1d(config, scope);
    if (!apart.valid()) return;
    Emitter& emit = scope->emit();
    const int64_t channels = scope->spec(apart).shape.dim(3).k, filters = config.filters();
    const Value pointwise =
        scope->Parameter("pointwise", Shape::Fixed({1, channels, filters}),
                         InitializerOr(config.pointwise_initializer(), GlorotUniform()));
    const Value y = emit(op::Conv2d(),
                         {apart, emit.Reshape(pointwise, Shape::Fixed({1, 1, channels, filters}))});
    scope->SetOutput(WithBiasAndActivation(config, AsSequences(y, emit), filters, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.separable_conv1d", SeparableConv1d);

}  // namespace
}  // namespace gradus
