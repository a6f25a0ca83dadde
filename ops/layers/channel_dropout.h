// What the spatial dropouts share: dropout of whole channels. The mask of op Dropout has one number
// for each example and channel, and meets the input along the axes between.

#ifndef GRADUS_OPS_LAYERS_CHANNEL_DROPOUT_H_
#define GRADUS_OPS_LAYERS_CHANNEL_DROPOUT_H_

#include "ops/layers/layer_inputs.h"

namespace gradus {

inline void DropChannels(double rate, LayerScope* scope) {
  const Value x = scope->input(0);
  if (scope->mode() == Mode::kInference) {
    scope->SetOutput(x);
    return;
  }
  Emitter& emit = scope->emit();
  // The first place of each channel, of which dropout takes the shape alone.
  Value first = x;
  for (int axis = 1; axis + 1 < scope->spec(x).shape.rank(); ++axis) {
    op::Slice slice;
    slice.set_axis(axis);
    slice.set_begin(0);
    slice.set_end(1);
    first = emit(slice, {first});
  }
  op::Dropout dropout;
  dropout.set_node(scope->StreamId());
  const Value dropped =
      emit(dropout,
           {emit(op::StopGradient(), {first}), scope->Hyperparameter("rate", rate),
            scope->StepScalar("seed"), scope->StepScalar("step"), scope->StepScalar("row_offset")});
  if (!dropped.valid()) return;
  const Value mask = {dropped.node, 1};
  scope->SetOutput(emit(op::Mul(), {x, mask}));
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_CHANNEL_DROPOUT_H_
