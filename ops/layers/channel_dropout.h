// What the spatial dropouts and recurrent layers share: dropout of whole channels. The mask of op Dropout has one number
// for each example and channel, and meets the input along the axes between.

#ifndef GRADUS_OPS_LAYERS_CHANNEL_DROPOUT_H_
#define GRADUS_OPS_LAYERS_CHANNEL_DROPOUT_H_

#include "ops/layers/random.h"

namespace gradus {

// x with whole channels dropped, at the rate "<layer>/<field>"; invalid after a finding.
inline Value WithChannelsDropped(Value x, absl::string_view field, double rate, LayerScope* scope) {
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
  const Value dropped = Dropped(emit(op::StopGradient(), {first}), field, rate, scope);
  if (!dropped.valid()) return Value();
  const Value mask = {dropped.node, 1};
  return emit(op::Mul(), {x, mask});
}

inline void DropChannels(double rate, LayerScope* scope) {
  if (PassesInputOn(scope)) return;
  scope->SetOutput(WithChannelsDropped(scope->input(0), "rate", rate, scope));
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_CHANNEL_DROPOUT_H_
