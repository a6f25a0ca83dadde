// y = x Phi(x), the exact form (Hendrycks & Gimpel 2016); Phi is the normal distribution, phi its
// density.
//
// Gradient, from the input: dx = dy (Phi(x) + x phi(x)). Its own gradient in x: g dy phi(x) (2 -
// x^2).

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

constexpr float kInverseSqrtTwoPi = 0.398942280f;

class Gelu final : public UnaryOp<op::Gelu> {
 protected:
  absl::Status Differentiate(const op::Gelu&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::GeluGrad(), {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Gelu, op::Gelu);

class GeluGrad final : public UnaryGradientOp<op::GeluGrad> {
 protected:
  absl::Status Differentiate(const op::GeluGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value x = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::GeluGrad(), {g, x}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value square = emit(op::Square(), {x});
    const Value half = emit(op::Mul(), {square, emit.Constant(-0.5f)});
    const Value density =
        emit(op::Mul(), {emit(op::Exp(), {half}), emit.Constant(kInverseSqrtTwoPi)});
    const Value slope = emit(op::Mul(), {density, emit(op::Sub(), {emit.Constant(2), square})});
    scope->SetInputGradient(1, emit(op::Mul(), {emit(op::Mul(), {g, dy}), slope}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(GeluGrad, op::GeluGrad);

struct GeluRule {
  static constexpr double kCost = 0.8;
  explicit GeluRule(const op::Gelu&) {}
  GRADUS_INLINE float operator()(float x) const {
    // Below -15 the result is 0, and -infinity times 0 would be NaN.
    return vector_math::Select(x < -15.0f, -0.0f, x * vector_math::NormalCdf(x));
  }
};
using GeluLoop = ElementwiseLoop<op::Gelu, GeluRule, 1>;
GRADUS_REGISTER_KERNEL(op::Gelu, "loop", GeluLoop);

struct GeluGradRule {
  static constexpr double kCost = 0.82;
  explicit GeluGradRule(const op::GeluGrad&) {}
  GRADUS_INLINE float operator()(float dy, float x) const {
    const vector_math::Normal normal = vector_math::NormalOf(x);
    // At infinity the product would be NaN; from 15 on the density is 0.
    const float limited = vector_math::Select(vector_math::Magnitude(x) > 15.0f, 0.0f, x);
    return dy * (normal.cdf + limited * (kInverseSqrtTwoPi * normal.bell));
  }
};
using GeluGradLoop = ElementwiseLoop<op::GeluGrad, GeluGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::GeluGrad, "loop", GeluGradLoop);

class GeluOneDnn final : public EltwiseForward<op::Gelu, dnnl::algorithm::eltwise_gelu_erf> {};
GRADUS_REGISTER_KERNEL(op::Gelu, "onednn", GeluOneDnn);

class GeluGradOneDnn final
    : public EltwiseBackward<op::GeluGrad, dnnl::algorithm::eltwise_gelu_erf> {};
GRADUS_REGISTER_KERNEL(op::GeluGrad, "onednn", GeluGradOneDnn);

}  // namespace
}  // namespace gradus
