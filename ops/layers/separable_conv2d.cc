// The convolution of each channel by itself, then one of size 1 over all channels (Chollet 2017, arXiv:1610.02357).
//
//   layer { name: "features" separable_conv2d { filters: 32 kernel_size: 3 padding: SAME activation: RELU } }
//
// Parameters: `depthwise` [height, width, channels, depth_multiplier], `pointwise` [1, 1, channels depth_multiplier, filters],
// `bias` [filters].

#include "gradus/graph/layer.h"
#include "ops/layers/depthwise.h"

namespace gradus {
namespace {

class SeparableConv2d final : public TypedLayer<layer::SeparableConv2d> {
  void Build(const layer::SeparableConv2d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    const Value apart = Depthwise(config, scope);
    if (!apart.valid()) return;
    const int64_t channels = scope->spec(apart).shape.dim(3).k;
    const Value pointwise =
        scope->Parameter("pointwise", Shape::Fixed({1, 1, channels, config.filters()}),
                         InitializerOr(config.pointwise_initializer(), GlorotUniform()));
    const Value y = scope->emit()(op::Conv2d(), {apart, pointwise});
    scope->SetOutput(WithBiasAndActivation(config, y, config.filters(), scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.separable_conv2d", SeparableConv2d);

}  // namespace
}  // namespace gradus
