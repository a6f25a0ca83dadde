// The maximum over the steps of [batch, steps, channels]: one number for each channel.
//
//   layer { name: "pooled" global_max_pooling1d {} }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class GlobalMaxPooling1d final : public TypedLayer<layer::GlobalMaxPooling1d> {
  void Build(const layer::GlobalMaxPooling1d& config, LayerScope* scope) const override {
    if (!ExpectLayout(scope, kSequence)) return;
    op::ReduceMax pool;
    pool.add_axis(1);
    pool.set_keep_dims(config.keepdims());
    scope->SetOutput(scope->emit()(pool, {scope->input(0)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.global_max_pooling1d", GlobalMaxPooling1d);

}  // namespace
}  // namespace gradus
