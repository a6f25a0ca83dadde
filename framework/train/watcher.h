// What watches the measures of a run from outside of the rate's chain: early stopping, and which
// state was the best one. Immutable rules on a small state that checkpoints hold. After a
// validation, or at the end of an epoch for "train/..." measures, the loop shows the values to the
// controllers first, then to the watcher, and then saves.
//
//   Watcher::Check(settings, monitors, ConfigPath().Child("run"), &diagnostics);
//   const Watcher watcher(settings, monitors);
//   Watcher::State state;
//   const Watcher::Result result = watcher.Measure(Section::kValidation, values, progress, &state);
//   if (result.stop) ...
//
// Early stopping is Keras' EarlyStopping, measurement for measurement, with two differences: a
// measure that is not finite is never an improvement and never the best one (in Keras a first one
// that is not a number stays the best for ever), and measurements within an epoch count, too, where
// there are any.

#ifndef GRADUS_TRAIN_WATCHER_H_
#define GRADUS_TRAIN_WATCHER_H_

#include <cstdint>
#include <string>

#include "absl/status/status.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/run.pb.h"
#include "gradus/train/controller.h"
#include "gradus/train/timeline.h"
#include "gradus/train_state.pb.h"

namespace gradus {

// Thread safety: immutable.
class Watcher {
 public:
  // Of one monitor.
  struct Track {
    absl::optional<double> best;        // None until there is a finite one.
    absl::optional<int64_t> best_step;  // Updates done when it was measured.
    int64_t wait = 0;                   // Measurements since, as they are counted for patience.
  };
  struct State {
    Track early_stopping;
    Track best;
  };
  struct Result {
    // The monitor of early stopping is the best so far: for restore_best these are the weights to
    // keep.
    bool early_stopping_improved = false;
    // The metric of checkpoint.best is the best so far: this state is to be saved as `best`.
    bool best_improved = false;
    // Early stopping ends the run; why in one line for people.
    bool stop = false;
    std::string reason;
  };

  // Findings at early_stopping.monitor, checkpoint.best.metric and target.monitor when nothing
  // produces them, they are measured at every update, or nothing says which way they get better. `path` is the address of `settings`.
  static void Check(const RunSettings& settings, const MonitorTable& monitors,
                    const ConfigPath& path, Diagnostics* diagnostics);

  // Settings that Check has found nothing in.
  Watcher(const RunSettings& settings, const MonitorTable& monitors);

  bool Watches(Section section) const;
  // At the end of the run the weights of `state.early_stopping.best_step` are to be restored, if
  // there is one.
  bool restore_best() const { return stopping_.has_value() && config_.restore_best(); }
  bool keeps_best() const { return best_.has_value(); }

  // `values`: the loss, then the metrics. `progress` is after what was measured.
  Result Measure(Section section, absl::Span<const double> values, const Progress& progress,
                 State* state) const;

  void ToProto(const State& state, TrainStateHeader* header) const;
  // What is watched for the first time, or another measure than the header's configuration has,
  // begins anew. InvalidArgument when the numbers are not those of a watcher. An error leaves
  // `state` as it was.
  absl::Status FromProto(const TrainStateHeader& header, State* state) const;

 private:
  struct Watched {
    std::string name;
    Monitor monitor;
    Direction direction = MIN;
  };

  EarlyStopping config_;
  absl::optional<Watched> stopping_, best_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_WATCHER_H_
