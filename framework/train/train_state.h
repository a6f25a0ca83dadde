// Everything that a resume needs and nothing else: where the run stands, parameters, states, slots,
// what controllers and commands from outside made of the numbers that change, the epoch's sums so
// far. Random numbers and the order of the data are functions of seeds and of the progress, so
// there is nothing of them to save.

#ifndef GRADUS_TRAIN_TRAIN_STATE_H_
#define GRADUS_TRAIN_TRAIN_STATE_H_

#include <map>
#include <string>

#include "gradus/train/hyperparameters.h"
#include "gradus/train/metric_sums.h"
#include "gradus/train/parameter_store.h"
#include "gradus/train/watcher.h"

namespace gradus {

struct TrainState {
  Progress progress;
  ParameterStore store;
  RateState rates;
  MetricSums epoch_sums;  // Of the present epoch.
  double last_learning_rate =
      0;  // What the last update used, of the first group; 0 before the first.
  // Weights, slots and states to go back to: "good" and "candidate" of a controller that restores,
  // "best" of early stopping.
  std::map<std::string, StoreSnapshot> snapshots;
  Watcher::State watcher;  // Early stopping and the best measure.
  std::string ended_by;  // Why early stopping has ended the run, for people; empty while it has not.
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_TRAIN_STATE_H_
