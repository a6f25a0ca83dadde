// What stands around a rule as passes of their own, for rules that see more than an element.

#ifndef GRADUS_TRAIN_STAGE_PASSES_H_
#define GRADUS_TRAIN_STAGE_PASSES_H_

#include <cstdint>

#include "gradus/base/isa.h"
#include "gradus/train/update_stages.h"

namespace gradus {
namespace internal {

template <class F>
struct FiniteLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const F* values, int64_t count, bool* finite) {
    decltype(NotFinite(F())) bad = 0;
    for (int64_t i = 0; i < count; ++i) bad |= NotFinite(values[i]);
    *finite = bad == 0;
  }
};

template <class F>
bool AllFinite(const F* values, int64_t count) {
  bool finite = true;
  ForIsa<FiniteLoop<F>>(values, count, &finite);
  return finite;
}

template <class F>
struct BeforeLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const StageNumbers<F>* around, int64_t count,
                                F* __restrict gradients, F* __restrict weights) {
    const StageNumbers<F> stage = *around;
    for (int64_t i = 0; i < count; ++i) {
      F g = gradients[i], w = weights[i];
      stage.Before(g, w);
      gradients[i] = g;
      weights[i] = w;
    }
  }
};

template <class F>
struct AfterLoop {
  template <Isa>
  GRADUS_INLINE static void Run(const StageNumbers<F>* around, int64_t count,
                                const F* __restrict weights, F* __restrict average) {
    const StageNumbers<F> stage = *around;
    for (int64_t i = 0; i < count; ++i) stage.After(weights[i], average[i]);
  }
};

}  // namespace internal
}  // namespace gradus

#endif  // GRADUS_TRAIN_STAGE_PASSES_H_
