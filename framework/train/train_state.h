// Everything that a resume needs and nothing else: where the run stands, parameters, states, slots,
// the epoch's sums so far. Random numbers and the order of the data are functions of seeds and of
// the progress, so there is nothing of them to save.

#ifndef GRADUS_TRAIN_TRAIN_STATE_H_
#define GRADUS_TRAIN_TRAIN_STATE_H_

#include "gradus/train/parameter_store.h"
#include "gradus/train/schedule.h"
#include "gradus/train/train_step.h"

namespace gradus {

struct TrainState {
  Progress progress;
  ParameterStore store;
  MetricSums epoch_sums;  // Of the present epoch.
  double last_learning_rate = 0;  // What the last update used; 0 before the first.
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_TRAIN_STATE_H_
