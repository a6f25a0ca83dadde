// Images in another size, between whose places is interpolated.
//
//   layer { name: "small" resizing { height: 32 width: 32 } }
//
// NOTE: where images become smaller nothing is averaged beforehand, as in Keras without antialias.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/resize.h"

namespace gradus {
namespace {

class Resizing final : public TypedLayer<layer::Resizing> {
  void Build(const layer::Resizing& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    scope->SetOutput(ResizeImages(scope->input(0), config.height(), config.width(),
                                  config.interpolation() == layer::BILINEAR, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.resizing", Resizing);

}  // namespace
}  // namespace gradus
