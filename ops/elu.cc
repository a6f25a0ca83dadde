// y = x for x > 0, alpha (e^x - 1) otherwise (Clevert, Unterthiner & Hochreiter 2015).
//
// Gradient, from the output: dx = dy where y > 0, dy (y + alpha) elsewhere. Its own gradient: dy g
// where y <= 0.
//
// oneDNN computes e^x - 1 as a difference: near 0 it is off by 1e-8 absolute.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

// A negative alpha would make y > 0 on both sides, and the gradient reads the side from y.
absl::Status CheckAlpha(double alpha) {
  if (alpha >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("alpha ", alpha, " is not at least 0"));
}

class Elu final : public UnaryOp<op::Elu> {
 protected:
  absl::Status Infer(const op::Elu& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckAlpha(config.alpha()));
    return UnaryOp::Infer(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::Elu& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    op::EluGrad gradient;
    gradient.set_alpha(config.alpha());
    scope->SetInputGradient(0,
                            scope->emit()(gradient, {scope->output_gradient(), scope->output()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Elu, op::Elu);

class EluGrad final : public UnaryGradientOp<op::EluGrad> {
 protected:
  absl::Status Infer(const op::EluGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckAlpha(config.alpha()));
    return UnaryGradientOp::Infer(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::EluGrad& config, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value y = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(config, {g, y}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value above = emit(op::Greater(), {y, emit.Constant(0)});
    const Value below = emit(op::Sub(), {emit.Constant(1), above});
    scope->SetInputGradient(1, emit(op::Mul(), {emit(op::Mul(), {g, dy}), below}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(EluGrad, op::EluGrad);

struct EluRule {
  static constexpr double kCost = 0.3;
  explicit EluRule(const op::Elu& config) : alpha(static_cast<float>(config.alpha())) {}
  GRADUS_INLINE float operator()(float x) const {
    return vector_math::Select(x > 0.0f, x, alpha * vector_math::Expm1(x));
  }
  float alpha;
};
using EluLoop = ElementwiseLoop<op::Elu, EluRule, 1>;
GRADUS_REGISTER_KERNEL(op::Elu, "loop", EluLoop);

struct EluGradRule {
  static constexpr double kCost = 0.055;
  explicit EluGradRule(const op::EluGrad& config) : alpha(static_cast<float>(config.alpha())) {}
  GRADUS_INLINE float operator()(float dy, float y) const {
    return vector_math::Select(y > 0.0f, dy, dy * (y + alpha));
  }
  float alpha;
};
using EluGradLoop = ElementwiseLoop<op::EluGrad, EluGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::EluGrad, "loop", EluGradLoop);

class EluOneDnn final : public EltwiseForward<op::Elu, dnnl::algorithm::eltwise_elu> {
 protected:
  EltwiseNumbers Numbers(const op::Elu& config) const override {
    return {static_cast<float>(config.alpha()), 0};
  }
};
GRADUS_REGISTER_KERNEL(op::Elu, "onednn", EluOneDnn);

class EluGradOneDnn final
    : public EltwiseBackward<op::EluGrad, dnnl::algorithm::eltwise_elu_use_dst_for_bwd> {
 protected:
  EltwiseNumbers Numbers(const op::EluGrad& config) const override {
    return {static_cast<float>(config.alpha()), 0};
  }
};
GRADUS_REGISTER_KERNEL(op::EluGrad, "onednn", EluGradOneDnn);

}  // namespace
}  // namespace gradus
