// y = ln x; -infinity at 0, NaN below.
//
// Gradient: dx = dy / x.
//
// oneDNN's log is off by 3e-6 around 1, where cross-entropies end up, so the loop is the only kernel.

#include "gradus/base/vector_math.h"
#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"

namespace gradus {
namespace {

class Log final : public UnaryOp<op::Log> {
 protected:
  absl::Status Differentiate(const op::Log&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    scope->SetInputGradient(0, emit(op::Div(), {dy, scope->input(0)}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Log, op::Log);

struct LogRule {
  static constexpr double kCost = 0.325;
  explicit LogRule(const op::Log&) {}
  GRADUS_INLINE float operator()(float x) const { return vector_math::Log(x); }
};
using LogLoop = ElementwiseLoop<op::Log, LogRule, 1>;
GRADUS_REGISTER_KERNEL(op::Log, "loop", LogLoop);

}  // namespace
}  // namespace gradus
