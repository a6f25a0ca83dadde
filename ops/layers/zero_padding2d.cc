// Zeros around the images of [batch, height, width, channels].
//
//   layer { name: "padded" zero_padding2d { padding: [2, 1] } }             2 above and below, 1
//   left and right layer { name: "padded" zero_padding2d { padding: [0, 1, 0, 1] } }       below
//   and on the right

#include <array>

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/sides.h"

namespace gradus {
namespace {

class ZeroPadding2d final : public TypedLayer<layer::ZeroPadding2d> {
  void Build(const layer::ZeroPadding2d& config, LayerScope* scope) const override {
    std::array<Sides, 2> sides;
    if (!ExpectLayout(scope, kImages)) return;
    if (!ReadSides2d(config.padding(), 1, "padding", scope, &sides)) return;
    const Value rows = PadAxis(scope->input(0), 1, sides[0], scope->emit());
    scope->SetOutput(PadAxis(rows, 2, sides[1], scope->emit()));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.zero_padding2d", ZeroPadding2d);

}  // namespace
}  // namespace gradus
