// Counting measurements without improvement.

#include "gradus/train/watcher.h"

#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr char kEarlyStopping[] = "early_stopping", kBest[] = "best";

// Epochs counted from 0: the one that the last update belongs to.
int64_t EpochOf(const Progress& progress) {
  return progress.offset > 0 ? progress.epoch : progress.epoch - 1;
}

// Takes the value when it is the best so far.
bool Improve(Direction direction, double value, double min_delta, const Progress& progress,
             Watcher::Track* track) {
  if (!std::isfinite(value)) return false;
  if (track->best.has_value() && !Better(direction, value, *track->best, min_delta)) return false;
  track->best = value;
  track->best_step = progress.update;
  return true;
}

void CheckMonitor(const MonitorTable& monitors, const std::string& name, Direction direction,
                  const ConfigPath& owner, absl::string_view field, Diagnostics* diagnostics) {
  const absl::StatusOr<Monitor> monitor = monitors.Find(name);
  const std::string subject = SubjectOf(owner);
  if (!monitor.ok()) {
    diagnostics->Error("unknown-name", owner.Child(field),
                       absl::StrCat(subject, monitor.status().message()));
  } else if (monitor->section == Section::kBatch) {
    diagnostics->Error("monitor", owner.Child(field),
                       absl::StrCat(subject, field, " ", Quoted(name),
                                    " is measured at every update, it must be one of validation/ "
                                    "or train/"));
  } else if (DirectionOf(direction, *monitor) == AUTO) {
    diagnostics->Error("direction", owner.Child(field),
                       absl::StrCat(subject, field, " ", NoDirection(name)));
  }
}

ControllerState* AddTrack(absl::string_view kind, const Watcher::Track& track,
                          TrainStateHeader* header) {
  ControllerState* saved = header->add_watcher();
  saved->set_kind(std::string(kind));
  const auto add = [saved](const char* name, absl::optional<double> value) {
    NamedNumber* number = saved->add_number();
    number->set_name(name);
    if (value.has_value()) number->set_value(*value);
  };
  add("best", track.best);
  add("best_step", track.best_step.has_value()
                       ? absl::optional<double>(static_cast<double>(*track.best_step))
                       : absl::nullopt);
  add("wait", static_cast<double>(track.wait));
  return saved;
}

// A count that a double has held.
bool IsCount(double value) { return value >= 0 && value < 9.1e15 && value == std::floor(value); }

absl::Status ReadTrack(const ControllerState& saved, Watcher::Track* track) {
  static constexpr const char* kNames[] = {"best", "best_step", "wait"};
  bool good = saved.number_size() == 3;
  for (int k = 0; good && k < 3; ++k) good = saved.number(k).name() == kNames[k];
  good = good && saved.number(0).has_value() == saved.number(1).has_value() &&
         std::isfinite(saved.number(0).value()) && IsCount(saved.number(1).value()) &&
         saved.number(2).has_value() && IsCount(saved.number(2).value());
  if (!good) {
    return absl::InvalidArgumentError(absl::StrCat("the saved state of the watcher ",
                                                   Quoted(saved.kind()),
                                                   " is not made of best, best_step and wait"));
  }
  *track = Watcher::Track();
  if (saved.number(0).has_value()) {
    track->best = saved.number(0).value();
    track->best_step = static_cast<int64_t>(saved.number(1).value());
  }
  track->wait = static_cast<int64_t>(saved.number(2).value());
  return absl::OkStatus();
}

}  // namespace

void Watcher::Check(const RunSettings& settings, const MonitorTable& monitors,
                    const ConfigPath& path, Diagnostics* diagnostics) {
  const EarlyStopping& stopping = settings.early_stopping();
  if (settings.has_early_stopping() && stopping.has_monitor()) {
    CheckMonitor(monitors, stopping.monitor(), stopping.direction(), path.Child("early_stopping"),
                 "monitor", diagnostics);
  }
  const BestCheckpoint& best = settings.checkpoint().best();
  if (settings.checkpoint().has_best() && best.has_metric()) {
    CheckMonitor(monitors, best.metric(), best.direction(), path.Child("checkpoint").Child("best"),
                 "metric", diagnostics);
  }
  const Target& target = settings.target();
  if (settings.has_target() && target.has_monitor()) {
    CheckMonitor(monitors, target.monitor(), target.direction(), path.Child("target"), "monitor",
                 diagnostics);
  }
}

Watcher::Watcher(const RunSettings& settings, const MonitorTable& monitors)
    : config_(settings.early_stopping()) {
  const auto watched = [&monitors](const std::string& name, Direction direction) {
    const absl::StatusOr<Monitor> monitor = monitors.Find(name);
    GRADUS_CHECK(monitor.ok());  // Check has said so.
    return Watched{name, *monitor, DirectionOf(direction, *monitor)};
  };
  if (settings.has_early_stopping()) stopping_ = watched(config_.monitor(), config_.direction());
  if (settings.checkpoint().has_best()) {
    const BestCheckpoint& best = settings.checkpoint().best();
    best_ = watched(best.metric(), best.direction());
  }
}

bool Watcher::Watches(Section section) const {
  return (stopping_.has_value() && stopping_->monitor.section == section) ||
         (best_.has_value() && best_->monitor.section == section);
}

Watcher::Result Watcher::Measure(Section section, absl::Span<const double> values,
                                 const Progress& progress, State* state) const {
  Result result;
  if (best_.has_value() && best_->monitor.section == section) {
    result.best_improved =
        Improve(best_->direction, values[best_->monitor.index], 0, progress, &state->best);
  }
  if (!stopping_.has_value() || stopping_->monitor.section != section) return result;
  const int64_t epoch = EpochOf(progress);
  if (epoch < config_.start_from_epoch()) return result;
  const double value = values[stopping_->monitor.index];
  Track& track = state->early_stopping;
  track.wait += 1;
  if (Improve(stopping_->direction, value, config_.min_delta(), progress, &track)) {
    result.early_stopping_improved = true;
    if (!config_.has_baseline() ||
        Better(stopping_->direction, value, config_.baseline(), config_.min_delta())) {
      track.wait = 0;
    }
    return result;
  }
  result.stop = track.wait >= config_.patience() && epoch > 0;
  if (result.stop) {
    const std::string best = track.best.has_value() ? absl::StrCat(" better than ", *track.best,
                                                                   " of step ", *track.best_step)
                                                    : " a finite number";
    result.reason = absl::StrCat(stopping_->name, " has not been", best, " for ", track.wait,
                                 track.wait == 1 ? " measurement" : " measurements");
    if (config_.has_baseline() && track.best.has_value() &&
        !Better(stopping_->direction, *track.best, config_.baseline(), config_.min_delta())) {
      result.reason = absl::StrCat(stopping_->name, " has not been better than the baseline ",
                                   ShortestNumber(config_.baseline()), " for ", track.wait,
                                   track.wait == 1 ? " measurement" : " measurements");
    }
  }
  return result;
}

void Watcher::ToProto(const State& state, TrainStateHeader* header) const {
  if (stopping_.has_value()) AddTrack(kEarlyStopping, state.early_stopping, header);
  if (best_.has_value()) AddTrack(kBest, state.best, header);
}

absl::Status Watcher::FromProto(const TrainStateHeader& header, State* state) const {
  State read;
  const RunSettings& then = header.config().run();
  // Before version 5 errors were told as the model sees them, not in their label's units, and names
  // said which way a metric gets better: the best of an error, or of what its name did not tell, is no
  // number to compare with.
  const bool older = header.has_format_version() && header.format_version() < 5;
  const auto same = [older](const absl::optional<Watched>& now, const std::string& name,
                       Direction direction) {
    if (!now.has_value() || now->name != name) return false;
    if (now->direction != DirectionOf(direction, now->monitor)) return false;
    if (!older || now->monitor.index == 0) return true;
    return now->direction == MAX && (direction == MAX || DirectionByName(name) == MAX);
  };
  for (const ControllerState& saved : header.watcher()) {
    Track track;
    GRADUS_RETURN_IF_ERROR(ReadTrack(saved, &track));
    if (saved.kind() == kEarlyStopping) {
      const EarlyStopping& config = then.early_stopping();
      if (same(stopping_, config.monitor(), config.direction())) read.early_stopping = track;
    } else if (saved.kind() == kBest) {
      const BestCheckpoint& config = then.checkpoint().best();
      if (same(best_, config.metric(), config.direction())) read.best = track;
    } else {
      return absl::InvalidArgumentError(absl::StrCat("there is no watcher ", Quoted(saved.kind())));
    }
  }
  *state = read;
  return absl::OkStatus();
}

}  // namespace gradus
