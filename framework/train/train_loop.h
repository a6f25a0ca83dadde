// The loop: batches, steps, lines for the log, validation, checkpoints. Nothing optional lives in
// it: what is shown, written or asked from outside is an observer's. It prints nothing and takes no
// signals.

#ifndef GRADUS_TRAIN_TRAIN_LOOP_H_
#define GRADUS_TRAIN_TRAIN_LOOP_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/data/open_data.h"
#include "gradus/train/checkpoint.h"
#include "gradus/train/evaluation.h"
#include "gradus/train/train_state.h"
#include "gradus/train/train_step.h"

namespace gradus {

// A line of the log.
struct MetricLine {
  enum Scope { kStep, kEpoch, kFinal };
  Scope scope = kEpoch;  // One batch; a whole epoch or split; a split after the last update.
  std::string split;     // "train", "validation", "test"
  int64_t step = 0;      // Updates done.
  int64_t epoch = 0;     // The epoch that the line is about, counted from 1; 0 before the first.
  double loss = 0;
  std::vector<std::pair<std::string, double>> metrics;
  double learning_rate = 0;  // What the last update used.
};

// Called by the thread that trains. An error ends the run.
class TrainObserver {
 public:
  virtual ~TrainObserver() = default;
  // After every update.
  virtual absl::Status OnStep(const StepReport& report, const TrainState& state) {
    (void)report, (void)state;
    return absl::OkStatus();
  }
  virtual absl::Status OnLine(const MetricLine& line) {
    (void)line;
    return absl::OkStatus();
  }
  // Before a checkpoint is written: what a resume from it will count on must be safe now.
  virtual absl::Status BeforeCheckpoint() { return absl::OkStatus(); }
  virtual absl::Status OnCheckpoint(const std::string& path) {
    (void)path;
    return absl::OkStatus();
  }
  // Asked after every update; true ends the run after it, with a checkpoint.
  virtual bool StopRequested() { return false; }
};

struct LoopOptions {
  RunSettings settings;           // Epochs, limits, logging, checkpoints.
  DataConfig data;                // Batch size, order, prefetch.
  std::string checkpoint_folder;  // Empty: none are written, whatever the settings say.
  CheckpointContext context;      // What checkpoints say beside the state.
};

enum class LoopEnd { kFinished, kStopped };

// Goes on from `state` until the settings' end or a stop. After the last update the state is saved
// once more when there is a folder; when it is in the middle of an epoch there are kFinal lines for
// the part of it and for validation; then the test split, if there is one, is evaluated.
absl::StatusOr<LoopEnd> RunTrainLoop(const LoopOptions& options, const DataSplits& data,
                                     TrainStep* step, Evaluation* evaluation, TrainState* state,
                                     absl::Span<TrainObserver* const> observers);

}  // namespace gradus

#endif  // GRADUS_TRAIN_TRAIN_LOOP_H_
