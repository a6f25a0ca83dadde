// The maximum over the places of [batch, height, width, channels]: one number for each channel.
//
//   layer { name: "pooled" global_max_pooling2d {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class GlobalMaxPooling2d final : public TypedLayer<layer::GlobalMaxPooling2d> {
  void Build(const layer::GlobalMaxPooling2d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kImages)) return;
    op::ReduceMax pool;
    pool.add_axis(1);
    pool.add_axis(2);
    pool.set_keep_dims(config.keepdims());
    scope->SetOutput(scope->emit()(pool, {scope->input(0)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.global_max_pooling2d", GlobalMaxPooling2d);

}  // namespace
}  // namespace gradus
