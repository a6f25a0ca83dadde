// y = a + b with NumPy's broadcasting.
//
// Gradient: da = dy, db = dy, each summed over the axes along which the input was repeated.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Add final : public BinaryOp<op::Add> {
 public:
  // Linear in both together, not in one with the other fixed: 2 a + b is not 2 (a + b).
  bool jointly_linear(const Config&) const override { return true; }

 protected:
  absl::Status Differentiate(const op::Add&, GradientScope* scope) const override {
    const Value dy = scope->output_gradient();
    Emitter& emit = scope->emit();
    for (int i = 0; i < 2; ++i) {
      if (!scope->wants(i)) continue;
      scope->SetInputGradient(i, emit.SumTo(dy, emit.spec(scope->input(i)).shape));
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Add, op::Add);

struct AddRule {
  static constexpr double kCost = 0.06;
  explicit AddRule(const op::Add&) {}
  GRADUS_INLINE float operator()(float a, float b) const { return a + b; }
};
using AddLoop = ElementwiseLoop<op::Add, AddRule, 2>;
GRADUS_REGISTER_KERNEL(op::Add, "loop", AddLoop);

using AddOneDnn = BinaryPrimitive<dnnl::algorithm::binary_add>;
GRADUS_REGISTER_KERNEL(op::Add, "onednn", AddOneDnn);

}  // namespace
}  // namespace gradus
