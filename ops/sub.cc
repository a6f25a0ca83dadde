// y = a - b with NumPy's broadcasting.
//
// Gradient: da = dy, db = -dy, each summed over the axes along which the input was repeated.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Sub final : public BinaryOp<op::Sub> {
 public:
  // Linear in both together, not in one with the other fixed: 2 a + b is not 2 (a + b).
  bool jointly_linear(const Config&) const override { return true; }

 protected:
  absl::Status Differentiate(const op::Sub&, GradientScope* scope) const override {
    const Value dy = scope->output_gradient();
    Emitter& emit = scope->emit();
    if (scope->wants(0)) {
      scope->SetInputGradient(0, emit.SumTo(dy, emit.spec(scope->input(0)).shape));
    }
    if (scope->wants(1)) {
      // The sum first: there is less to negate.
      const Value sum = emit.SumTo(dy, emit.spec(scope->input(1)).shape);
      scope->SetInputGradient(1, emit(op::Neg(), {sum}));
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Sub, op::Sub);

struct SubRule {
  static constexpr double kCost = 0.06;
  explicit SubRule(const op::Sub&) {}
  GRADUS_INLINE float operator()(float a, float b) const { return a - b; }
};
using SubLoop = ElementwiseLoop<op::Sub, SubRule, 2>;
GRADUS_REGISTER_KERNEL(op::Sub, "loop", SubLoop);

using SubOneDnn = BinaryPrimitive<dnnl::algorithm::binary_sub>;
GRADUS_REGISTER_KERNEL(op::Sub, "onednn", SubOneDnn);

}  // namespace
}  // namespace gradus
