// y = x for x > 0, negative_slope x otherwise (Maas, Hannun & Ng 2013).
//
// Gradient, from the output: dx = dy where y > 0, dy negative_slope elsewhere.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

// A negative slope would make y > 0 on both sides, and the gradient reads the side from y.
absl::Status CheckSlope(double slope) {
  if (slope >= 0) return absl::OkStatus();
  return absl::InvalidArgumentError(absl::StrCat("negative_slope ", slope, " is not at least 0"));
}

class LeakyRelu final : public UnaryOp<op::LeakyRelu> {
 protected:
  absl::Status Infer(const op::LeakyRelu& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckSlope(config.negative_slope()));
    return UnaryOp::Infer(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::LeakyRelu& config, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    op::LeakyReluGrad gradient;
    gradient.set_negative_slope(config.negative_slope());
    scope->SetInputGradient(0,
                            scope->emit()(gradient, {scope->output_gradient(), scope->output()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(LeakyRelu, op::LeakyRelu);

class LeakyReluGrad final : public UnaryGradientOp<op::LeakyReluGrad> {
 protected:
  absl::Status Infer(const op::LeakyReluGrad& config, absl::Span<const TensorSpec> inputs,
                     std::vector<TensorSpec>* outputs) const override {
    GRADUS_RETURN_IF_ERROR(CheckSlope(config.negative_slope()));
    return UnaryGradientOp::Infer(config, inputs, outputs);
  }
  absl::Status Differentiate(const op::LeakyReluGrad& config, GradientScope* scope) const override {
    // Piecewise constant in y: no gradient flows there.
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(0, scope->emit()(config, {scope->output_gradient(), scope->input(1)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(LeakyReluGrad, op::LeakyReluGrad);

struct LeakyReluRule {
  static constexpr double kCost = 0.04;
  explicit LeakyReluRule(const op::LeakyRelu& config)
      : slope(static_cast<float>(config.negative_slope())) {}
  GRADUS_INLINE float operator()(float x) const {
    return vector_math::Select(x > 0.0f, x, slope * x);
  }
  float slope;
};
using LeakyReluLoop = ElementwiseLoop<op::LeakyRelu, LeakyReluRule, 1>;
GRADUS_REGISTER_KERNEL(op::LeakyRelu, "loop", LeakyReluLoop);

struct LeakyReluGradRule {
  static constexpr double kCost = 0.055;
  explicit LeakyReluGradRule(const op::LeakyReluGrad& config)
      : slope(static_cast<float>(config.negative_slope())) {}
  GRADUS_INLINE float operator()(float dy, float y) const {
    return vector_math::Select(y > 0.0f, dy, slope * dy);
  }
  float slope;
};
using LeakyReluGradLoop = ElementwiseLoop<op::LeakyReluGrad, LeakyReluGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::LeakyReluGrad, "loop", LeakyReluGradLoop);

class LeakyReluOneDnn final : public EltwiseForward<op::LeakyRelu, dnnl::algorithm::eltwise_relu> {
 protected:
  EltwiseNumbers Numbers(const op::LeakyRelu& config) const override {
    return {static_cast<float>(config.negative_slope()), 0};
  }
};
GRADUS_REGISTER_KERNEL(op::LeakyRelu, "onednn", LeakyReluOneDnn);

class LeakyReluGradOneDnn final
    : public EltwiseBackward<op::LeakyReluGrad, dnnl::algorithm::eltwise_relu_use_dst_for_bwd> {
 protected:
  EltwiseNumbers Numbers(const op::LeakyReluGrad& config) const override {
    return {static_cast<float>(config.negative_slope()), 0};
  }
};
GRADUS_REGISTER_KERNEL(op::LeakyReluGrad, "onednn", LeakyReluGradOneDnn);

}  // namespace
}  // namespace gradus
