// Rows and columns taken away at the sides of the images of [batch, height, width, channels].
//
//   layer { name: "middle" cropping2d { cropping: 2 } }

#include <array>

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/sides.h"

namespace gradus {
namespace {

class Cropping2d final : public TypedLayer<layer::Cropping2d> {
  void Build(const layer::Cropping2d& config, LayerScope* scope) const override {
    std::array<Sides, 2> sides;
    if (!ExpectLayout(scope, kImages)) return;
    if (!ReadSides2d(config.cropping(), 0, "cropping", scope, &sides)) return;
    const Value rows = CropAxis(scope->input(0), 1, sides[0], scope);
    scope->SetOutput(CropAxis(rows, 2, sides[1], scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.cropping2d", Cropping2d);

}  // namespace
}  // namespace gradus
