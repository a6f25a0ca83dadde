// The largest number of each window of [batch, steps, channels], channel by channel.
//
//   layer { name: "pooled" max_pooling1d {} }
//   layer { name: "pooled" max_pooling1d { pool_size: 3 strides: 1 padding: SAME } }

#include "gradus/graph/layer.h"
#include "ops/layers/windows.h"

namespace gradus {
namespace {

class MaxPooling1d final : public TypedLayer<layer::MaxPooling1d> {
  void Build(const layer::MaxPooling1d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    const Value y = Pool1d<op::MaxPool2d>(config, scope);
    if (y.valid()) scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.max_pooling1d", MaxPooling1d);

}  // namespace
}  // namespace gradus
