// y = a^b with NumPy's broadcasting, as C's pow: 0^0 = 1, 0^b = infinity for b < 0, and a negative
// number to a power that is not whole is NaN.
//
// Gradient, each part summed over the axes along which the input was repeated:
//
//   da = dy b a^(b - 1)     at a = b = 0 it is 0, as 0^b and a^0 are constant there; at a = 0 < b <
//   1 it is infinite, as it should be db = dy y log a         where a > 0, 0 elsewhere: the limit
//   at a = 0 < b; for a < 0 there is no derivative in b
//
// oneDNN has only powers with a constant exponent, so the loop is the only kernel. It calls the C
// library, whose powf is right to 1 ulp where e^(b log a) in float would lose digits in proportion
// to b log a.

#include <cmath>

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/elementwise_loop.h"

namespace gradus {
namespace {

class Pow final : public BinaryOp<op::Pow> {
 protected:
  absl::Status Differentiate(const op::Pow&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    const Value a = scope->input(0);
    const Value b = scope->input(1);
    const Value zero = emit.Constant(0);
    const Value one = emit.Constant(1);
    if (scope->wants(0)) {
      // The exponent is 1 and not -1 where a and b are 0, so that no infinity is multiplied by 0.
      const Value both =
          emit(op::Mul(), {emit(op::Equal(), {a, zero}), emit(op::Equal(), {b, zero})});
      const Value exponent = emit(op::Select(), {both, one, emit(op::Sub(), {b, one})});
      const Value slope = emit(op::Mul(), {b, emit(op::Pow(), {a, exponent})});
      scope->SetInputGradient(0, emit.SumTo(emit(op::Mul(), {dy, slope}), emit.spec(a).shape));
    }
    if (scope->wants(1)) {
      const Value positive = emit(op::Greater(), {a, zero});
      const Value log = emit(op::Log(), {emit(op::Select(), {positive, a, one})});
      const Value slope = emit(op::Mul(), {scope->output(), log});
      scope->SetInputGradient(1, emit.SumTo(emit(op::Mul(), {dy, slope}), emit.spec(b).shape));
    }
    return absl::OkStatus();
  }
};
GRADUS_REGISTER_OP(Pow, op::Pow);

struct PowRule {
  static constexpr double kCost = 6;
  explicit PowRule(const op::Pow&) {}
  GRADUS_INLINE float operator()(float a, float b) const { return std::pow(a, b); }
};
using PowLoop = ElementwiseLoop<op::Pow, PowRule, 2>;
GRADUS_REGISTER_KERNEL(op::Pow, "loop", PowLoop);

}  // namespace
}  // namespace gradus
