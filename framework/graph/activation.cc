// Activations out of operations.

#include "gradus/graph/activation.h"

#include "gradus/base/status.h"

namespace gradus {

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
  }
  emit.Fail(absl::InvalidArgumentError(
      absl::StrCat("activation ", static_cast<int>(activation), " is not known")));
  return Value();
}

}  // namespace gradus
