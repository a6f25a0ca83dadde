// What the two focal losses share: (1 - p)^gamma (Lin, Goyal, Girshick, He & Dollar 2017,
// arXiv:1708.02002).

#ifndef GRADUS_OPS_LOSSES_FOCAL_H_
#define GRADUS_OPS_LOSSES_FOCAL_H_

#include "gradus/graph/emitter.h"

namespace gradus {

// x^gamma for x >= 0; the usual gamma 2 is a square, which costs a hundredth of a general power. Below gamma 1 the slope at 0 is infinite, so x
// is 1e-7 at least, as it is in Keras, which clips probabilities; no gradient comes from below.
inline Value FocalPower(Value x, double gamma, Emitter& emit) {
  if (gamma == 1) return x;
  if (gamma == 2) return emit(op::Square(), {x});
  if (gamma < 1) {
    op::Clip at_least;
    at_least.set_min(1e-7);
    x = emit(at_least, {x});
  }
  return emit(op::Pow(), {x, emit.Constant(static_cast<float>(gamma))});
}

}  // namespace gradus

#endif  // GRADUS_OPS_LOSSES_FOCAL_H_
