// The convolution of each channel of a sequence by itself.
//
//   layer { name: "smooth" depthwise_conv1d { kernel_size: 5 padding: SAME } }
//
// Parameters: `depthwise` [size, channels, depth_multiplier], `bias` [channels depth_multiplier]. Keras calls the first one `kernel`.

#include "gradus/graph/layer.h"
#include "ops/layers/depthwise.h"

namespace gradus {
namespace {

class DepthwiseConv1d final : public TypedLayer<layer::DepthwiseConv1d> {
  void Build(const layer::DepthwiseConv1d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    const Value y = Depthwise1d(config, scope);
    if (!y.valid()) return;
    const int64_t filters = scope->spec(y).shape.dim(3).k;
    const Value steps = AsSequences(y, scope->emit());
    scope->SetOutput(WithBiasAndActivation(config, steps, filters, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.depthwise_conv1d", DepthwiseConv1d);

}  // namespace
}  // namespace gradus
