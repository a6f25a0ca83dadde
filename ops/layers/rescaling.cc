// y = x scale + offset.
//
//   layer { name: "scaled" rescaling { scale: 0.00392156862745098 } }           [0, 255] to [0, 1]
//   layer { name: "scaled" rescaling { scale: 0.00784313725490196 offset: -1 } }         to [-1, 1]

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Rescaling final : public TypedLayer<layer::Rescaling> {
  void Build(const layer::Rescaling& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    Emitter& emit = scope->emit();
    Value y = emit(op::Mul(), {scope->input(0), emit.Constant(static_cast<float>(config.scale()))});
    if (config.offset() != 0) {
      y = emit(op::Add(), {y, emit.Constant(static_cast<float>(config.offset()))});
    }
    scope->SetOutput(y);
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.rescaling", Rescaling);

}  // namespace
}  // namespace gradus
