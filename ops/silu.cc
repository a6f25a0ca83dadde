// y = x s, s = 1 / (1 + e^-x) (Elfwing, Uchibe & Doya 2017; swish of Ramachandran, Zoph & Le 2017).
//
// Gradient, from the input: dx = dy s (1 + x (1 - s)).
// Its own gradient in x: g dy s (1 - s) (2 + x (1 - 2 s)).
//
// oneDNN 2.6.3's swish against double: right to 4e-7 of itself down to x = -86, and 0 from -87 on;
// its gradient is off by at most 2e-8. At -infinity, and the gradient at both infinities, it gives
// NaN where the loops give the limits.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Silu final : public UnaryOp<op::Silu> {
 protected:
  absl::Status Differentiate(const op::Silu&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::SiluGrad(), {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Silu, op::Silu);

class SiluGrad final : public UnaryGradientOp<op::SiluGrad> {
 protected:
  absl::Status Differentiate(const op::SiluGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value x = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::SiluGrad(), {g, x}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value s = emit(op::Sigmoid(), {x});
    const Value one = emit.Constant(1);
    const Value density = emit(op::Mul(), {s, emit(op::Sub(), {one, s})});
    const Value balance = emit(op::Sub(), {one, emit(op::Add(), {s, s})});
    const Value bend = emit(op::Add(), {emit(op::Mul(), {x, balance}), emit.Constant(2)});
    const Value slope = emit(op::Mul(), {density, bend});
    scope->SetInputGradient(1, emit(op::Mul(), {emit(op::Mul(), {g, dy}), slope}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(SiluGrad, op::SiluGrad);

struct SiluRule {
  static constexpr double kCost = 0.271;
  explicit SiluRule(const op::Silu&) {}
  GRADUS_INLINE float operator()(float x) const {
    // Below -104 the result is 0, and -infinity times 0 would be NaN.
    return vector_math::Select(x < -104.0f, -0.0f, x * vector_math::Sigmoid(x));
  }
};
using SiluLoop = ElementwiseLoop<op::Silu, SiluRule, 1>;
GRADUS_REGISTER_KERNEL(op::Silu, "loop", SiluLoop);

struct SiluGradRule {
  static constexpr double kCost = 0.345;
  explicit SiluGradRule(const op::SiluGrad&) {}
  GRADUS_INLINE float operator()(float dy, float x) const {
    const float s = vector_math::Sigmoid(x);
    // At infinity the product would be NaN; from 104 on it is 0.
    const float limited = vector_math::Select(vector_math::Magnitude(x) > 104.0f, 0.0f, x);
    return dy * (s * (1.0f + limited * (1.0f - s)));
  }
};
using SiluGradLoop = ElementwiseLoop<op::SiluGrad, SiluGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::SiluGrad, "loop", SiluGradLoop);

class SiluOneDnn final : public EltwiseForward<op::Silu, dnnl::algorithm::eltwise_swish> {
 protected:
  EltwiseNumbers Numbers(const op::Silu&) const override { return {1, 0}; }
};
GRADUS_REGISTER_KERNEL(op::Silu, "onednn", SiluOneDnn);

class SiluGradOneDnn final : public EltwiseBackward<op::SiluGrad, dnnl::algorithm::eltwise_swish> {
 protected:
  EltwiseNumbers Numbers(const op::SiluGrad&) const override { return {1, 0}; }
};
GRADUS_REGISTER_KERNEL(op::SiluGrad, "onednn", SiluGradOneDnn);

}  // namespace
}  // namespace gradus
