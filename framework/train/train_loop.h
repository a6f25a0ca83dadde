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
#include "gradus/train/rate_inbox.h"
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
  std::vector<NamedTable> tables;  // Of metrics that count in tables.
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
  // An update has been left out, for the reason that the text gives (skip_non_finite).
  virtual absl::Status OnSkip(const std::string& why) {
    (void)why;
    return absl::OkStatus();
  }
  // A number has been changed by something else than its schedule's own curve.
  virtual absl::Status OnEvent(const RateEvent& event) {
    (void)event;
    return absl::OkStatus();
  }
  // A command from outside has been accepted, or refused for the reason that the status gives.
  virtual absl::Status OnCommand(const RateCommand& command, const absl::Status& status) {
    (void)command, (void)status;
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
  RateInbox* inbox = nullptr;     // Commands from other threads; null: there are none.
};

// Stopped: an observer asked for it, and the run can go on. Early: early stopping has ended it; it
// goes on when it is asked for another end.
enum class LoopEnd { kFinished, kStopped, kEarly };

// Goes on from `state` until the settings' end, or the one that a command has set, or a stop. At a
// boundary between two updates things happen in this order: commands from outside; the update,
// which controllers that watch batches see; at the end of an epoch its line, validation,
// controllers, early stopping, checkpoints. After the last update the state is saved once more when
// there is a folder; when it is in the middle of an epoch there are kFinal lines for the part of it
// and for validation; then the test split, if there is one, is evaluated.
absl::StatusOr<LoopEnd> RunTrainLoop(const LoopOptions& options, const DataSplits& data,
                                     TrainStep* step, Evaluation* evaluation, TrainState* state,
                                     absl::Span<TrainObserver* const> observers);

// Counts a batch that a step has been made of: the place in the epoch and the epoch's sums.
void CountBatch(const StepReport& report, int64_t rows, TrainState* state);
// A run that has ended early is to go on: patience begins afresh, the best measure stays what it is.
void GoOn(TrainState* state);
std::string GoesOnInWords(const std::string& ended_by);  // For its event.
// Lets the commands that are due take effect. Events and answers are appended. Another end lets a
// run go on that has ended early.
struct CommandAnswer {
  RateCommand command;
  absl::Status status;
};
void TakeCommands(const Hyperparameters& numbers, RateInbox* inbox, TrainState* state,
                  std::vector<RateEvent>* events, std::vector<CommandAnswer>* answers);

}  // namespace gradus

#endif  // GRADUS_TRAIN_TRAIN_LOOP_H_
