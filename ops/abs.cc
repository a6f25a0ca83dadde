// y = |x|.
//
// Gradient, from the input: dx = dy sign(x), 0 at 0.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Abs final : public UnaryOp<op::Abs> {
 protected:
  absl::Status Differentiate(const op::Abs&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::AbsGrad(), {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Abs, op::Abs);

class AbsGrad final : public UnaryGradientOp<op::AbsGrad> {
 protected:
  absl::Status Differentiate(const op::AbsGrad&, GradientScope* scope) const override {
    // Piecewise constant in x: no gradient flows there.
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::AbsGrad(), {scope->output_gradient(), scope->input(1)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(AbsGrad, op::AbsGrad);

struct AbsRule {
  static constexpr double kCost = 0.04;
  explicit AbsRule(const op::Abs&) {}
  GRADUS_INLINE float operator()(float x) const { return vector_math::Magnitude(x); }
};
using AbsLoop = ElementwiseLoop<op::Abs, AbsRule, 1>;
GRADUS_REGISTER_KERNEL(op::Abs, "loop", AbsLoop);

struct AbsGradRule {
  static constexpr double kCost = 0.055;
  explicit AbsGradRule(const op::AbsGrad&) {}
  GRADUS_INLINE float operator()(float dy, float x) const {
    return vector_math::Select(x == 0.0f, 0.0f, vector_math::Select(x < 0.0f, -dy, dy));
  }
};
using AbsGradLoop = ElementwiseLoop<op::AbsGrad, AbsGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::AbsGrad, "loop", AbsGradLoop);

class AbsOneDnn final : public EltwiseForward<op::Abs, dnnl::algorithm::eltwise_abs> {};
GRADUS_REGISTER_KERNEL(op::Abs, "onednn", AbsOneDnn);

class AbsGradOneDnn final : public EltwiseBackward<op::AbsGrad, dnnl::algorithm::eltwise_abs> {};
GRADUS_REGISTER_KERNEL(op::AbsGrad, "onednn", AbsGradOneDnn);

}  // namespace
}  // namespace gradus
