// y = sqrt(x); NaN below 0.
//
// Gradient: dx = dy / (2 y), from the output.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Sqrt final : public UnaryOp<op::Sqrt> {
 protected:
  absl::Status Differentiate(const op::Sqrt&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    scope->SetInputGradient(
        0, emit(op::Div(), {dy, emit(op::Add(), {scope->output(), scope->output()})}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Sqrt, op::Sqrt);

struct SqrtRule {
  static constexpr double kCost = 0.077;
  explicit SqrtRule(const op::Sqrt&) {}
  GRADUS_INLINE float operator()(float x) const { return __builtin_sqrtf(x); }
};
using SqrtLoop = ElementwiseLoop<op::Sqrt, SqrtRule, 1>;
GRADUS_REGISTER_KERNEL(op::Sqrt, "loop", SqrtLoop);

class SqrtOneDnn final : public EltwiseForward<op::Sqrt, dnnl::algorithm::eltwise_sqrt> {};
GRADUS_REGISTER_KERNEL(op::Sqrt, "onednn", SqrtOneDnn);

}  // namespace
}  // namespace gradus
