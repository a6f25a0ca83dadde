// y = e^x. The loop keeps NaN; oneDNN's exp maps it to infinity.
//
// Gradient: dx = dy y.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Exp final : public UnaryOp<op::Exp> {
 protected:
  absl::Status Differentiate(const op::Exp&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    scope->SetInputGradient(0, emit(op::Mul(), {dy, scope->output()}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Exp, op::Exp);

struct ExpRule {
  static constexpr double kCost = 0.255;
  explicit ExpRule(const op::Exp&) {}
  GRADUS_INLINE float operator()(float x) const { return vector_math::Exp(x); }
};
using ExpLoop = ElementwiseLoop<op::Exp, ExpRule, 1>;
GRADUS_REGISTER_KERNEL(op::Exp, "loop", ExpLoop);

class ExpOneDnn final : public EltwiseForward<op::Exp, dnnl::algorithm::eltwise_exp> {};
GRADUS_REGISTER_KERNEL(op::Exp, "onednn", ExpOneDnn);

}  // namespace
}  // namespace gradus
