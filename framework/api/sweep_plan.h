// Which trials of a sweep are trained for how long: grid and random search train all of them to the
// end; successive halving and Hyperband give many of them few epochs and the best of those more.
//
// Successive halving (Jamieson & Talwalkar 2016): `trials` begin; at each rung all but the best
// 1/eta are halted, and those go on where they stood. The rungs are at R / eta^s, ..., R / eta, R
// epochs, R the epochs of the configuration, as many as there are down to min_epochs.
// Hyperband (Li et al. 2018, algorithm 1): brackets s = s_max, ..., 0 of that, bracket s with
// ceil((s_max + 1) eta^s / (s + 1)) trials, from many short ones to few whole ones.
//
//   R = 9, eta = 3, halving of 9:  9 trials to epoch 1, 3 to epoch 3, 1 to epoch 9
//
// A trial's configuration is that of the whole run from its beginning: what is halted is the
// process. A schedule that depends on the length of the run therefore gives the same rates as in a
// run of the whole length, and a survivor's weights are those of a run that was never interrupted.
//
// A trial's value is its best measurement so far. It only improves with more epochs, so what a rung
// has halted never ends before its survivors in the ranking, unless those fail.
//
// Everything here is a function of what is known of the trials, which is how a sweep is resumed:
// nothing else has to be remembered.

#ifndef GRADUS_API_SWEEP_PLAN_H_
#define GRADUS_API_SWEEP_PLAN_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/span.h"
#include "gradus/direction.pb.h"

namespace gradus {

enum class SweepStrategy { kGrid, kRandom, kHalving, kHyperband };
absl::StatusOr<SweepStrategy> ParseSweepStrategy(absl::string_view name);
absl::string_view Name(SweepStrategy strategy);

constexpr int64_t kMostTrials = 10000;

// So many trials of the bracket go to so many epochs.
struct SweepRung {
  int64_t epochs = 0;
  int64_t trials = 0;
};

struct SweepBracket {
  int64_t first_trial = 0;  // Its trials are this one and those after it.
  std::vector<SweepRung> rungs;
};

// `trials` is not asked for with Hyperband; 0 is eta^s for halving, s its number of rungs less one.
// InvalidArgument when eta, min_epochs or the number of trials makes no sense.
absl::StatusOr<std::vector<SweepBracket>> PlanBrackets(SweepStrategy strategy, int64_t trials,
                                                       int64_t epochs, int64_t min_epochs,
                                                       int64_t eta);
// Of all brackets.
int64_t CountTrials(absl::Span<const SweepBracket> brackets);
// Epochs that are trained when no trial fails or ends early.
int64_t CountEpochs(absl::Span<const SweepBracket> brackets);

// One reading of the metric.
struct SweepMeasure {
  int64_t epoch = 0;
  double value = 0;  // NaN when it was not finite.
};

struct TrialRecord {
  // Stopped: it can go on. Halted: the strategy has given it up.
  enum State { kWaiting, kRunning, kStopped, kFinished, kFailed, kHalted };

  State state = kWaiting;
  int64_t epochs = 0;  // Whole ones.
  std::vector<SweepMeasure> measures;
  std::string message;  // Why it failed, in one line.

  // NaN when there is none.
  double Best(Direction direction,
              int64_t up_to_epoch = std::numeric_limits<int64_t>::max()) const;
  double Last() const;
};
absl::string_view Name(TrialRecord::State state);

// Train this one until it has so many epochs.
struct SweepTask {
  int64_t trial = 0;
  int64_t epochs = 0;
  bool to_end = false;  // As far as its configuration goes.
};

// What can be done now: tasks that do not wait for another, in the order of their numbers, and
// those among the trials that are running. None: the sweep is at its end. Halted ones get that
// state in `records`.
std::vector<SweepTask> OpenTasks(absl::Span<const SweepBracket> brackets, Direction direction,
                                 std::vector<TrialRecord>* records);

// Numbers of all trials, the best first; those that have no value come after those that have one,
// then those that failed.
std::vector<int64_t> RankTrials(absl::Span<const TrialRecord> records, Direction direction);
// The first of them, or -1 when it has no value or has failed.
int64_t BestTrial(absl::Span<const TrialRecord> records, Direction direction);

}  // namespace gradus

#endif  // GRADUS_API_SWEEP_PLAN_H_
