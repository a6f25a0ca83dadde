// What the hinge losses of scores share.

#ifndef GRADUS_OPS_LOSSES_HINGE_H_
#define GRADUS_OPS_LOSSES_HINGE_H_

#include "gradus/graph/per_example.h"

namespace gradus {

// max(1 - y p, 0), where a label 0 counts as -1.
inline Value MissingMargin(const PredictionAndLabel& pair, Emitter& emit) {
  // -1 for 0, and everything else itself.
  const Value is_zero = emit(op::Equal(), {pair.label, emit.Constant(0)});
  const Value sign = emit(op::Sub(), {pair.label, is_zero});
  const Value agreement = emit(op::Mul(), {sign, pair.prediction});
  return emit(op::Relu(), {emit(op::Sub(), {emit.Constant(1), agreement})});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LOSSES_HINGE_H_
