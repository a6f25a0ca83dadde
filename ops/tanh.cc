// y = tanh x.
//
// Gradient, from the output: dx = dy (1 - y^2). Its own gradient in y: -g dy 2 y.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Tanh final : public UnaryOp<op::Tanh> {
 protected:
  absl::Status Differentiate(const op::Tanh&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::TanhGrad(), {scope->output_gradient(), scope->output()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Tanh, op::Tanh);

class TanhGrad final : public UnaryGradientOp<op::TanhGrad> {
 protected:
  absl::Status Differentiate(const op::TanhGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value y = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::TanhGrad(), {g, y}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value product = emit(op::Mul(), {emit(op::Mul(), {g, dy}), emit(op::Add(), {y, y})});
    scope->SetInputGradient(1, emit(op::Neg(), {product}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(TanhGrad, op::TanhGrad);

struct TanhRule {
  static constexpr double kCost = 0.44;
  explicit TanhRule(const op::Tanh&) {}
  GRADUS_INLINE float operator()(float x) const { return vector_math::Tanh(x); }
};
using TanhLoop = ElementwiseLoop<op::Tanh, TanhRule, 1>;
GRADUS_REGISTER_KERNEL(op::Tanh, "loop", TanhLoop);

struct TanhGradRule {
  static constexpr double kCost = 0.055;
  explicit TanhGradRule(const op::TanhGrad&) {}
  GRADUS_INLINE float operator()(float dy, float y) const { return dy * ((1.0f - y) * (1.0f + y)); }
};
using TanhGradLoop = ElementwiseLoop<op::TanhGrad, TanhGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::TanhGrad, "loop", TanhGradLoop);

class TanhOneDnn final : public EltwiseForward<op::Tanh, dnnl::algorithm::eltwise_tanh> {};
GRADUS_REGISTER_KERNEL(op::Tanh, "onednn", TanhOneDnn);

class TanhGradOneDnn final
    : public EltwiseBackward<op::TanhGrad, dnnl::algorithm::eltwise_tanh_use_dst_for_bwd> {};
GRADUS_REGISTER_KERNEL(op::TanhGrad, "onednn", TanhGradOneDnn);

}  // namespace
}  // namespace gradus
