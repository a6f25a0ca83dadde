// The chains, asked. How they are made: make_hyperparameters.cc. What is asked of them from
// outside: override.cc.

#include "gradus/train/hyperparameters.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

// The one that an update is in, or null.
const Warp* WarpOf(double update, const std::vector<Warp>& warps) {
  for (auto warp = warps.rbegin(); warp != warps.rend(); ++warp) {
    if (update >= warp->from) return &*warp;
  }
  return nullptr;
}

// Updates in the schedules' own time.
double Warped(double update, const std::vector<Warp>& warps) {
  const Warp* warp = WarpOf(update, warps);
  return warp == nullptr ? update : warp->at + (update - warp->from) * warp->stretch;
}

// What a retarget has done to a schedule, for people.
std::string WarpInWords(const Progress& progress, const std::vector<Warp>& warps) {
  const Warp* warp = WarpOf(static_cast<double>(progress.update), warps);
  if (warp == nullptr || warp->total_steps == 0) return "";
  if (warp->stretch == 1 && warp->at == warp->from) return "";
  const std::string since = absl::StrCat(static_cast<int64_t>(warp->from));
  return warp->stretch == 0
             ? absl::StrCat(", nothing left of it since step ", since)
             : absl::StrCat(", what was left at step ", since, " stretched to end at ",
                            warp->total_steps);
}

}  // namespace

double Hyperparameters::ScheduleValue(const TimedSchedule& schedule, const Progress& progress,
                                      const Progress& start,
                                      const std::vector<Warp>& warps) const {
  if (warps.empty()) return schedule.At(progress, start);
  const auto read = [&](const Progress& at) {
    return timeline_->Convert(Warped(static_cast<double>(at.update), warps), STEPS,
                              schedule.clock());
  };
  return schedule.schedule().At({read(progress), read(start)});
}

double Hyperparameters::FirstLayer(int i, const Progress& progress, const RateState& state) const {
  const Override& override = state.overrides[i];
  if (override.schedule != nullptr) {
    return override.gain *
           ScheduleValue(*override.schedule, progress, override.start, override.warps);
  }
  const Entry& entry = entries_[i];
  return entry.schedule.ok() ? ScheduleValue(entry.schedule, progress, Progress(), state.warps)
                             : entry.constant;
}

double Hyperparameters::Controlled(int i, double value, const Progress& progress,
                                   const RateState& state) const {
  if (entries_[i].number.kind != Number::kLearningRate) return value;
  for (size_t c = 0; c < controllers_.size(); ++c) {
    if (controllers_[c].group >= 0 && controllers_[c].group != entries_[i].number.group) continue;
    value = controllers_[c].controller->Apply(value, progress, state.controllers[c]);
  }
  return value;
}

double Hyperparameters::At(int i, const Progress& progress, const RateState& state) const {
  const double controlled = Controlled(i, FirstLayer(i, progress, state), progress, state);
  return Overridden(controlled * entries_[i].scale, state.overrides[i]);
}

double Hyperparameters::ScheduleAt(int i, const Progress& progress) const {
  return entries_[i].schedule.ok() ? entries_[i].schedule.At(progress) : entries_[i].constant;
}

const TimedSchedule* Hyperparameters::schedule(int i) const {
  return entries_[i].schedule.ok() ? &entries_[i].schedule : nullptr;
}

absl::Status Hyperparameters::CheckRange(int i, double value) const {
  const Number& number = entries_[i].number;
  if (std::isfinite(value) && Within(number.range, value)) return absl::OkStatus();
  const std::string range = RangeInWords(number.range);
  return absl::OutOfRangeError(absl::StrCat(
      number.field,
      number.group > 0 ? absl::StrCat(" of group ", Quoted(groups_.names[number.group])) : "",
      " is ", ShortestNumber(value), ", which must be finite", range.empty() ? "" : " and ",
      range));
}

std::vector<Hyperparameters::Why> Hyperparameters::Explain(int i, const Progress& progress,
                                                           const RateState& state) const {
  const Entry& entry = entries_[i];
  const Override& override = state.overrides[i];
  std::vector<Why> chain;
  if (entry.number.group >= 0 && groups_.frozen[entry.number.group]) {
    return {{"frozen", "its parameters stay as they are", 0}};
  }
  double value = FirstLayer(i, progress, state);
  if (override.schedule != nullptr) {
    chain.push_back(
        {"schedule",
         absl::StrCat(
             "put in place at step ", override.start.update,
             override.gain == 1 ? "" : absl::StrCat(", times ", ShortestNumber(override.gain)),
             WarpInWords(progress, override.warps)),
         value});
  } else if (entry.schedule.ok()) {
    chain.push_back(
        {"schedule", absl::StrCat(entry.detail, WarpInWords(progress, state.warps)), value});
  } else {
    chain.push_back({"constant", entry.detail, value});
  }
  if (entry.number.kind == Number::kLearningRate) {
    for (size_t c = 0; c < controllers_.size(); ++c) {
      if (controllers_[c].group >= 0 && controllers_[c].group != entry.number.group) continue;
      value = controllers_[c].controller->Apply(value, progress, state.controllers[c]);
      chain.push_back({absl::StrCat("controller[", c, "]"), controllers_[c].kind, value});
    }
    if (entry.scale != 1) {
      value *= entry.scale;
      chain.push_back(
          {"group",
           absl::StrCat(groups_.names[entry.number.group], ", times ", ShortestNumber(entry.scale)),
           value});
    }
  }
  if (override.pin.has_value() || override.scale != 1) {
    value = Overridden(value, override);
    std::string detail;
    if (override.pin.has_value()) detail = absl::StrCat("set to ", ShortestNumber(*override.pin));
    if (override.scale != 1) {
      absl::StrAppend(&detail, detail.empty() ? "" : ", ", "times ",
                      ShortestNumber(override.scale));
    }
    chain.push_back({"override", detail, value});
  }
  return chain;
}

RateState Hyperparameters::NewState() const {
  RateState state;
  for (const Reaction& reaction : controllers_) {
    state.controllers.emplace_back();
    for (const ControllerNumber& spec : reaction.controller->State()) {
      state.controllers.back().push_back(spec.initial);
    }
  }
  state.overrides.resize(entries_.size());
  return state;
}

Verdict Hyperparameters::Observe(const Observation& observation, RateState* state,
                                 std::vector<RateEvent>* events) const {
  Verdict verdict = Verdict::kGoOn;
  for (size_t c = 0; c < controllers_.size(); ++c) {
    const Controller& controller = *controllers_[c].controller;
    if (!controller.Watches(observation.section)) continue;
    state->before = state->controllers[c];
    std::string cause;
    if (controller.Observe(observation, &state->controllers[c], &cause) == Verdict::kRestore) {
      verdict = Verdict::kRestore;
    }
    if (cause.empty()) continue;
    for (int g = 0; g < groups_.count(); ++g) {
      if (groups_.parameters[g] == 0) continue;
      const double now = At(g, observation.progress, *state);
      std::swap(state->before, state->controllers[c]);
      const double old = At(g, observation.progress, *state);
      std::swap(state->before, state->controllers[c]);
      if (now == old && verdict == Verdict::kGoOn) continue;
      RateEvent event;
      event.step = observation.progress.update;
      event.group = groups_.names[g];
      event.field = "learning_rate";
      event.layer = ControllerName(static_cast<int>(c));
      event.old_value = old;
      event.new_value = now;
      event.cause = cause;
      event.state = StateOf(static_cast<int>(c), *state);
      events->push_back(std::move(event));
    }
  }
  return verdict;
}

std::string Hyperparameters::ControllerName(int controller) const {
  return absl::StrCat("controller[", controller, "] ", controllers_[controller].kind);
}

ControllerState Hyperparameters::StateOf(int controller, const RateState& state) const {
  ControllerState saved;
  saved.set_kind(controllers_[controller].kind);
  const std::vector<ControllerNumber> specs = controllers_[controller].controller->State();
  for (size_t k = 0; k < specs.size(); ++k) {
    NamedNumber* number = saved.add_number();
    number->set_name(specs[k].name);
    const absl::optional<double>& value = state.controllers[controller][k];
    if (value.has_value()) number->set_value(*value);
  }
  return saved;
}

absl::Status Hyperparameters::SetStateOf(int controller, const ControllerState& saved,
                                         RateState* state) const {
  const std::vector<ControllerNumber> specs = controllers_[controller].controller->State();
  bool same = saved.kind() == controllers_[controller].kind &&
              saved.number_size() == static_cast<int>(specs.size());
  for (size_t k = 0; same && k < specs.size(); ++k) {
    same = saved.number(static_cast<int>(k)).name() == specs[k].name;
  }
  if (!same) {
    return absl::InvalidArgumentError(absl::StrCat("the saved state of a controller, \"",
                                                   saved.kind(), "\", is not one of ",
                                                   ControllerName(controller)));
  }
  for (size_t k = 0; k < specs.size(); ++k) {
    const NamedNumber& number = saved.number(static_cast<int>(k));
    state->controllers[controller][k] =
        number.has_value() ? absl::optional<double>(number.value()) : absl::nullopt;
  }
  return absl::OkStatus();
}

void Hyperparameters::ToProto(const RateState& state, TrainStateHeader* header) const {
  for (int c = 0; c < controllers(); ++c) *header->add_controller() = StateOf(c, state);
  for (const RateCommand& command : state.commands) *header->add_command() = command;
}

absl::StatusOr<RateState> Hyperparameters::FromProto(const TrainStateHeader& header) const {
  RateState state = NewState();
  if (header.controller_size() != controllers()) {
    return absl::InvalidArgumentError(absl::StrCat("there are states of ", header.controller_size(),
                                                   " controllers, the run has ", controllers()));
  }
  for (int c = 0; c < controllers(); ++c) {
    GRADUS_RETURN_IF_ERROR(SetStateOf(c, header.controller(c), &state));
  }
  for (const RateCommand& command : header.command()) {
    // Where it took effect is counted, not computed: batches may have been given up.
    Progress at = timeline_->At(command.at_step());
    if (command.has_at_epoch()) {
      at = {command.at_step(), command.at_examples(), command.at_epoch(), command.at_offset()};
    }
    GRADUS_RETURN_IF_ERROR(Fold(command, at, &state));
  }
  return state;
}

}  // namespace gradus
