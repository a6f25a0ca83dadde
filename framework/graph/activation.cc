// Activations out of operations.

#include "gradus/graph/activation.h"

#include "gradus/base/status.h"

namespace gradus {
namespace {

// Klambauer, Unterthiner, Mayr & Hochreiter 2017, arXiv:1706.02515: with these numbers mean 0 and
// variance 1 are a fixed point.
constexpr double kSeluAlpha = 1.6732632423543772;
constexpr float kSeluScale = 1.0507009873554805f;

Value Selu(Value x, Emitter& emit) {
  op::Elu elu;
  elu.set_alpha(kSeluAlpha);
  return emit(op::Mul(), {emit(elu, {x}), emit.Constant(kSeluScale)});
}

Value Softsign(Value x, Emitter& emit) {
  return emit(op::Div(), {x, emit(op::Add(), {emit(op::Abs(), {x}), emit.Constant(1)})});
}

// As in Keras the gradient is 0 at 0, which a clip to [0, 6] would not give.
Value Relu6(Value x, Emitter& emit) {
  op::Clip clip;
  clip.set_max(6);
  return emit(clip, {emit(op::Relu(), {x})});
}

Value HardSigmoid(Value x, Emitter& emit) {
  op::Clip clip;
  clip.set_min(0);
  clip.set_max(6);
  const Value limited = emit(clip, {emit(op::Add(), {x, emit.Constant(3)})});
  return emit(op::Mul(), {limited, emit.Constant(1.0f / 6)});
}

}  // namespace

Value ApplyActivation(layer::Activation activation, Value value, Emitter& emit) {
  switch (activation) {
    case layer::LINEAR:
      return value;
    case layer::RELU:
      return emit(op::Relu(), {value});
    case layer::ELU:
      return emit(op::Elu(), {value});
    case layer::SIGMOID:
      return emit(op::Sigmoid(), {value});
    case layer::TANH:
      return emit(op::Tanh(), {value});
    case layer::GELU:
      return emit(op::Gelu(), {value});
    case layer::SOFTPLUS:
      return emit(op::Softplus(), {value});
    case layer::SOFTMAX:
      return emit(op::Softmax(), {value});
    case layer::LEAKY_RELU:
      return emit(op::LeakyRelu(), {value});
    case layer::SELU:
      return Selu(value, emit);
    case layer::SOFTSIGN:
      return Softsign(value, emit);
    case layer::SILU:
      return emit(op::Silu(), {value});
    case layer::MISH:
      return emit(op::Mish(), {value});
    case layer::HARD_SIGMOID:
      return HardSigmoid(value, emit);
    case layer::HARD_SWISH:
      return emit(op::HardSwish(), {value});
    case layer::GELU_TANH:
      return emit(op::GeluTanh(), {value});
    case layer::EXPONENTIAL:
      return emit(op::Exp(), {value});
    case layer::RELU6:
      return Relu6(value, emit);
    case layer::LOG_SOFTMAX:
      return emit(op::LogSoftmax(), {value});
  }
  emit.Fail(absl::InvalidArgumentError(
      absl::StrCat("activation ", static_cast<int>(activation), " is not known")));
  return Value();
}

}  // namespace gradus
