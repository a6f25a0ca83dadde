// Batch normalisation over all axes but the last, the channels:
//
//   training    y = gamma * (x - mean(batch)) / sqrt(variance(batch) + epsilon) + beta
//               moving <- momentum * moving + (1 - momentum) * (mean, variance) of the batch
//   inference   the same with the moving averages
//
// Ioffe & Szegedy 2015, arXiv:1502.03167. Names, defaults and the biased variance are Keras'.
//
//   layer { name: "norm" batch_norm { momentum: 0.99 epsilon: 0.001 } }
//
// The moving averages are each layer's own, also where `weights` shares gamma and beta.

#include "gradus/base/status.h"
#include "gradus/graph/layer.h"
#include "gradus/layer.pb.h"
#include "ops/layers/layer_inputs.h"

namespace gradus {
namespace {

class BatchNorm final : public TypedLayer<layer::BatchNorm> {
  void Build(const layer::BatchNorm& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(1, 1) || !scope->ExpectFloat(scope->input(0), "input")) return;
    const Value x = scope->input(0);
    const Shape shape = scope->spec(x).shape;
    if (shape.rank() < 2) {
      scope->InputError("shape", 0,
                        absl::StrCat("batch_norm needs an axis behind the batch, the input is ",
                                     shape.ToString(), "; `shape: 1` or flatten gives it one"));
      return;
    }
    const Shape channels({shape.dim(shape.rank() - 1)});
    Emitter& emit = scope->emit();
    // What is left away is 1 or 0 for the operation, which has it in its formula.
    const Value gamma =
        config.scale() ? scope->Parameter("gamma", channels,
                                          InitializerOr(config.gamma_initializer(),
                                                        ConstantInitializer(1)))
                       : emit.Broadcast(emit.Constant(1), channels);
    const Value beta =
        config.center() ? scope->Parameter("beta", channels,
                                           InitializerOr(config.beta_initializer(),
                                                         ConstantInitializer(0)))
                        : emit.Broadcast(emit.Constant(0), channels);
    const Value mean = scope->State("moving_mean", channels, 0);
    const Value variance = scope->State("moving_variance", channels, 1);
    if (scope->mode() == Mode::kTraining) {
      op::BatchNorm norm;
      norm.set_epsilon(config.epsilon());
      norm.set_momentum(config.momentum());
      const Value y = emit(norm, {x, gamma, beta, mean, variance});
      scope->SetOutput(y);
      if (!y.valid()) return;
      scope->SetNext(mean, {y.node, 3});
      scope->SetNext(variance, {y.node, 4});
      return;
    }
    // y = x * scale + shift: all but two nodes are of the size of the channels.
    const Value epsilon = emit.Constant(static_cast<float>(config.epsilon()));
    const Value deviation = emit(op::Sqrt(), {emit(op::Add(), {variance, epsilon})});
    const Value scale = emit(op::Div(), {gamma, deviation}, "scale");
    const Value shift = emit(op::Sub(), {beta, emit(op::Mul(), {mean, scale})}, "shift");
    scope->SetOutput(emit(op::Add(), {emit(op::Mul(), {x, scale}), shift}));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.batch_norm", BatchNorm);

}  // namespace
}  // namespace gradus
