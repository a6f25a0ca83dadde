// The maximum of so many windows that cover images, however long: keras.layers.AdaptiveMaxPooling2D.
//
//   layer { name: "short" adaptive_max_pooling2d { output_size: [3, 3] } }

#include "gradus/graph/layer.h"
#include "ops/layers/adaptive_pooling.h"

namespace gradus {
namespace {

class AdaptiveMaxPooling2d final : public TypedLayer<layer::AdaptiveMaxPooling2d> {
  void Build(const layer::AdaptiveMaxPooling2d& config, LayerScope* scope) const override {
    BuildAdaptivePool2d<op::ReduceMax>(config, scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.adaptive_max_pooling2d", AdaptiveMaxPooling2d);

}  // namespace
}  // namespace gradus
