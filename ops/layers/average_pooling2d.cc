// The mean of each window of [batch, height, width, channels], channel by channel.
//
//   layer { name: "pooled" average_pooling2d {} }
//   layer { name: "pooled" average_pooling2d { pool_size: [3, 1] strides: 2 padding: SAME } }
//
// With SAME the mean is over what lies within the image, as in Keras.

#include "gradus/graph/layer.h"
#include "ops/layers/windows.h"

namespace gradus {
namespace {

class AveragePooling2d final : public TypedLayer<layer::AveragePooling2d> {
  void Build(const layer::AveragePooling2d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    const Value y = Pool2d<op::AvgPool2d>(config, scope);
    if (y.valid()) scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.average_pooling2d", AveragePooling2d);

}  // namespace
}  // namespace gradus
