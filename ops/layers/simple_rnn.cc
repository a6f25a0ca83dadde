// The plain recurrent network (Elman 1990), as keras.layers.SimpleRNN with its activation:
//
//   h_t = tanh(x_t kernel + h_t-1 recurrent_kernel + bias)
//
//   layer { name: "state" simple_rnn { units: 64 } }                              # [batch, 64], after the last step
//   layer { name: "states" simple_rnn { units: 64 return_sequences: true } }      # [batch, steps, 64]
//
// Parameters: `kernel` [features, units], `recurrent_kernel` [units, units], `bias` [units], stored and initialised as in Keras. A second
// input, directions and what there is not: as in lstm.

#include "gradus/graph/layer.h"
#include "ops/layers/recurrent.h"

namespace gradus {
namespace {

class SimpleRnn final : public TypedLayer<layer::SimpleRnn> {
  void Build(const layer::SimpleRnn& config, LayerScope* scope) const override {
    BuildRecurrent(config, scope, [&](const RecurrentPass& pass) {
      const Value kernel = Kernel(config, pass, 1, scope);
      const Value recurrent = RecurrentKernel(config, pass, 1, scope);
      Value bias;
      if (config.use_bias()) {
        bias = Bias(pass, Shape::Fixed({config.units()}),
                    InitializerOr(config.bias_initializer(), ConstantInitializer(0)), scope);
        if (!bias.valid()) return Value();
      }
      op::SimpleRnn rnn;
      rnn.set_reverse(pass.reverse);
      return Recur(rnn, {Project(pass, kernel, bias, scope), recurrent}, pass, scope);
    });
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.simple_rnn", SimpleRnn);

}  // namespace
}  // namespace gradus
