// 2D convolution of each channel by itself.
//
//   layer { name: "spread" depthwise_conv2d { kernel_size: 3 padding: SAME } }
//
// Parameters: `depthwise` [height, width, channels, depth_multiplier], which is Keras' kernel; `bias` [channels depth_multiplier]. Result
// c depth_multiplier + m is the m-th of channel c.

#include "gradus/graph/layer.h"
#include "ops/layers/depthwise.h"

namespace gradus {
namespace {

class DepthwiseConv2d final : public TypedLayer<layer::DepthwiseConv2d> {
  void Build(const layer::DepthwiseConv2d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    const Value y = Depthwise(config, scope);
    if (!y.valid()) return;
    const int64_t filters = scope->spec(y).shape.dim(3).k;
    scope->SetOutput(WithBiasAndActivation(config, y, filters, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.depthwise_conv2d", DepthwiseConv2d);

}  // namespace
}  // namespace gradus
