// Long short-term memory (Hochreiter & Schmidhuber 1997, with Gers' forget gate), as keras.layers.LSTM with its activations:
//
//   [i f c o]_t = x_t kernel + h_t-1 recurrent_kernel + bias
//   c_t = sigmoid(f) c_t-1 + sigmoid(i) tanh(c),  h_t = sigmoid(o) tanh(c_t)
//
//   layer { name: "state" lstm { units: 64 } }                                           # [batch, 64], after the last step
//   layer { name: "states" lstm { units: 64 return_sequences: true direction: BIDIRECTIONAL } }   # [batch, steps, 128]
//   layer { name: "text" input: "vectors" input: "words" lstm { units: 32 } }            # padded with word 0, see recurrent.h
//
// Parameters: `kernel` [features, 4 units], `recurrent_kernel` [units, 4 units], `bias` [4 units], stored and initialised as in Keras.
// What there is not: other activations, recurrent_dropout, initial states that are given or kept from one batch to the next.

#include "gradus/graph/layer.h"
#include "ops/layers/recurrent.h"

namespace gradus {
namespace {

constexpr int kGates = 4;

// Jozefowicz, Zaremba & Sutskever 2015: a forget gate that begins open.
InitializerConfig BiasInitializer(const layer::Lstm& config) {
  const InitializerConfig given = InitializerOr(config.bias_initializer(), ConstantInitializer(0));
  if (!config.unit_forget_bias()) return given;
  InitializerConfig parts;
  for (int gate = 0; gate < kGates; ++gate) {
    *parts.mutable_parts()->add_part() = gate == 1 ? ConstantInitializer(1) : given;
  }
  return parts;
}

class Lstm final : public TypedLayer<layer::Lstm> {
  void Build(const layer::Lstm& config, LayerScope* scope) const override {
    BuildRecurrent(config, scope, [&](const RecurrentPass& pass) {
      const Value kernel = Kernel(config, pass, kGates, scope);
      const Value recurrent = RecurrentKernel(config, pass, kGates, scope);
      Value bias;
      if (config.use_bias()) {
        bias = Bias(pass, Shape::Fixed({int64_t{kGates} * config.units()}), BiasInitializer(config),
                    scope);
        if (!bias.valid()) return Value();
      }
      op::Lstm lstm;
      lstm.set_reverse(pass.reverse);
      return Recur(lstm, {Project(pass, kernel, bias, scope), recurrent}, pass, scope);
    });
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.lstm", Lstm);

}  // namespace
}  // namespace gradus
