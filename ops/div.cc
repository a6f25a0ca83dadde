// y = a / b with NumPy's broadcasting; division by zero follows IEEE 754.
//
// Gradient: da = dy / b, db = -dy y / b, each summed over the axes along which the input was
// repeated.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Div final : public BinaryOp<op::Div> {
 public:
  bool linear_in(const Config&, int input) const override { return input == 0; }

 protected:
  absl::Status Differentiate(const op::Div&, GradientScope* scope) const override {
    const Value dy = scope->output_gradient();
    Emitter& emit = scope->emit();
    if (!scope->wants(0) && !scope->wants(1)) return absl::OkStatus();
    const Value da = emit(op::Div(), {dy, scope->input(1)});
    if (scope->wants(0)) {
      scope->SetInputGradient(0, emit.SumTo(da, emit.spec(scope->input(0)).shape));
    }
    if (scope->wants(1)) {
      const Value product = emit(op::Mul(), {da, scope->output()});
      const Value sum = emit.SumTo(product, emit.spec(scope->input(1)).shape);
      scope->SetInputGradient(1, emit(op::Neg(), {sum}));
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Div, op::Div);

struct DivRule {
  static constexpr double kCost = 0.08;
  explicit DivRule(const op::Div&) {}
  GRADUS_INLINE float operator()(float a, float b) const { return a / b; }
};
using DivLoop = ElementwiseLoop<op::Div, DivRule, 2>;
GRADUS_REGISTER_KERNEL(op::Div, "loop", DivLoop);

using DivOneDnn = BinaryPrimitive<dnnl::algorithm::binary_div>;
GRADUS_REGISTER_KERNEL(op::Div, "onednn", DivOneDnn);

}  // namespace
}  // namespace gradus
