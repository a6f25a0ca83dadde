// What the configuration says of one update of a group, beside its rule: decay in its form, and the
// part that the weights have in their average.

#ifndef GRADUS_TRAIN_UPDATE_SETTINGS_H_
#define GRADUS_TRAIN_UPDATE_SETTINGS_H_

#include <cstdint>

#include "gradus/optimizer.pb.h"
#include "gradus/train/optimizer.h"

namespace gradus {

// What changes of a group from update to update, beside its rule's message.
struct GroupNumbers {
  double rate = 0;
  double weight_decay = 0;
};

// Of update number `update` of these weights, counted from 0; the rule's own fields are left as they begin.
UpdateStep StepOf(const OptimizerConfig& config, const GroupNumbers& numbers, int64_t update);

}  // namespace gradus

#endif  // GRADUS_TRAIN_UPDATE_SETTINGS_H_
