// The mean of so many windows that cover images, however long: keras.layers.AdaptiveAveragePooling2D.
//
//   layer { name: "short" adaptive_average_pooling2d { output_size: [3, 3] } }

#include "gradus/graph/layer.h"
#include "ops/layers/adaptive_pooling.h"

namespace gradus {
namespace {

class AdaptiveAveragePooling2d final : public TypedLayer<layer::AdaptiveAveragePooling2d> {
  void Build(const layer::AdaptiveAveragePooling2d& config, LayerScope* scope) const override {
    BuildAdaptivePool2d<op::ReduceMean>(config, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.adaptive_average_pooling2d", AdaptiveAveragePooling2d);

}  // namespace
}  // namespace gradus
