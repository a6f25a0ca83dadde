// y = x min(max(x + 3, 0), 6) / 6 (Howard et al. 2019, arXiv:1905.02244).
//
// Gradient, from the input: dx = dy times 0 for x <= -3, 1 for x >= 3, x / 3 + 1 / 2 between.
// Its own gradient in x: g dy / 3 between.
//
// oneDNN 2.6.3's hardswish agrees to 1.4e-7 of itself everywhere; at -infinity it gives NaN where
// the loop gives 0, and its gradient of NaN is 1.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class HardSwish final : public UnaryOp<op::HardSwish> {
 protected:
  absl::Status Differentiate(const op::HardSwish&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    scope->SetInputGradient(
        0, scope->emit()(op::HardSwishGrad(), {scope->output_gradient(), scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(HardSwish, op::HardSwish);

class HardSwishGrad final : public UnaryGradientOp<op::HardSwishGrad> {
 protected:
  absl::Status Differentiate(const op::HardSwishGrad&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value g = scope->output_gradient();
    const Value dy = scope->input(0);
    const Value x = scope->input(1);
    if (scope->wants(0)) scope->SetInputGradient(0, emit(op::HardSwishGrad(), {g, x}));
    if (!scope->wants(1)) return absl::OkStatus();
    const Value above = emit(op::Greater(), {x, emit.Constant(-3)});
    const Value below = emit(op::Greater(), {emit.Constant(3), x});
    const Value between = emit(op::Mul(), {above, below});
    const Value slope = emit(op::Mul(), {between, emit.Constant(1.0f / 3)});
    scope->SetInputGradient(1, emit(op::Mul(), {emit(op::Mul(), {g, dy}), slope}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(HardSwishGrad, op::HardSwishGrad);

struct HardSwishRule {
  static constexpr double kCost = 0.064;
  explicit HardSwishRule(const op::HardSwish&) {}
  GRADUS_INLINE float operator()(float x) const {
    const float raised = x + 3.0f;
    const float limited = vector_math::Select(raised > 6.0f, 6.0f, raised);
    // Also keeps -infinity from a product with 0.
    return vector_math::Select(x < -3.0f, -0.0f, x * (limited * (1.0f / 6)));
  }
};
using HardSwishLoop = ElementwiseLoop<op::HardSwish, HardSwishRule, 1>;
GRADUS_REGISTER_KERNEL(op::HardSwish, "loop", HardSwishLoop);

struct HardSwishGradRule {
  static constexpr double kCost = 0.066;
  explicit HardSwishGradRule(const op::HardSwishGrad&) {}
  GRADUS_INLINE float operator()(float dy, float x) const {
    const float inner = x * (1.0f / 3) + 0.5f;
    const float slope = vector_math::Select(x >= 3.0f, 1.0f, inner);
    return vector_math::Select(x <= -3.0f, 0.0f, dy * slope);
  }
};
using HardSwishGradLoop = ElementwiseLoop<op::HardSwishGrad, HardSwishGradRule, 2>;
GRADUS_REGISTER_KERNEL(op::HardSwishGrad, "loop", HardSwishGradLoop);

class HardSwishOneDnn final
    : public EltwiseForward<op::HardSwish, dnnl::algorithm::eltwise_hardswish> {};
GRADUS_REGISTER_KERNEL(op::HardSwish, "onednn", HardSwishOneDnn);

class HardSwishGradOneDnn final
    : public EltwiseBackward<op::HardSwishGrad, dnnl::algorithm::eltwise_hardswish> {};
GRADUS_REGISTER_KERNEL(op::HardSwishGrad, "onednn", HardSwishGradOneDnn);

}  // namespace
}  // namespace gradus
