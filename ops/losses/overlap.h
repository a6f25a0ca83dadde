// What dice and tversky share: how much prediction and label overlap, over all axes behind the batch.

#ifndef GRADUS_OPS_LOSSES_OVERLAP_H_
#define GRADUS_OPS_LOSSES_OVERLAP_H_

#include "gradus/graph/per_example.h"

namespace gradus {

// [batch, ..] to [batch].
inline Value SumPerExample(Value x, Emitter& emit) {
  const Shape shape = emit.spec(x).shape;
  op::ReduceSum sum;
  for (int axis = 1; axis < shape.rank(); ++axis) sum.add_axis(axis);
  return shape.rank() == 1 ? x : emit(sum, {x});
}

// 1 - (part + e) / (whole + e), e = 1e-7: 0 where there is nothing on either side.
inline Value OneMinusPart(Value part, Value whole, Emitter& emit) {
  const Value epsilon = emit.Constant(1e-7f);
  const Value ratio =
      emit(op::Div(), {emit(op::Add(), {part, epsilon}), emit(op::Add(), {whole, epsilon})});
  return emit(op::Sub(), {emit.Constant(1), ratio});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LOSSES_OVERLAP_H_
