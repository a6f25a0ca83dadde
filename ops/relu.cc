// y = max(x, 0). The loop keeps NaN; oneDNN's relu maps it to 0.
//
// Gradient, from the output: dx = dy where y > 0, 0 elsewhere (also at 0).

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Relu final : public UnaryOp<op::Relu> {
 protected:
  absl::Status Differentiate(const op::Relu&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::ReluGrad(), {scope->output_gradient(), scope->output()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Relu, op::Relu);

class ReluGrad final : public UnaryGradientOp<op::ReluGrad> {
 protected:
  absl::Status Differentiate(const op::ReluGrad&, GradientScope* scope) const override {
    // Piecewise constant in y: no gradient flows there.
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::ReluGrad(), {scope->output_gradient(), scope->input(1)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(ReluGrad, op::ReluGrad);

struct ReluRule {
  static constexpr double kCost = 0.034;
  explicit ReluRule(const op::Relu&) {}
  GRADUS_INLINE float operator()(float x) const { return vector_math::Select(x < 0.0f, 0.0f, x); }
};
using ReluLoop = ElementwiseLoop<op::Relu, ReluRule, 1>;
GRADUS_REGISTER_KERNEL(op::Relu, "loop", ReluLoop);

struct ReluGradRule {
  static constexpr double kCost = 0.065;
  explicit ReluGradRule(const op::ReluGrad&) {}
  GRADUS_INLINE float operator()(float dy, float y) const {
    return vector_math::Select(y <= 0.0f, 0.0f, dy);
  }
};
using ReluGradLoop = ElementwiseLoop<op::ReluGrad, ReluGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::ReluGrad, "loop", ReluGradLoop);

class ReluOneDnn final : public EltwiseForward<op::Relu, dnnl::algorithm::eltwise_relu> {};
GRADUS_REGISTER_KERNEL(op::Relu, "onednn", ReluOneDnn);

class ReluGradOneDnn final
    : public EltwiseBackward<op::ReluGrad, dnnl::algorithm::eltwise_relu_use_dst_for_bwd> {};
GRADUS_REGISTER_KERNEL(op::ReluGrad, "onednn", ReluGradOneDnn);

}  // namespace
}  // namespace gradus
