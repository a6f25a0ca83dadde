// The largest number of each window of [batch, height, width, channels], channel by channel.
//
//   layer { name: "pooled" max_pooling2d {} }
//   layer { name: "pooled" max_pooling2d { pool_size: [3, 1] strides: 2 padding: SAME } }

#include "gradus/graph/layer.h"
#include "ops/layers/windows.h"

namespace gradus {
namespace {

class MaxPooling2d final : public TypedLayer<layer::MaxPooling2d> {
  void Build(const layer::MaxPooling2d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    const Value y = Pool2d<op::MaxPool2d>(config, scope);
    if (y.valid()) scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.max_pooling2d", MaxPooling2d);

}  // namespace
}  // namespace gradus
