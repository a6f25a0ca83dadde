// y = x for x > 0, negative_slope x otherwise. Maas, Hannun & Ng 2013.
//
//   layer { name: "leaky" leaky_relu { negative_slope: 0.1 } }
//
// The default slope is 0.3, as in Keras' layer; its activation function, LEAKY_RELU here, has 0.2.

#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class LeakyRelu final : public TypedLayer<layer::LeakyRelu> {
  void Build(const layer::LeakyRelu& config, LayerScope* scope) const override {
    if (!ExpectOneFloat(scope)) return;
    op::LeakyRelu relu;
    relu.set_negative_slope(config.negative_slope());
    scope->SetOutput(scope->emit()(relu, {scope->input(0)}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.leaky_relu", LeakyRelu);

}  // namespace
}  // namespace gradus
