// y = -x.
//
// Gradient: dx = -dy.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Neg final : public UnaryOp<op::Neg> {
 public:
  bool linear_in(const Config&, int) const override { return true; }

 protected:
  absl::Status Differentiate(const op::Neg&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    scope->SetInputGradient(0, emit(op::Neg(), {dy}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Neg, op::Neg);

struct NegRule {
  static constexpr double kCost = 0.034;
  explicit NegRule(const op::Neg&) {}
  GRADUS_INLINE float operator()(float x) const { return -x; }
};
using NegLoop = ElementwiseLoop<op::Neg, NegRule, 1>;
GRADUS_REGISTER_KERNEL(op::Neg, "loop", NegLoop);

class NegOneDnn final : public EltwiseForward<op::Neg, dnnl::algorithm::eltwise_linear> {
 protected:
  EltwiseNumbers Numbers(const op::Neg&) const override { return {-1, 0}; }
};
GRADUS_REGISTER_KERNEL(op::Neg, "onednn", NegOneDnn);

}  // namespace
}  // namespace gradus
