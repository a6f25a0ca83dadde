// What stands around a rule, for one element: before it the clipping factor, the clipping of values,
// coupled and decoupled decay, after it the average of the weights. UpdateStep has the numbers.

#ifndef GRADUS_TRAIN_UPDATE_STAGES_H_
#define GRADUS_TRAIN_UPDATE_STAGES_H_

#include <cstdint>
#include <cstring>
#include <limits>

#include "gradus/base/isa.h"
#include "gradus/train/optimizer.h"

namespace gradus {
namespace internal {

// All exponent bits set: infinity or NaN. In integers, so that the loop still vectorises.
GRADUS_INLINE uint32_t NotFinite(float x) {
  uint32_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7f800000u) == 0x7f800000u ? 1u : 0u;
}
GRADUS_INLINE uint64_t NotFinite(double x) {
  uint64_t bits;
  std::memcpy(&bits, &x, sizeof bits);
  return (bits & 0x7ff0000000000000u) == 0x7ff0000000000000u ? 1u : 0u;
}

// What stands before and after the rule, for one element.
template <class F>
struct StageNumbers {
  F scale, clip, l2, l1, decay, average_part;

  explicit StageNumbers(const UpdateStep& step)
      : scale(F(step.gradient_scale)),
        clip(step.clip_value > 0 ? F(step.clip_value) : std::numeric_limits<F>::infinity()),
        l2(F(step.l2)),
        l1(F(step.l1)),
        decay(F(step.decay)),
        average_part(F(step.average_part)) {}

  GRADUS_INLINE void Before(F& g, F& w) const {
    g *= scale;
    g = g < -clip ? -clip : g;  // A NaN stays one.
    g = g > clip ? clip : g;
    g += l2 * w + l1 * (F(w > 0) - F(w < 0));
    w -= w * decay;
  }
  GRADUS_INLINE void After(F w, F& average) const {
    average = average_part == 1 ? w : average + average_part * (w - average);
  }
};

inline bool HasStages(const UpdateStep& step) {
  return step.gradient_scale != 1 || step.clip_value > 0 || step.l2 != 0 || step.l1 != 0 ||
         step.decay != 0;
}

}  // namespace internal
}  // namespace gradus

#endif  // GRADUS_TRAIN_UPDATE_STAGES_H_
