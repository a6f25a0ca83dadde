// The mean of so many windows that cover a sequence, however long: keras.layers.AdaptiveAveragePooling1D.
//
//   layer { name: "short" adaptive_average_pooling1d { output_size: 8 } }

#include "gradus/graph/layer.h"
#include "ops/layers/adaptive_pooling.h"

namespace gradus {
namespace {

class AdaptiveAveragePooling1d final : public TypedLayer<layer::AdaptiveAveragePooling1d> {
  void Build(const layer::AdaptiveAveragePooling1d& config, LayerScope* scope) const override {
    BuildAdaptivePool1d<op::ReduceMean>(config, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.adaptive_average_pooling1d", AdaptiveAveragePooling1d);

}  // namespace
}  // namespace gradus
