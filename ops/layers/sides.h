// What padding and cropping share: how many places before and after along one or two axes.

#ifndef GRADUS_OPS_LAYERS_SIDES_H_
#define GRADUS_OPS_LAYERS_SIDES_H_

#include <array>

#include "ops/layers/layer_inputs.h"

namespace gradus {

struct Sides {
  int64_t before = 0, after = 0;
};

// Of a sequence: one number for both, or two. Nothing is `unset` on both. A finding and false for
// any other count.
inline bool ReadSides(const google::protobuf::RepeatedField<int32_t>& numbers, int unset,
                      absl::string_view field, LayerScope* scope, Sides* sides) {
  switch (numbers.size()) {
    case 0:
      *sides = {unset, unset};
      return true;
    case 1:
      *sides = {numbers[0], numbers[0]};
      return true;
    case 2:
      *sides = {numbers[0], numbers[1]};
      return true;
    default:
      scope->Error("count", field,
                   absl::StrCat(field, " has ", numbers.size(), " numbers, not 1 or 2"));
      return false;
  }
}

// Of images, vertical and horizontal: one number for all, [vertical, horizontal], or [top, bottom,
// left, right].
inline bool ReadSides2d(const google::protobuf::RepeatedField<int32_t>& numbers, int unset,
                        absl::string_view field, LayerScope* scope, std::array<Sides, 2>* sides) {
  switch (numbers.size()) {
    case 0:
      *sides = {Sides{unset, unset}, Sides{unset, unset}};
      return true;
    case 1:
      *sides = {Sides{numbers[0], numbers[0]}, Sides{numbers[0], numbers[0]}};
      return true;
    case 2:
      *sides = {Sides{numbers[0], numbers[0]}, Sides{numbers[1], numbers[1]}};
      return true;
    case 4:
      *sides = {Sides{numbers[0], numbers[1]}, Sides{numbers[2], numbers[3]}};
      return true;
    default:
      scope->Error("count", field,
                   absl::StrCat(field, " has ", numbers.size(), " numbers, not 1, 2 or 4"));
      return false;
  }
}

inline Value PadAxis(Value x, int axis, const Sides& sides, Emitter& emit) {
  if (!x.valid() || (sides.before == 0 && sides.after == 0)) return x;
  op::Pad pad;
  pad.set_axis(axis);
  pad.set_begin(sides.before);
  pad.set_length(sides.before + emit.spec(x).shape.dim(axis).k + sides.after);
  return emit(pad, {x});
}

// Invalid after a finding when nothing would be left.
inline Value CropAxis(Value x, int axis, const Sides& sides, LayerScope* scope) {
  if (!x.valid() || (sides.before == 0 && sides.after == 0)) return x;
  const Shape& shape = scope->spec(x).shape;
  const int64_t length = shape.dim(axis).k;
  if (sides.before + sides.after >= length) {
    scope->Error("out-of-range", "cropping",
                 absl::StrCat("cropping ", sides.before, " and ", sides.after, " of axis ", axis,
                              " of ", shape.ToString(), " leaves nothing"));
    return Value();
  }
  op::Slice slice;
  slice.set_axis(axis);
  slice.set_begin(sides.before);
  slice.set_end(length - sides.after);
  return scope->emit()(slice, {x});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_SIDES_H_
