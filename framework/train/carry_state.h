// A run goes on with other rules, groups or stages than it had: what is remembered for the old ones
// goes to the new ones where it means the same, and the rest begins afresh.
//
//   a slot      goes on when the parameter's rule is the same one, and has a slot of that name and
//               shape: the `momentum` of adam is not that of lion;
//   numbers     of a group (its count of updates among them) serve all of its parameters. They go on
//               when each of these had this rule before, and the same numbers: in a group that is a
//               part of an old one, or has another name, or joins groups that have counted the same.
//               A rule that sums over all of its parameters must have the same ones;
//   otherwise   the whole group begins afresh, slots and numbers, with update 1: a slot that is
//               empty must not be corrected for the bias of an old one, nor the other way round.
//               What is to be kept beside it wants a group of its own;
//   stages      (average, lookahead) go on for parameters that were trained before; what is a copy of
//               the weights begins as they are now;
//   controllers go on when they are of the same kind, the first of a kind with the first.
//
// States to go back to are carried over alike. Weights, states and where the run stands do not change.

#ifndef GRADUS_TRAIN_CARRY_STATE_H_
#define GRADUS_TRAIN_CARRY_STATE_H_

#include "absl/status/statusor.h"
#include "gradus/train/carry_memory.h"
#include "gradus/train/memory_match.h"
#include "gradus/train/train_step.h"

namespace gradus {

// `to` is a new state of `now`, `from` one of `before`; both are of the same model. An error leaves
// `to` unusable.
absl::StatusOr<MemoryMatch> CarryState(const CarrySide& before, const TrainState& from,
                                       const CarrySide& now, TrainState* to);

}  // namespace gradus

#endif  // GRADUS_TRAIN_CARRY_STATE_H_
