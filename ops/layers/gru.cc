// Gated recurrent unit (Cho et al. 2014, arXiv:1406.1078), as keras.layers.GRU with its activations:
//
//   z = sigmoid(x_t kernel_z + h_t-1 recurrent_kernel_z + b_z),  r = sigmoid(x_t kernel_r + h_t-1 recurrent_kernel_r + b_r)
//   reset_after (Keras' default, and cuDNN's):  n = tanh(x_t kernel_h + b_h + r (h_t-1 recurrent_kernel_h + recurrent b_h))
//   as published:                               n = tanh(x_t kernel_h + b_h + (r h_t-1) recurrent_kernel_h)
//   h_t = z h_t-1 + (1 - z) n
//
//   layer { name: "state" gru { units: 64 } }                                     # [batch, 64], after the last step
//   layer { name: "states" gru { units: 64 return_sequences: true } }             # [batch, steps, 64]
//   layer { name: "text" input: "vectors" input: "words" gru { units: 32 direction: BACKWARD } }
//
// Parameters: `kernel` [features, 3 units], `recurrent_kernel` [units, 3 units], gates in the order z, r, h, and `bias`: [3 units], with
// reset_after [2, 3 units], the input's and the state's; stored and initialised as in Keras. What there is not: as in lstm.

#include "gradus/graph/layer.h"
#include "ops/layers/recurrent.h"

namespace gradus {
namespace {

constexpr int kGates = 3;

// Row `i` of [2, n] as [n].
Value RowOf(Value x, int64_t i, Emitter& emit) {
  if (!x.valid()) return x;
  op::Slice slice;
  slice.set_axis(0);
  slice.set_begin(i);
  slice.set_end(i + 1);
  return emit.Reshape(emit(slice, {x}), {emit.spec(x).shape.dim(1)});
}

class Gru final : public TypedLayer<layer::Gru> {
  void Build(const layer::Gru& config, LayerScope* scope) const override {
    BuildRecurrent(config, scope, [&](const RecurrentPass& pass) {
      Emitter& emit = scope->emit();
      const Value kernel = Kernel(config, pass, kGates, scope);
      const Value recurrent = RecurrentKernel(config, pass, kGates, scope);
      const int64_t width = int64_t{kGates} * config.units();
      Value bias, state_bias;
      if (config.use_bias()) {
        bias = Bias(pass, config.reset_after() ? Shape::Fixed({2, width}) : Shape::Fixed({width}),
                    InitializerOr(config.bias_initializer(), ConstantInitializer(0)), scope);
        if (!bias.valid()) return Value();
        if (config.reset_after()) {
          state_bias = RowOf(bias, 1, emit);
          bias = RowOf(bias, 0, emit);
        }
      }
      op::Gru gru;
      gru.set_reverse(pass.reverse);
      gru.set_reset_after(config.reset_after());
      gru.set_recurrent_bias(state_bias.valid());
      std::vector<Value> inputs = {Project(pass, kernel, bias, scope), recurrent};
      if (state_bias.valid()) inputs.push_back(state_bias);
      return Recur(gru, inputs, pass, scope);
    });
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.gru", Gru);

}  // namespace
}  // namespace gradus
