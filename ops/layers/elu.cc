// y = x for x > 0, alpha (e^x - 1) otherwise. Clevert, Unterthiner & Hochreiter 2015, arXiv:1511.07289.
//
//   layer { name: "smooth" elu { alpha: 0.5 } }

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class Elu final : public TypedLayer<layer::Elu> {
  void Build(const layer::Elu& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    op::Elu elu;
    elu.set_alpha(config.alpha());
    scope->SetOutput(scope->emit()(elu, {scope->input(0)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.elu", Elu);

}  // namespace
}  // namespace gradus
