// y = x^2.
//
// Gradient: dx = dy 2 x.

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"
#include "gradus/runtime/onednn_eltwise.h"

namespace gradus {
namespace {

class Square final : public UnaryOp<op::Square> {
 protected:
  absl::Status Differentiate(const op::Square&, GradientScope* scope) const override {
    if (!scope->wants(0)) return absl::OkStatus();
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    scope->SetInputGradient(
        0, emit(op::Mul(), {dy, emit(op::Add(), {scope->input(0), scope->input(0)})}));
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Square, op::Square);

struct SquareRule {
  static constexpr double kCost = 0.034;
  explicit SquareRule(const op::Square&) {}
  GRADUS_INLINE float operator()(float x) const { return x * x; }
};
using SquareLoop = ElementwiseLoop<op::Square, SquareRule, 1>;
GRADUS_REGISTER_KERNEL(op::Square, "loop", SquareLoop);

class SquareOneDnn final : public EltwiseForward<op::Square, dnnl::algorithm::eltwise_square> {};
GRADUS_REGISTER_KERNEL(op::Square, "onednn", SquareOneDnn);

}  // namespace
}  // namespace gradus
