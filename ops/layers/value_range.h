// What random_contrast and random_brightness share: the numbers that pixels are limited to.

#ifndef GRADUS_OPS_LAYERS_VALUE_RANGE_H_
#define GRADUS_OPS_LAYERS_VALUE_RANGE_H_

#include "ops/layers/augment.h"

namespace gradus {

// Two ascending numbers; `range` as it is when there are none. A finding and false otherwise.
inline bool ReadValueRange(const google::protobuf::RepeatedField<double>& numbers,
                           LayerScope* scope, DrawnRange* range) {
  if (numbers.empty()) return true;
  if (numbers.size() == 2 && numbers[0] < numbers[1]) {
    *range = {numbers[0], numbers[1]};
    return true;
  }
  scope->Error("out-of-range", "value_range",
               "value_range is two numbers, the second above the first");
  return false;
}

inline Value Limited(Value x, const DrawnRange& range, Emitter& emit) {
  op::Clip clip;
  clip.set_min(range.low);
  clip.set_max(range.high);
  return emit(clip, {x});
}

// [batch, 1] as it meets images.
inline Value ForImages(Value number, Emitter& emit) {
  const Dim one{1, false};
  return emit.Reshape(number, {Dim{1, true}, one, one, one});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LAYERS_VALUE_RANGE_H_
