// Steps taken away at the beginning and the end of [batch, steps, channels].
//
//   layer { name: "middle" cropping1d { cropping: [2, 1] } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/sides.h"

namespace gradus {
namespace {

class Cropping1d final : public TypedLayer<layer::Cropping1d> {
  void Build(const layer::Cropping1d& config, LayerScope* scope) const override {
    Sides sides;
    if (!ExpectLayout(scope, kSequence)) return;
    if (!ReadSides(config.cropping(), 1, "cropping", scope, &sides)) return;
    scope->SetOutput(CropAxis(scope->input(0), 1, sides, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.cropping1d", Cropping1d);

}  // namespace
}  // namespace gradus
