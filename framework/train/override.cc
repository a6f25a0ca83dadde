// What is asked of a run's numbers from outside.

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/text_config.h"
#include "gradus/train/hyperparameters.h"

namespace gradus {
namespace {

// What is left from `update` to `end` is to last until `total_steps`.
void Retarget(int64_t update, int64_t end, int64_t total_steps, std::vector<Warp>* warps) {
  Warp warp;
  warp.from = static_cast<double>(update);
  warp.at = warp.from;
  double stretch = 1;
  if (!warps->empty()) {
    const Warp& last = warps->back();
    stretch = last.stretch;
    warp.at = last.at + (warp.from - last.from) * stretch;
  }
  warp.stretch = stretch * static_cast<double>(std::max<int64_t>(0, end - update)) /
                 static_cast<double>(total_steps - update);
  warp.total_steps = total_steps;
  warps->push_back(warp);
}

}  // namespace

std::string Describe(const RateCommand& command) {
  switch (command.action_case()) {
    case RateCommand::kSet:
      return absl::StrCat("set to ", ShortestNumber(command.set()));
    case RateCommand::kScale:
      return absl::StrCat("scaled by ", ShortestNumber(command.scale()));
    case RateCommand::kSchedule: {
      const google::protobuf::FieldDescriptor* kind = ChosenField(command.schedule());
      return absl::StrCat("another schedule: ", kind == nullptr ? "none" : kind->name());
    }
    case RateCommand::kClear:
      return "cleared";
    case RateCommand::kTotalSteps:
      return absl::StrCat("the run ends after ", command.total_steps(), " updates");
    case RateCommand::ACTION_NOT_SET:
      break;
  }
  return "nothing";
}

std::vector<int> Hyperparameters::Affected(const RateCommand& command) const {
  std::vector<int> numbers;
  for (int i = 0; i < count(); ++i) {
    const Number& number = entries_[i].number;
    if (command.has_total_steps()) {
      numbers.push_back(i);
      continue;
    }
    if (number.field != command.field()) continue;
    const bool in_group = number.group >= 0 && groups_.names[number.group] == command.group();
    if (!command.has_group() || in_group) numbers.push_back(i);
  }
  return numbers;
}

absl::optional<int64_t> Hyperparameters::TotalSteps(const RateState& state) const {
  if (!state.warps.empty()) return state.warps.back().total_steps;
  return timeline_->total_steps();
}

absl::Status Hyperparameters::Accept(const RateCommand& command, const Progress& progress,
                                     RateState* state, std::vector<RateEvent>* events) const {
  if (command.has_group() && groups_.Find(command.group()) < 0) {
    return absl::NotFoundError(absl::StrCat("there is no group ", Quoted(command.group()),
                                            "; the groups are ",
                                            absl::StrJoin(groups_.names, ", ")));
  }
  const std::vector<int> affected = Affected(command);
  if (affected.empty()) {
    std::vector<std::string> fields;
    for (const Entry& entry : entries_) {
      if (std::find(fields.begin(), fields.end(), entry.number.field) == fields.end()) {
        fields.push_back(entry.number.field);
      }
    }
    return absl::NotFoundError(absl::StrCat("no number that changes is called ",
                                            Quoted(command.field()), "; there are ",
                                            absl::StrJoin(fields, ", "),
                                            "; a field of the rule is one when the optimizer has "
                                            "schedule { field: ",
                                            Quoted(command.field()), " follow { ... } }"));
  }
  // Everything is tried on a copy, so that a refusal changes nothing.
  RateCommand accepted = command;
  accepted.set_at_step(progress.update);
  accepted.set_at_examples(progress.examples);
  accepted.set_at_epoch(progress.epoch);
  accepted.set_at_offset(progress.offset);
  if (command.has_total_steps()) {
    if (const absl::optional<int64_t> end = TotalSteps(*state)) accepted.set_at_end(*end);
  }
  RateState next = *state;
  if (command.has_schedule() && !command.jump() && !command.has_gain()) {
    // So that what the layers above get goes on from where it is.
    Diagnostics diagnostics;
    const TimedSchedule fresh = TimedSchedule::Make(command.schedule(), timeline_,
                                                    ConfigPath().Child("schedule"), &diagnostics);
    if (!diagnostics.ok()) return diagnostics.ToStatus();
    if (!fresh.ok()) return absl::InvalidArgumentError("schedule: no schedule is set");
    const double begins = ScheduleValue(fresh, progress, progress, {});
    // A pin goes when the schedule comes, which then has to lead to what the pin was.
    const auto present_of = [&](int i) {
      if (!state->overrides[i].pin.has_value()) return FirstLayer(i, progress, *state);
      RateState trial = *state;
      trial.overrides[i] = Override();
      trial.overrides[i].scale = state->overrides[i].scale;
      trial.overrides[i].schedule = std::make_shared<const TimedSchedule>(fresh);
      trial.overrides[i].start = progress;
      return begins * At(i, progress, *state) / At(i, progress, trial);
    };
    const double present = present_of(affected[0]);
    if (!(begins > 0) || !std::isfinite(present / begins)) {
      return absl::InvalidArgumentError(absl::StrCat(
          "the schedule begins at ", ShortestNumber(begins), " and cannot be scaled to go on from ",
          ShortestNumber(present), "; give a schedule that begins above 0, or ask for a jump"));
    }
    for (int i : affected) {
      if (present_of(i) != present) {
        return absl::InvalidArgumentError(
            "the groups have different rates now; name one group, or ask for a jump");
      }
    }
    if (present == 0) {
      return absl::InvalidArgumentError(
          "the present value is 0 and so would the schedule's be that goes on from it; ask for a "
          "jump");
    }
    accepted.set_gain(present / begins);
  }
  GRADUS_RETURN_IF_ERROR(Fold(accepted, progress, &next));
  for (int i : affected) {
    const double old = At(i, progress, *state), now = At(i, progress, next);
    GRADUS_RETURN_IF_ERROR(CheckRange(i, now));
    if (command.has_schedule() && !command.jump() && !command.has_gain() &&
        std::abs(now - old) > 1e-9 * std::abs(old)) {
      return absl::InvalidArgumentError(
          absl::StrCat("a controller bounds the rate, so that no factor leads the schedule to ",
                       ShortestNumber(old), "; ask for a jump"));
    }
  }
  for (int i : affected) {
    const Number& number = entries_[i].number;
    const bool first = i == affected[0];
    const double old = At(i, progress, *state), now = At(i, progress, next);
    if (!first && (old == now || (number.group >= 0 && groups_.parameters[number.group] == 0)))
      continue;
    RateEvent event;
    event.step = progress.update;
    event.group = number.group < 0 ? "model" : groups_.names[number.group];
    event.field = number.field;
    event.layer = "override";
    event.old_value = old;
    event.new_value = now;
    event.cause = Describe(accepted);
    if (first) event.command = accepted;  // Once, so that a replay does it once.
    events->push_back(std::move(event));
  }
  *state = std::move(next);
  return absl::OkStatus();
}

absl::Status Hyperparameters::Fold(const RateCommand& command, const Progress& progress,
                                   RateState* state) const {
  std::shared_ptr<const TimedSchedule> schedule;
  if (command.has_schedule()) {
    Diagnostics diagnostics;
    CheckRules(command, ConfigPath(), &diagnostics);
    auto made = std::make_shared<TimedSchedule>(TimedSchedule::Make(
        command.schedule(), timeline_, ConfigPath().Child("schedule"), &diagnostics));
    GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
    schedule = std::move(made);
  }
  if (command.has_total_steps()) {
    const absl::optional<int64_t> planned = timeline_->total_steps();
    if (!planned.has_value()) {
      return absl::InvalidArgumentError(
          "the run has no end that could be moved; its configuration says neither epochs nor "
          "max_steps");
    }
    if (command.total_steps() <= progress.update) {
      return absl::OutOfRangeError(absl::StrCat("total_steps ", command.total_steps(),
                                                " must be above the ", progress.update,
                                                " updates that are done"));
    }
    for (const Entry& entry : entries_) {
      if (!entry.schedule.ok()) continue;
      const std::string why = timeline_->WhyNotConvert(STEPS, entry.schedule.clock());
      if (!why.empty()) {
        return absl::InvalidArgumentError(
            absl::StrCat("the schedule of ", entry.number.field, " cannot be stretched: ", why));
      }
    }
    // As it was then: the configuration may plan another one since.
    const int64_t end = command.has_at_end() ? command.at_end() : *TotalSteps(*state);
    // One that begins at the very end has nothing behind it that could be stretched.
    for (Override& override : state->overrides) {
      if (override.schedule == nullptr) continue;
      if (end <= progress.update && override.start.update == progress.update) continue;
      Retarget(progress.update, end, command.total_steps(), &override.warps);
    }
    Retarget(progress.update, end, command.total_steps(), &state->warps);
  } else {
    for (int i : Affected(command)) {
      Override& override = state->overrides[i];
      switch (command.action_case()) {
        case RateCommand::kSet:
          override.pin = command.set();
          override.scale = 1;
          break;
        case RateCommand::kScale:
          override.scale *= command.scale();
          break;
        case RateCommand::kSchedule:
          override.pin.reset();
          if (command.jump()) override.scale = 1;  // As it is written.
          override.schedule = schedule;
          override.start = progress;
          override.warps.clear();
          if (schedule->clock() == RUN && !state->warps.empty()) {
            // A fraction of the run as it is now.
            Warp whole;
            whole.stretch = static_cast<double>(*timeline_->total_steps()) /
                            static_cast<double>(*TotalSteps(*state));
            override.warps.push_back(whole);
          }
          override.gain = command.has_gain() ? command.gain() : 1;
          break;
        case RateCommand::kClear:
          override = Override();
          break;
        default:
          return absl::InvalidArgumentError("the command asks for nothing");
      }
    }
  }
  state->commands.push_back(command);
  return absl::OkStatus();
}

}  // namespace gradus
