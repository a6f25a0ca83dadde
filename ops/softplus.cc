// y = log(1 + e^x).
//
// Gradient, from the input: dx = dy sigmoid(x). Its own gradient in x: g dy s (1 - s) with s =
// sigmoid(x).
//
// oneDNN's soft_relu gives -1.9e-6 for softplus(-20) = 2e-9, so the loop is the only forward
// kernel.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Softplus final : public UnaryOp<op::Softplus> {
 protected:
  absl::Status Differentiate(const op::Softplus&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::SoftplusGrad(), {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Softplus, op::Softplus);

class SoftplusGrad final : public UnaryGradientOp<op::SoftplusGrad> {
 protected:
  absl::Status Differentiate(const op::SoftplusGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value x = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::SoftplusGrad(), {g, x}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value sigmoid = emit(op::Sigmoid(), {x});
    scope->SetInputGradient(1, emit(op::SigmoidGrad(), {emit(op::Mul(), {g, dy}), sigmoid}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(SoftplusGrad, op::SoftplusGrad);

struct SoftplusRule {
  static constexpr double kCost = 0.56;
  explicit SoftplusRule(const op::Softplus&) {}
  GRADUS_INLINE float operator()(float x) const { return vector_math::Softplus(x); }
};
using SoftplusLoop = ElementwiseLoop<op::Softplus, SoftplusRule, 1>;
GRADUS_REGISTER_KERNEL(op::Softplus, "loop", SoftplusLoop);

struct SoftplusGradRule {
  static constexpr double kCost = 0.334;
  explicit SoftplusGradRule(const op::SoftplusGrad&) {}
  GRADUS_INLINE float operator()(float dy, float x) const { return dy * vector_math::Sigmoid(x); }
};
using SoftplusGradLoop = ElementwiseLoop<op::SoftplusGrad, SoftplusGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::SoftplusGrad, "loop", SoftplusGradLoop);

class SoftplusGradOneDnn final
    : public EltwiseBackward<op::SoftplusGrad, dnnl::algorithm::eltwise_soft_relu> {};
GRADUS_REGISTER_KERNEL(op::SoftplusGrad, "onednn", SoftplusGradOneDnn);

}  // namespace
}  // namespace gradus
