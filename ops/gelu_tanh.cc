// y = x / (1 + e^-v), v = 2 sqrt(2 / pi) (x + 0.044715 x^3) (Hendrycks & Gimpel 2016): the same as
// x (1 + tanh(v / 2)) / 2, without its loss of digits for negative x.
//
// Gradient, from the input, with s = 1 / (1 + e^-v): dx = dy (s + x s (1 - s) v').
// Its own gradient in x: g dy s (1 - s) (2 v' + x (v'^2 (1 - 2 s) + v'')).
//
// oneDNN 2.6.3's gelu_tanh adds 1 to a tanh near -1: at x = -4.15 it is off by 1.4e-7 absolute, its
// gradient by 7e-7, as much as its gelu_erf is. At -infinity it gives NaN where the loop gives 0.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

constexpr float kLinear = 1.59576912160573f;   // 2 sqrt(2 / pi)
constexpr float kCubic = 0.0713548162726009f;  // 0.044715 of it

class GeluTanh final : public UnaryOp<op::GeluTanh> {
 protected:
  absl::Status Differentiate(const op::GeluTanh&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::GeluTanhGrad(), {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(GeluTanh, op::GeluTanh);

class GeluTanhGrad final : public UnaryGradientOp<op::GeluTanhGrad> {
 protected:
  absl::Status Differentiate(const op::GeluTanhGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value x = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::GeluTanhGrad(), {g, x}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value one = emit.Constant(1);
    const Value square = emit(op::Square(), {x});
    const Value first = emit(
        op::Add(), {emit(op::Mul(), {square, emit.Constant(3 * kCubic)}), emit.Constant(kLinear)});
    const Value second = emit(op::Mul(), {x, emit.Constant(6 * kCubic)});
    const Value cubic =
        emit(op::Add(), {emit(op::Mul(), {square, emit.Constant(kCubic)}), emit.Constant(kLinear)});
    const Value s = emit(op::Sigmoid(), {emit(op::Mul(), {x, cubic})});
    const Value density = emit(op::Mul(), {s, emit(op::Sub(), {one, s})});
    const Value balance = emit(op::Sub(), {one, emit(op::Add(), {s, s})});
    const Value curve =
        emit(op::Add(), {emit(op::Mul(), {emit(op::Square(), {first}), balance}), second});
    const Value bend =
        emit(op::Add(), {emit(op::Add(), {first, first}), emit(op::Mul(), {x, curve})});
    const Value slope = emit(op::Mul(), {density, bend});
    scope->SetInputGradient(1, emit(op::Mul(), {emit(op::Mul(), {g, dy}), slope}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(GeluTanhGrad, op::GeluTanhGrad);

struct GeluTanhRule {
  static constexpr double kCost = 0.337;
  explicit GeluTanhRule(const op::GeluTanh&) {}
  GRADUS_INLINE float operator()(float x) const {
    const float v = x * (kLinear + kCubic * (x * x));
    // Below -15 the result is 0, and -infinity times 0 would be NaN.
    return vector_math::Select(x < -15.0f, -0.0f, x * vector_math::Sigmoid(v));
  }
};
using GeluTanhLoop = ElementwiseLoop<op::GeluTanh, GeluTanhRule, 1>;
GRADUS_REGISTER_KERNEL(op::GeluTanh, "loop", GeluTanhLoop);

struct GeluTanhGradRule {
  static constexpr double kCost = 0.411;
  explicit GeluTanhGradRule(const op::GeluTanhGrad&) {}
  GRADUS_INLINE float operator()(float dy, float x) const {
    const float square = x * x;
    const float s = vector_math::Sigmoid(x * (kLinear + kCubic * square));
    // At infinity the product would be NaN; from 15 on it is 0.
    const float inside = s * (1.0f - s) * (x * (kLinear + 3.0f * kCubic * square));
    return dy * (s + vector_math::Select(vector_math::Magnitude(x) > 15.0f, 0.0f, inside));
  }
};
using GeluTanhGradLoop = ElementwiseLoop<op::GeluTanhGrad, GeluTanhGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::GeluTanhGrad, "loop", GeluTanhGradLoop);

class GeluTanhOneDnn final
    : public EltwiseForward<op::GeluTanh, dnnl::algorithm::eltwise_gelu_tanh> {};
GRADUS_REGISTER_KERNEL(op::GeluTanh, "onednn", GeluTanhOneDnn);

class GeluTanhGradOneDnn final
    : public EltwiseBackward<op::GeluTanhGrad, dnnl::algorithm::eltwise_gelu_tanh> {};
GRADUS_REGISTER_KERNEL(op::GeluTanhGrad, "onednn", GeluTanhGradOneDnn);

}  // namespace
}  // namespace gradus
