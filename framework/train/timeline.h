// What updates, examples and epochs of a run are to one another: where it stands after any number
// of updates, past or planned, and what a reading of one clock is on another. A short last batch of
// an epoch, gradient accumulation (its examples per update) and a batch size that changed on the
// way are counted exactly.
//
//   Timeline timeline({.examples_per_epoch = 60000, .examples_per_update = 128, .epochs = 10});
//   timeline.At(470).epoch                              // 1: an epoch is 469 updates
//   timeline.Convert(2.5, EPOCHS, STEPS)                // 1172.5
//
// Thread safety: immutable but for ChangePace and set_paces.

#ifndef GRADUS_TRAIN_TIMELINE_H_
#define GRADUS_TRAIN_TIMELINE_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "gradus/clock.pb.h"

namespace gradus {

class RunConfig;

// Where a run stands. Stored and counted, never derived: the batch size may change.
struct Progress {
  int64_t update = 0;    // Updates done, which is also the number of the next one counted from 0.
  int64_t examples = 0;  // Examples seen.
  int64_t epoch = 0;     // Epochs finished.
  int64_t offset = 0;    // Examples of the present epoch that have been seen.
};

class Timeline {
 public:
  // What is known of a run; 0 or unset: not known.
  struct Plan {
    int64_t examples_per_epoch = 0;
    int64_t examples_per_update = 0;  // The batch size, times the batches of an accumulation.
    absl::optional<int64_t> epochs;   // Where the run ends: whichever of the two comes first.
    absl::optional<int64_t> max_steps;
  };
  // From this progress on an update has so many examples.
  struct Pace {
    Progress from;
    int64_t examples_per_update = 0;
  };

  Timeline() : Timeline(Plan()) {}
  explicit Timeline(const Plan& plan);

  const Plan& plan() const { return plan_; }
  const std::vector<Pace>& paces() const { return paces_; }
  // The present pace ends at `from`. When the run has gone back, those after `from` are forgotten.
  void ChangePace(const Progress& from, int64_t examples_per_update);
  // The paces that a run has gone through, of a checkpoint: at least one; the last is the present
  // one.
  void set_paces(std::vector<Pace> paces);

  // Where the run stands after so many updates (>= 0). Without a plan only `update` is counted. A
  // count that is too large for its type stays at the largest number.
  Progress At(int64_t update) const;
  // Updates of the whole run, or nothing when it has no end.
  absl::optional<int64_t> total_steps() const;

  // What a clock shows.
  double Read(Clock clock, const Progress& progress) const;
  // What `to` shows when `from` shows `time`; between two updates on a straight line. WhyNotConvert
  // must be empty.
  double Convert(double time, Clock from, Clock to) const;
  // Empty, or why `clock` cannot be read at all: "the run has no end", "the number of training
  // examples is not known".
  std::string WhyNotRead(Clock clock) const;
  // Empty, or why the two clocks cannot be converted into each other.
  std::string WhyNotConvert(Clock from, Clock to) const;

 private:
  // Both in real numbers: updates done and examples seen.
  double ExamplesAt(double update) const;
  double UpdateAt(double examples) const;
  // Whether the run's end is counted in epochs: they come to an end before max_steps.
  bool EndsByEpochs() const;
  // Whether the clock counts updates; the others count examples.
  bool InUpdates(Clock clock) const;
  double ExamplesInRun() const;

  void Count();  // What follows, after the paces have changed.

  Plan plan_;
  std::vector<Pace> paces_;
  struct Updates {
    int64_t first_epoch = 0;  // Of the rest of the epoch in which a pace began.
    int64_t epoch = 0;        // Of a whole epoch.
  };
  std::vector<Updates> updates_;  // Of each pace.
  bool ends_by_epochs_ = false;
};

// What a run's configuration tells; how many examples an epoch has is the data's.
Timeline::Plan PlanOf(const RunConfig& config);

// The nearest whole number when `time` is within rounding of it, else `time`: sums and quotients of
// lengths such as 0.1 must not miss a boundary that they were meant to reach.
double SnapToWhole(double time);

}  // namespace gradus

#endif  // GRADUS_TRAIN_TIMELINE_H_
