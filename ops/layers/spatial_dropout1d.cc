// Training: dropout of whole channels of [batch, steps, channels] (Tompson et al. 2015,
// arXiv:1411.4280). Evaluation and prediction: y = x.
//
//   layer { name: "drop" spatial_dropout1d { rate: 0.2 } }
//
// The rate is a number of the run, "<layer>/rate"; the mask is a function of (seed, step, layer's
// name, row).

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/channel_dropout.h"

namespace gradus {
namespace {

class SpatialDropout1d final : public TypedLayer<layer::SpatialDropout1d> {
  void Build(const layer::SpatialDropout1d& config, LayerScope* scope) const override {
    if (ExpectLayout(scope, kSequence)) DropChannels(config.rate(), scope);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.spatial_dropout1d", SpatialDropout1d);

}  // namespace
}  // namespace gradus
