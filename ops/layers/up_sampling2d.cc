// Rows and columns of the images of [batch, height, width, channels] repeated, or interpolated between.
//
//   layer { name: "larger" up_sampling2d { size: 2 } }
//   layer { name: "wider" up_sampling2d { size: [1, 3] } }
//   layer { name: "smooth" up_sampling2d { size: 2 interpolation: BILINEAR } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/resize.h"

namespace gradus {
namespace {

class UpSampling2d final : public TypedLayer<layer::UpSampling2d> {
  void Build(const layer::UpSampling2d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    if (config.size_size() > 2) {
      scope->Error("count", "size",
                   absl::StrCat("size has ", config.size_size(), " numbers, not 1 or 2"));
      return;
    }
    const Shape& shape = scope->spec(scope->input(0)).shape;
    const int64_t down = config.size_size() == 0 ? 2 : config.size(0);
    const int64_t across = config.size_size() == 2 ? config.size(1) : down;
    const Dim batch{1, true}, one{1, false};
    const Dim height = shape.dim(1), width = shape.dim(2), channels = shape.dim(3);
    Emitter& emit = scope->emit();
    if (config.interpolation() == layer::BILINEAR) {
      scope->SetOutput(ResizeImages(scope->input(0), height.k * down, width.k * across, true, scope));
      return;
    }
    const Value apart = emit.Reshape(scope->input(0), {batch, height, one, width, one, channels});
    const Value repeated =
        emit.Broadcast(apart, {batch, height, {down, false}, width, {across, false}, channels});
    scope->SetOutput(emit.Reshape(
        repeated, {batch, {height.k * down, false}, {width.k * across, false}, channels}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.up_sampling2d", UpSampling2d);

}  // namespace
}  // namespace gradus
