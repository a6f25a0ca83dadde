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

// Keras' default threshold of both shrinks.
constexpr float kShrink = 0.5f;

Value HardShrink(Value x, Emitter& emit) {
  const Value far = emit(op::Greater(), {emit(op::Abs(), {x}), emit.Constant(kShrink)});
  return emit(op::Mul(), {x, far});
}

// x less what lies within the threshold; the clip's gradient, 1 on the bounds, cancels x's there.
Value SoftShrink(Value x, Emitter& emit) {
  op::Clip clip;
  clip.set_min(-kShrink);
  clip.set_max(kShrink);
  return emit(op::Sub(), {x, emit(clip, {x})});
}

Value HardTanh(Value x, Emitter& emit) {
  op::Clip clip;
  clip.set_min(-1);
  clip.set_max(1);
  return emit(clip, {x});
}

Value Squareplus(Value x, Emitter& emit) {
  const Value root = emit(
      op::Sqrt(), {emit(op::Add(), {emit(op::Square(), {x}), emit.Constant(4)})});
  return emit(op::Mul(), {emit(op::Add(), {x, root}), emit.Constant(0.5f)});
}

// (c + 1)^2 / 4 with x limited to c in [-1, 1], plus what lies above 1.
Value SparsePlus(Value x, Emitter& emit) {
  const Value one = emit.Constant(1);
  const Value square = emit(op::Square(), {emit(op::Add(), {HardTanh(x, emit), one})});
  const Value above = emit(op::Relu(), {emit(op::Sub(), {x, one})});
  return emit(op::Add(), {emit(op::Mul(), {square, emit.Constant(0.25f)}), above});
}

Value SparseSigmoid(Value x, Emitter& emit) {
  const Value shifted = emit(op::Add(), {HardTanh(x, emit), emit.Constant(1)});
  return emit(op::Mul(), {shifted, emit.Constant(0.5f)});
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
    case layer::CELU:
      return emit(op::Elu(), {value});
    case layer::HARD_TANH:
      return HardTanh(value, emit);
    case layer::HARD_SHRINK:
      return HardShrink(value, emit);
    case layer::SOFT_SHRINK:
      return SoftShrink(value, emit);
    case layer::TANH_SHRINK:
      return emit(op::Sub(), {value, emit(op::Tanh(), {value})});
    case layer::LOG_SIGMOID:
      return emit(op::Neg(), {emit(op::Softplus(), {emit(op::Neg(), {value})})});
    case layer::SQUAREPLUS:
      return Squareplus(value, emit);
    case layer::SPARSE_PLUS:
      return SparsePlus(value, emit);
    case layer::SPARSE_SIGMOID:
      return SparseSigmoid(value, emit);
  }
  emit.Fail(absl::InvalidArgumentError(
      absl::StrCat("activation ", static_cast<int>(activation), " is not known")));
  return Value();
}

}  // namespace gradus
