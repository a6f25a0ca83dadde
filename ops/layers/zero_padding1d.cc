// Zeros before and after the steps of [batch, steps, channels].
//
//   layer { name: "padded" zero_padding1d { padding: [2, 0] } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/sides.h"

namespace gradus {
namespace {

class ZeroPadding1d final : public TypedLayer<layer::ZeroPadding1d> {
  void Build(const layer::ZeroPadding1d& config, LayerScope* scope) const override {
    Sides sides;
    if (!ExpectLayout(scope, kSequence)) return;
    if (!ReadSides(config.padding(), 1, "padding", scope, &sides)) return;
    scope->SetOutput(PadAxis(scope->input(0), 1, sides, scope->emit()));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.zero_padding1d", ZeroPadding1d);

}  // namespace
}  // namespace gradus
