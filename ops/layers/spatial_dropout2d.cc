// Training: dropout of whole channels of [batch, height, width, channels] (Tompson et al. 2015,
// arXiv:1411.4280). Evaluation and prediction: y = x.
//
//   layer { name: "drop" spatial_dropout2d { rate: 0.2 } }
//
// The rate is a number of the run, "<layer>/rate"; the mask is a function of (seed, step, layer's
// name, row).

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/channel_dropout.h"

namespace gradus {
namespace {

class SpatialDropout2d final : public TypedLayer<layer::SpatialDropout2d> {
  void Build(const layer::SpatialDropout2d& config, LayerScope* scope) const override {
    if (ExpectLayout(scope, kImages)) DropChannels(config.rate(), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.spatial_dropout2d", SpatialDropout2d);

}  // namespace
}  // namespace gradus
