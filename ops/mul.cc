// y = a b, element by element, with NumPy's broadcasting.
//
// Gradient: da = dy b, db = dy a, each summed over the axes along which the input was repeated.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Mul final : public BinaryOp<op::Mul> {
 public:
  bool linear_in(const Config&, int) const override { return true; }

 protected:
  absl::Status Differentiate(const op::Mul&, GradientScope* scope) const override {
    const Value dy = scope->output_gradient();
    Emitter& emit = scope->emit();
    for (int i = 0; i < 2; ++i) {
      if (!scope->wants(i)) continue;
      const Value product = emit(op::Mul(), {dy, scope->input(1 - i)});
      scope->SetInputGradient(i, emit.SumTo(product, emit.spec(scope->input(i)).shape));
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Mul, op::Mul);

struct MulRule {
  static constexpr double kCost = 0.06;
  explicit MulRule(const op::Mul&) {}
  GRADUS_INLINE float operator()(float a, float b) const { return a * b; }
};
using MulLoop = ElementwiseLoop<op::Mul, MulRule, 2>;
GRADUS_REGISTER_KERNEL(op::Mul, "loop", MulLoop);

using MulOneDnn = BinaryPrimitive<dnnl::algorithm::binary_mul>;
GRADUS_REGISTER_KERNEL(op::Mul, "onednn", MulOneDnn);

}  // namespace
}  // namespace gradus
