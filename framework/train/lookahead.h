// Lookahead: slow weights that follow those of the rule, and draw them back.
//
//   after every k-th update:   slow <- slow + a (w - slow),   w <- slow
//
//   optimizer { adam {} lookahead { sync_period: 6 slow_step_size: 0.5 } }
//
// The slow weights begin as the first ones and are a slot of every parameter; the updates are counted
// in the memory, so what was restored goes on where it was. The rule's slots stay as they are. Between two meetings the weights are the rule's, also for who evaluates them.
//
// Zhang, Lucas, Hinton & Ba, "Lookahead Optimizer: k steps forward, 1 step back", NeurIPS 2019,
// arXiv:1907.08610.

#ifndef GRADUS_TRAIN_LOOKAHEAD_H_
#define GRADUS_TRAIN_LOOKAHEAD_H_

#include "gradus/base/thread_pool.h"
#include "gradus/optimizer.pb.h"
#include "gradus/train/tiles.h"
#include "gradus/train/update_memory.h"
#include "gradus/train/update_rules.h"

namespace gradus {

// Thread safety: immutable.
template <class F>
class LookaheadStage {
 public:
  // Where the configuration has none nothing ever happens.
  LookaheadStage(const OptimizerConfig& config, const UpdateRules& rules)
      : config_(config.lookahead()),
        slot_(rules.lookahead_slot()),
        number_(rules.lookahead_number()) {}

  // Before an update's rules: counts it. Whether it ends with Sync.
  bool Begin(const Tiles& tiles, const F* weights, UpdateMemory<F>* memory) const;
  // Slow and fast weights meet. Whether they are finite.
  bool Sync(const Tiles& tiles, ThreadPool* pool, F* weights, UpdateMemory<F>* memory) const;

 private:
  const Lookahead config_;
  const int slot_, number_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_LOOKAHEAD_H_
