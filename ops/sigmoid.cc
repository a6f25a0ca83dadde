// y = 1 / (1 + e^-x).
//
// Gradient, from the output: dx = dy y (1 - y). Its own gradient in y: g dy (1 - 2 y).

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Sigmoid final : public UnaryOp<op::Sigmoid> {
 protected:
  absl::Status Differentiate(const op::Sigmoid&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::SigmoidGrad(), {scope->output_gradient(), scope->output()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Sigmoid, op::Sigmoid);

class SigmoidGrad final : public UnaryGradientOp<op::SigmoidGrad> {
 protected:
  absl::Status Differentiate(const op::SigmoidGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value y = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::SigmoidGrad(), {g, y}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value slope = emit(op::Sub(), {emit.Constant(1), emit(op::Add(), {y, y})});
    scope->SetInputGradient(1, emit(op::Mul(), {emit(op::Mul(), {g, dy}), slope}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(SigmoidGrad, op::SigmoidGrad);

struct SigmoidRule {
  static constexpr double kCost = 0.33;
  explicit SigmoidRule(const op::Sigmoid&) {}
  GRADUS_INLINE float operator()(float x) const { return vector_math::Sigmoid(x); }
};
using SigmoidLoop = ElementwiseLoop<op::Sigmoid, SigmoidRule, 1>;
GRADUS_REGISTER_KERNEL(op::Sigmoid, "loop", SigmoidLoop);

struct SigmoidGradRule {
  static constexpr double kCost = 0.06;
  explicit SigmoidGradRule(const op::SigmoidGrad&) {}
  GRADUS_INLINE float operator()(float dy, float y) const { return dy * y * (1.0f - y); }
};
using SigmoidGradLoop = ElementwiseLoop<op::SigmoidGrad, SigmoidGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::SigmoidGrad, "loop", SigmoidGradLoop);

class SigmoidOneDnn final : public EltwiseForward<op::Sigmoid, dnnl::algorithm::eltwise_logistic> {
};
GRADUS_REGISTER_KERNEL(op::Sigmoid, "onednn", SigmoidOneDnn);

class SigmoidGradOneDnn final
    : public EltwiseBackward<op::SigmoidGrad, dnnl::algorithm::eltwise_logistic_use_dst_for_bwd> {};
GRADUS_REGISTER_KERNEL(op::SigmoidGrad, "onednn", SigmoidGradOneDnn);

}  // namespace
}  // namespace gradus
