// The maximum of so many windows that cover a sequence, however long: keras.layers.AdaptiveMaxPooling1D.
//
//   layer { name: "short" adaptive_max_pooling1d { output_size: 8 } }

#include "gradus/graph/layer.h"
#include "ops/layers/adaptive_pooling.h"

namespace gradus {
namespace {

class AdaptiveMaxPooling1d final : public TypedLayer<layer::AdaptiveMaxPooling1d> {
  void Build(const layer::AdaptiveMaxPooling1d& config, LayerScope* scope) const override {
    BuildAdaptivePool1d<op::ReduceMax>(config, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.adaptive_max_pooling1d", AdaptiveMaxPooling1d);

}  // namespace
}  // namespace gradus
