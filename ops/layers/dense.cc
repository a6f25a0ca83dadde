// Fully connected: y = activation(x kernel + bias), over the last axis of x.
//
//   layer { name: "hidden" dense { units: 64 activation: RELU } }
//
// Parameters: `kernel` [inputs, units], `bias` [units], stored and initialised as in Keras' Dense. Axes between the batch and the last are
// joined with the batch for the product, so the runtime always sees the same matmul, add, activation, which it fuses.

#include "gradus/base/status.h"
#include "gradus/graph/activation.h"
#include "gradus/graph/layer.h"

namespace gradus {
namespace {

InitializerConfig Or(const InitializerConfig& given, const InitializerConfig& otherwise) {
  return given.kind_case() == InitializerConfig::KIND_NOT_SET ? otherwise : given;
}

class Dense final : public TypedLayer<layer::Dense> {
  void Build(const layer::Dense& config, LayerScope* scope) const override {
    if (!scope->ExpectInputs(1, 1) || !scope->ExpectFloat(scope->input(0), "input")) return;
    const Shape shape = scope->spec(scope->input(0)).shape;
    const int last = shape.rank() - 1;
    if (last < 1) {
      scope->InputError("shape", 0,
                        absl::StrCat("dense needs an axis behind the batch, the input is ",
                                     shape.ToString(), "; `shape: 1` or flatten gives it one"));
      return;
    }
    Emitter& emit = scope->emit();
    InitializerConfig glorot, zeros;
    glorot.set_scaled(InitializerConfig::GLOROT_UNIFORM);
    zeros.set_constant(0);
    const int64_t inputs = shape.dim(last).k;
    const Value kernel =
        scope->Parameter("kernel", Shape::Fixed({inputs, config.units()}),
                         Or(config.kernel_initializer(), glorot));

    Dim rows = shape.dim(0);
    for (int axis = 1; axis < last; ++axis) rows.k *= shape.dim(axis).k;
    const Value x = emit.Reshape(scope->input(0), {rows, shape.dim(last)});
    Value y = emit(op::Matmul(), {x, kernel});
    if (config.use_bias()) {
      const Value bias = scope->Parameter("bias", Shape::Fixed({config.units()}),
                                          Or(config.bias_initializer(), zeros));
      y = emit(op::Add(), {y, bias});
    }
    y = ApplyActivation(config.activation(), y, emit);
    Shape out = shape;
    out.Set(last, {config.units(), false});
    scope->SetOutput(emit.Reshape(y, out));
  }
};

GRADUS_REGISTER(Layer, "gradus.LayerConfig.dense", Dense);

}  // namespace
}  // namespace gradus
