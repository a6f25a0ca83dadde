// Which lines make which curve.
//
// A run's colour is its position; training is thin and pale, validation strong, the best of validation
// and what was measured on the test examples in the end are dots.

#include "gradus/api/plot_runs.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/api/read_metrics.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/train/controller.h"

namespace gradus {
namespace {

constexpr double kThin = 1.4, kStrong = 2.4, kPale = 0.6, kPalest = 0.22;
constexpr size_t kMostEvents = 40;  // Of a run; a controller may act at every update.

// A measure of a split: its updates and numbers. Where training was logged by steps its epochs' means
// are left out, and what a run measured at its end is a part of its curve.
PlotSeries CurveOf(const RunRecord& run, absl::string_view split, absl::string_view measure) {
  PlotSeries curve;
  const bool by_step =
      split == "train" && std::any_of(run.lines.begin(), run.lines.end(), [](const auto& line) {
        return line.split == "train" && line.scope == MetricLine::kStep;
      });
  for (const MetricLine& line : run.lines) {
    if (line.split != split || (by_step && line.scope != MetricLine::kStep)) continue;
    const double value = MeasureOf(line, measure);
    const bool has = std::isfinite(value) || measure == "loss" ||
                     std::any_of(line.metrics.begin(), line.metrics.end(),
                                 [&](const auto& metric) { return metric.first == measure; });
    if (!has) continue;
    curve.x.push_back(static_cast<double>(line.step));
    curve.y.push_back(value);
  }
  return curve;
}

// Lines join what was logged; where an event changed the rate it goes there in one step.
PlotSeries RateOf(const RunRecord& run) {
  PlotSeries curve = CurveOf(run, "train", "learning_rate");
  for (const RecordedEvent& recorded : run.events) {
    const RateEvent& event = recorded.event;
    if (event.field != "learning_rate" || event.group != "default") continue;
    const double step = static_cast<double>(event.step);
    const auto behind = std::upper_bound(curve.x.begin(), curve.x.end(), step);
    if (behind == curve.x.begin() || behind == curve.x.end()) continue;
    const auto at = behind - curve.x.begin();
    curve.x.insert(curve.x.begin() + at, {step, step});
    curve.y.insert(curve.y.begin() + at, {event.old_value, event.new_value});
  }
  return curve;
}

// An exponential mean without the pull towards 0 at its beginning.
std::vector<double> Smoothed(const std::vector<double>& values, double keep) {
  std::vector<double> smooth;
  double mean = 0, weight = 0;
  for (double value : values) {
    if (std::isfinite(value)) {
      mean = keep * mean + (1 - keep) * value;
      weight = keep * weight + (1 - keep);
    }
    smooth.push_back(std::isfinite(value) ? mean / weight : value);
  }
  return smooth;
}

class Page {
 public:
  Page(const std::vector<RunRecord>& runs, const PlotRunsOptions& options)
      : runs_(runs), options_(options) {}

  absl::StatusOr<PlotPage> Make() {
    GRADUS_RETURN_IF_ERROR(ChooseX());
    std::vector<std::string> measures = options_.measures;
    if (measures.empty()) measures = DefaultMeasures();
    for (const std::string& measure : measures) {
      GRADUS_RETURN_IF_ERROR(CheckMeasure(measure));
      page_.panels.push_back(Panel(measure));
    }
    for (size_t i = 0; i < runs_.size(); ++i) Events(i);
    std::stable_sort(page_.markers.begin(), page_.markers.end(),
                     [](const PlotMarker& a, const PlotMarker& b) { return a.x < b.x; });
    Legend();
    page_.title = options_.title;
    return std::move(page_);
  }

 private:
  absl::Status ChooseX() {
    x_ = options_.x;
    if (x_ == PlotRunsOptions::kAuto) {
      const bool epochs = std::all_of(runs_.begin(), runs_.end(),
                                      [](const RunRecord& run) { return run.epochs() > 0; });
      x_ = epochs ? PlotRunsOptions::kEpoch : PlotRunsOptions::kStep;
    }
    for (const RunRecord& run : runs_) {
      if (x_ == PlotRunsOptions::kEpoch && run.epochs() == 0) {
        return absl::FailedPreconditionError(
            absl::StrCat(run.path, " has no whole epoch yet; give --x step"));
      }
      if (x_ == PlotRunsOptions::kTime && run.progress.empty()) {
        return absl::FailedPreconditionError(
            absl::StrCat(run.path, " has no progress.jsonl, which times are from; give --x step"));
      }
    }
    if (x_ == PlotRunsOptions::kTime) {
      double longest = 0;
      for (const RunRecord& run : runs_) longest = std::max(longest, run.seconds());
      unit_ = longest >= 3 * 3600 ? 3600 : longest >= 300 ? 60 : 1;
    }
    page_.whole_x = x_ != PlotRunsOptions::kTime;
    page_.x_label = x_ == PlotRunsOptions::kEpoch  ? "epoch"
                    : x_ == PlotRunsOptions::kStep ? "update"
                    : unit_ == 3600                ? "hours of training"
                    : unit_ == 60                  ? "minutes of training"
                                                   : "seconds of training";
    return absl::OkStatus();
  }

  // All that any run has, in the order in which they come.
  std::vector<std::string> Measures() const {
    std::vector<std::string> all;
    for (const RunRecord& run : runs_) {
      for (const std::string& measure : run.Measures()) {
        if (std::find(all.begin(), all.end(), measure) == all.end()) all.push_back(measure);
      }
    }
    return all;
  }

  std::vector<std::string> DefaultMeasures() const {
    std::vector<std::string> measures = {"loss"};
    for (const std::string& measure : Measures()) {
      const std::string name = measure.substr(measure.find('/') + 1);
      if (name != "loss" && measures.size() < 2) measures.push_back(name);
    }
    return measures;
  }

  absl::Status CheckMeasure(const std::string& measure) const {
    if (measure == "learning_rate") return absl::OkStatus();
    std::vector<std::string> names = {"learning_rate"};
    for (const std::string& one : Measures()) {
      names.push_back(one);
      names.push_back(one.substr(one.find('/') + 1));
    }
    if (std::find(names.begin(), names.end(), measure) != names.end()) return absl::OkStatus();
    if (names.size() == 1) return NothingLogged();
    std::string hint = SuggestName(measure, names);
    if (hint.empty()) {
      std::sort(names.begin(), names.end());
      names.erase(std::unique(names.begin(), names.end()), names.end());
      hint = absl::StrCat("there is ", absl::StrJoin(names, ", "));
    }
    return absl::NotFoundError(absl::StrCat("no run has ", Quoted(measure), "; ", hint));
  }

  absl::Status NothingLogged() const {
    if (runs_.size() > 1) return absl::FailedPreconditionError("no run has logged anything yet");
    const RunRecord& run = runs_[0];
    return absl::FailedPreconditionError(
        absl::StrCat(run.path, " has not logged anything: its state is ", Name(run.state),
                     run.state == RunState::kFailed ? absl::StrCat(" (", run.message, ")") : "",
                     "; its first line comes at the end of an epoch, or with run.log_every_steps"));
  }

  void Place(const RunRecord& run, std::vector<double>* steps) const {
    if (x_ == PlotRunsOptions::kEpoch) run.ToEpochs(steps);
    if (x_ != PlotRunsOptions::kTime) return;
    run.ToSeconds(steps);
    for (double& x : *steps) x /= unit_;
  }

  PlotPanel Panel(const std::string& measure) {
    PlotPanel panel;
    panel.title = measure == "learning_rate" ? "learning rate" : measure;
    const std::pair<std::string, std::string> split =
        absl::StrSplit(measure, absl::MaxSplits('/', 1));
    const bool both = split.second.empty();
    const std::string& name = both ? measure : split.second;
    for (size_t i = 0; i < runs_.size(); ++i) {
      if (measure == "learning_rate") {
        Add(i, RateOf(runs_[i]), kStrong, 1, &panel);
        continue;
      }
      if (both || split.first == "train") Training(i, name, both, &panel);
      if (both || split.first == "validation") {
        PlotSeries curve = CurveOf(runs_[i], "validation", name);
        const PlotSeries best = BestOf(curve, runs_[i].DirectionOf(name));
        Add(i, std::move(curve), kStrong, 1, &panel);
        if (!best.x.empty()) Add(i, best, 3, 1, &panel);
      }
      if (both || split.first == "test") {
        PlotSeries test = CurveOf(runs_[i], "test", name);
        tested_ |= both && !test.x.empty();
        Add(i, std::move(test), 3, 1, &panel);
      }
    }
    panel.log_y = measure == "learning_rate" ? SpansDecades(panel) : options_.log && name == "loss";
    return panel;
  }

  void Training(size_t i, const std::string& name, bool pale, PlotPanel* panel) {
    PlotSeries curve = CurveOf(runs_[i], "train", name);
    thin_ |= pale && !curve.x.empty();
    if (options_.smooth > 0) {
      PlotSeries raw = curve;
      Add(i, std::move(raw), 1, kPalest, panel);
      curve.y = Smoothed(curve.y, options_.smooth);
    }
    Add(i, std::move(curve), pale ? kThin : kStrong, pale ? kPale : 1, panel);
  }

  // One point; none of a curve that is a point itself, or whose measure has no best.
  PlotSeries BestOf(const PlotSeries& curve, Direction direction) {
    PlotSeries best;
    for (size_t i = 0; direction != AUTO && i < curve.y.size(); ++i) {
      if (!std::isfinite(curve.y[i])) continue;
      if (!best.y.empty() && !Better(direction, curve.y[i], best.y[0], 0)) continue;
      best.x = {curve.x[i]};
      best.y = {curve.y[i]};
    }
    if (curve.x.size() < 2) best = PlotSeries();
    dots_ |= !best.x.empty();
    return best;
  }

  void Add(size_t run, PlotSeries curve, double width, double opacity, PlotPanel* panel) const {
    if (curve.x.empty()) return;
    Place(runs_[run], &curve.x);
    curve.colour = static_cast<int>(run);
    curve.width = width;
    curve.opacity = opacity;
    panel->series.push_back(std::move(curve));
  }

  static bool SpansDecades(const PlotPanel& panel) {
    double low = std::numeric_limits<double>::infinity(), high = 0;
    for (const PlotSeries& curve : panel.series) {
      for (double y : curve.y) {
        if (!(y > 0)) continue;
        low = std::min(low, y);
        high = std::max(high, y);
      }
    }
    return high >= 100 * low;
  }

  void Events(size_t i) {
    const std::vector<RunEvent> events = EventsOfRun(runs_[i]);
    for (size_t k = 0; k < events.size() && k < kMostEvents; ++k) {
      std::vector<double> x = {static_cast<double>(events[k].step)};
      Place(runs_[i], &x);
      page_.markers.push_back({x[0], events[k].text, runs_.size() > 1 ? static_cast<int>(i) : -1});
    }
    if (events.size() > kMostEvents) {
      absl::StrAppend(&events_left_, events_left_.empty() ? "" : ", ", runs_[i].path, " has ",
                      events.size() - kMostEvents, " more events");
    }
  }

  void Legend() {
    std::vector<std::string> words;
    if (runs_.size() == 1) {
      PlotSeries entry;
      entry.colour = 0;
      if (thin_) {
        entry.name = "training";
        entry.width = kThin;
        entry.opacity = kPale;
        page_.legend.push_back(entry);
        entry.name = "validation";
        entry.width = kStrong;
        entry.opacity = 1;
        if (HasValidation()) page_.legend.push_back(entry);
      }
    } else {
      const std::vector<std::string> names = NamesOfRuns(runs_);
      for (size_t i = 0; i < runs_.size(); ++i) {
        PlotSeries entry;
        entry.name = names[i];
        entry.colour = static_cast<int>(i);
        page_.legend.push_back(std::move(entry));
      }
      if (thin_) words.push_back("Thin lines are training, strong ones validation.");
    }
    if (dots_) {
      words.push_back(tested_ ? "Dots are the best of validation, and the test examples at the end."
                              : "Dots are the best of validation.");
    } else if (tested_) {
      words.push_back("The last dot is the test examples at the end.");
    }
    if (options_.smooth > 0) {
      words.push_back(absl::StrFormat("Training is smoothed (%g).", options_.smooth));
    }
    if (!events_left_.empty()) words.push_back(absl::StrCat(events_left_, "."));
    page_.caption = absl::StrJoin(words, " ");
  }

  bool HasValidation() const {
    const std::vector<std::string> measures = runs_[0].Measures();
    return std::any_of(measures.begin(), measures.end(), [](const std::string& measure) {
      return absl::StartsWith(measure, "validation/");
    });
  }

  const std::vector<RunRecord>& runs_;
  const PlotRunsOptions& options_;
  PlotRunsOptions::X x_ = PlotRunsOptions::kStep;
  double unit_ = 1;  // Seconds.
  bool thin_ = false, dots_ = false, tested_ = false;
  std::string events_left_;
  PlotPage page_;
};

}  // namespace

absl::StatusOr<PlotPage> PlotRuns(const std::vector<RunRecord>& runs,
                                  const PlotRunsOptions& options) {
  if (runs.empty()) return absl::InvalidArgumentError("there is no run to plot");
  return Page(runs, options).Make();
}

}  // namespace gradus
