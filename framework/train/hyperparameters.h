// Every number that may change during a run, and what makes it: the learning rate and weight decay
// of each group, fields of the rule and scalars of the model that follow a schedule. A number is
// the end of a chain that can be asked why:
//
//   rate(update, group) = override( group( controllers( schedule(progress) ) ) )
//
// A schedule is a pure function of progress; a controller reacts to what is measured; a group
// scales or replaces; an override is what was asked for from outside. Other numbers have a schedule
// and an override.
//
// Hyperparameters is immutable; what changes is a RateState, which checkpoints hold.

#ifndef GRADUS_TRAIN_HYPERPARAMETERS_H_
#define GRADUS_TRAIN_HYPERPARAMETERS_H_

#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "gradus/graph/build_graph.h"
#include "gradus/optimizer.pb.h"
#include "gradus/rate_command.pb.h"
#include "gradus/rule.pb.h"
#include "gradus/train/controller.h"
#include "gradus/train/parameter_groups.h"
#include "gradus/train/schedule.h"
#include "gradus/train_state.pb.h"

namespace gradus {

// A change of a number that is not its schedule's own curve.
struct RateEvent {
  int64_t step = 0;  // The first update, counted from 0, that uses the new value.
  std::string group;
  std::string field;  // "learning_rate"
  std::string layer;  // What changed it: "controller[0] reduce_on_plateau", "override"
  double old_value = 0, new_value = 0;
  std::string cause;  // Why, for people.
  // What the controller's memory is now; empty for others.
  ControllerState state;
  // What was asked for, when it came from outside.
  absl::optional<RateCommand> command;
};

// The remaining time, stretched: update k counts as at + (k - from) * stretch. A stretch of 0: there
// was none left.
struct Warp {
  double from = 0, at = 0, stretch = 1;
  int64_t total_steps = 0;  // The run's end from then on; 0 when that was so before.
};

// What was asked for of one number.
struct Override {
  absl::optional<double> pin;
  double scale = 1;
  std::shared_ptr<const TimedSchedule> schedule;  // In the place of the configured one; null: none.
  Progress start;                                 // When it began.
  double gain = 1;
  std::vector<Warp> warps;  // Since it began: what was stretched before does not stretch it.
};

struct RateState {
  std::vector<ControllerNumbers> controllers;
  std::vector<RateCommand>
      commands;                     // Accepted, in their order; at_step says when each took effect.
  std::vector<Override> overrides;  // By number.
  std::vector<Warp> warps;          // Of the configured schedules.
  ControllerNumbers before;  // Scratch of Observe.
};

class Hyperparameters {
 public:
  struct Number {
    enum Kind { kLearningRate, kWeightDecay, kRule, kModel, kRadius };
    Kind kind = kLearningRate;
    int group = 0;      // -1 for what is of no group: the model's, and the radius of sharpness_aware.
    std::string field;  // As events and commands name it: "learning_rate", "weight_decay", "beta1",
                        // "sharpness_aware.radius", "model.layer[drop].dropout.rate"
    std::string scalar;  // Of the model's graph.
    const google::protobuf::FieldDescriptor* rule_field = nullptr;
    Rule range;
  };
  // What one layer of a chain made of a number.
  struct Why {
    std::string layer;   // "schedule", "controller[0]", "group", "override"
    std::string detail;  // "cosine_decay", "reduce_on_plateau", "biases", "set to 0.001 at step 20"
    double out = 0;
  };

  // Findings about schedules, controllers and fields go to diagnostics; after any the result only
  // says which numbers follow a schedule, so that nothing follows from a finding that is wrong
  // elsewhere. Null when no rule is set. `path` is the optimizer's address.
  static std::unique_ptr<Hyperparameters> Make(const OptimizerConfig& config,
                                               const ModelGraph& model,
                                               const ParameterGroups& groups,
                                               const MonitorTable& monitors,
                                               std::shared_ptr<const Timeline> timeline,
                                               const ConfigPath& path, Diagnostics* diagnostics);

  // Number g, for each group g, is its learning rate.
  int count() const { return static_cast<int>(entries_.size()); }
  const Number& number(int i) const { return entries_[i].number; }
  const ParameterGroups& groups() const { return groups_; }
  const Timeline& timeline() const { return *timeline_; }

  RateState NewState() const;
  // What the update after `progress` uses. Allocates nothing.
  double At(int i, const Progress& progress, const RateState& state) const;
  // OutOfRange when a value is not finite or outside of its field's range.
  absl::Status CheckRange(int i, double value) const;
  std::vector<Why> Explain(int i, const Progress& progress, const RateState& state) const;
  // The schedule alone, as it is configured.
  double ScheduleAt(int i, const Progress& progress) const;
  // The schedule's kind and length on the steps clock (infinite when it has none or cannot be
  // converted); for checks. Null for a number that has no schedule.
  const TimedSchedule* schedule(int i) const;
  // Of what gives the number, for messages: optimizer.learning_rate.
  const ConfigPath& path(int i) const { return entries_[i].path; }

  // ---- Controllers.
  int controllers() const { return static_cast<int>(controllers_.size()); }
  bool Watches(Section section) const { return watches_[static_cast<int>(section)]; }
  bool NeedsAlignment() const { return needs_alignment_; }
  int64_t SnapshotEverySteps() const { return snapshot_every_steps_; }
  // Shows a measurement to the controllers that watch its section, in their order, and notes what
  // changed.
  Verdict Observe(const Observation& observation, RateState* state,
                  std::vector<RateEvent>* events) const;

  // ---- From outside.
  // Takes effect now. An error leaves the state as it was: an unknown group or field, a value out
  // of range, a schedule that cannot begin here.
  absl::Status Accept(const RateCommand& command, const Progress& progress, RateState* state,
                      std::vector<RateEvent>* events) const;
  // The updates of the whole run as it is now planned, or nothing when it has no end.
  absl::optional<int64_t> TotalSteps(const RateState& state) const;

  // ---- Checkpoints and events.
  void ToProto(const RateState& state, TrainStateHeader* header) const;
  absl::StatusOr<RateState> FromProto(const TrainStateHeader& header) const;
  ControllerState StateOf(int controller, const RateState& state) const;
  absl::Status SetStateOf(int controller, const ControllerState& saved, RateState* state) const;
  // "controller[0] reduce_on_plateau"
  std::string ControllerName(int controller) const;

 private:
  struct Entry {
    Number number;
    double constant = 0;     // Without a schedule.
    TimedSchedule schedule;  // ok() or not there.
    std::string detail;      // Of its first layer.
    double scale = 1;        // The group's.
    ConfigPath path;         // Of what gives it, for messages.
  };
  struct Reaction {
    std::unique_ptr<Controller> controller;
    std::string kind;
    int group = -1;  // -1: all.
  };
  class Maker;

  Hyperparameters() = default;
  double FirstLayer(int i, const Progress& progress, const RateState& state) const;
  double Controlled(int i, double value, const Progress& progress, const RateState& state) const;
  double Overridden(double value, const Override& override) const {
    return (override.pin.has_value() ? *override.pin : value) * override.scale;
  }
  double ScheduleValue(const TimedSchedule& schedule, const Progress& progress,
                       const Progress& start, const std::vector<Warp>& warps) const;
  absl::Status Fold(const RateCommand& command, const Progress& progress, RateState* state) const;
  std::vector<int> Affected(const RateCommand& command) const;

  std::vector<Entry> entries_;
  std::vector<Reaction> controllers_;
  ParameterGroups groups_;
  std::shared_ptr<const Timeline> timeline_;
  bool watches_[3] = {false, false, false};
  bool needs_alignment_ = false;
  int64_t snapshot_every_steps_ = 0;
};

// "set to 0.001", "scaled by 0.5": what a command asks for, for people.
std::string Describe(const RateCommand& command);

}  // namespace gradus

#endif  // GRADUS_TRAIN_HYPERPARAMETERS_H_
