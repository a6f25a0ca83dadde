// What a run folder says of its run, for looking at it: while it trains, after it, and whatever ended
// it. Nothing is opened but the folder's own files.

#ifndef GRADUS_API_RUN_RECORD_H_
#define GRADUS_API_RUN_RECORD_H_

#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/api/events_file.h"
#include "gradus/api/measures_file.h"
#include "gradus/api/progress_file.h"
#include "gradus/direction.pb.h"
#include "gradus/run.pb.h"
#include "gradus/train/train_loop.h"

namespace gradus {

// Running: a process holds its lock. Killed: the last one did not come to any end of its own.
enum class RunState { kRunning, kFinished, kStopped, kFailed, kKilled };
absl::string_view Name(RunState state);  // "running"

struct RunRecord {
  std::string path;  // As it was given.
  RunConfig config;
  absl::Status config_status;  // Why the configuration could not be read; then `config` is empty.
  Directions directions;  // Empty of a run from before they were written down: then by names.
  std::vector<MetricLine> lines;
  std::vector<RecordedEvent> events;
  std::vector<ProgressLine> progress;  // Empty of a run that kept none.
  RunState state = RunState::kStopped;
  std::string message;  // Why it failed or ended early; otherwise empty.

  int64_t steps() const;         // Updates that its files know of.
  int64_t epochs() const;        // Whole ones.
  double seconds() const;        // Of training; NaN where it is not known.
  double learning_rate() const;  // The last; NaN before the first line.
  // "train/loss", "train/accuracy", "validation/loss", ...: each that a line has, in their order.
  std::vector<std::string> Measures() const;
  // Which way it gets better; AUTO where nobody knows.
  Direction DirectionOf(absl::string_view measure) const;
  // Of a measure's lines of whole epochs and validations the best by its direction (AUTO: its own),
  // and the last; NaN when there is none.
  double Best(absl::string_view measure, Direction direction = AUTO) const;
  double Last(absl::string_view measure) const;

  // What updates are on the other axes. Between two lines that are known it is on the straight line
  // between them, after the last one as far on as before it. NaN where nothing is known.
  void ToEpochs(std::vector<double>* steps) const;
  void ToSeconds(std::vector<double>* steps) const;
};

// The folder must have a run.pbtxt. One that cannot be read is no error (a plugin may be missing); logs
// that are damaged are.
absl::StatusOr<RunRecord> ReadRun(const std::string& path);

// The folders below `folder` that hold a run, itself included, sorted by name with numbers in their
// order: run-2 before run-10. Runs are not looked for inside of runs.
absl::StatusOr<std::vector<std::string>> FindRuns(const std::string& folder);

}  // namespace gradus

#endif  // GRADUS_API_RUN_RECORD_H_
