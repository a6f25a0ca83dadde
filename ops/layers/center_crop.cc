// The part in the middle of images.
//
//   layer { name: "middle" center_crop { height: 24 width: 24 } }
//
// NOTE: keras.layers.CenterCrop enlarges images that are too small; here that is an error, and resizing stands before it.

#include "ops/layers/center_crop.h"

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"

namespace gradus {
namespace {

class CenterCrop final : public TypedLayer<layer::CenterCrop> {
  void Build(const layer::CenterCrop& config, LayerScope* scope) const override {
    if (ExpectCropFits(config, scope)) scope->SetOutput(CropCenter(config, scope));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.center_crop", CenterCrop);

}  // namespace
}  // namespace gradus
