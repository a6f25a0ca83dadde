// The mean of each window of [batch, steps, channels], channel by channel.
//
//   layer { name: "pooled" average_pooling1d {} }
//   layer { name: "pooled" average_pooling1d { pool_size: 3 strides: 1 padding: SAME } }
//
// With SAME the mean is over what lies within the sequence, as in Keras.

#include "gradus/graph/layer.h"
#include "ops/layers/windows.h"

namespace gradus {
namespace {

class AveragePooling1d final : public TypedLayer<layer::AveragePooling1d> {
  void Build(const layer::AveragePooling1d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    const Value y = Pool1d<op::AvgPool2d>(config, scope);
    if (y.valid()) scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.average_pooling1d", AveragePooling1d);

}  // namespace
}  // namespace gradus
