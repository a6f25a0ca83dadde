// What minimum and maximum share: the shapes of a binary operation, and a gradient that goes to the
// element that was taken, half to each of equals. A comparison with NaN holds for neither side, so
// that NaN gets no gradient.

#ifndef GRADUS_OPS_EXTREMUM_H_
#define GRADUS_OPS_EXTREMUM_H_

#include "gradus/graph/elementwise_op.h"
#include "gradus/op.pb.h"

namespace gradus {

template <class ConfigType, bool largest>
class Extremum final : public BinaryOp<ConfigType> {
 protected:
  absl::Status Differentiate(const ConfigType&, GradientScope* scope) const override {
    Emitter& emit = scope->emit();
    const Value dy = scope->output_gradient();
    if (!scope->wants(0) && !scope->wants(1)) return absl::OkStatus();
    const Value equal = emit(op::Equal(), {scope->input(0), scope->input(1)});
    const Value half = emit(op::Mul(), {equal, emit.Constant(0.5f)});
    for (int i = 0; i < 2; ++i) {
      if (!scope->wants(i)) continue;
      const Value own = scope->input(i);
      const Value other = scope->input(1 - i);
      const Value ahead =
          largest ? emit(op::Greater(), {own, other}) : emit(op::Greater(), {other, own});
      const Value share = emit(op::Add(), {ahead, half});
      scope->SetInputGradient(i, emit.SumTo(emit(op::Mul(), {dy, share}), emit.spec(own).shape));
    }
    return absl::OkStatus();
  }
};

}  // namespace gradus

#endif  // GRADUS_OPS_EXTREMUM_H_
