// Comparing measurements with a target.

#include "gradus/api/target.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/read_metrics.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"

namespace gradus {

Target Resolved(const Target& target, const MonitorTable& monitors) {
  Target resolved = target;
  const absl::StatusOr<Monitor> monitor = monitors.Find(target.monitor());
  if (monitor.ok()) resolved.set_direction(DirectionOf(target.direction(), *monitor));
  return resolved;
}

TargetWatch::TargetWatch(const Target& target)
    : monitor_(target.monitor()),
      split_(monitor_.substr(0, monitor_.find('/'))),
      measure_(monitor_.substr(std::min(monitor_.size(), monitor_.find('/') + 1))),
      value_(target.value()),
      direction_(target.direction() != AUTO ? target.direction()
                                            : DirectionByName(target.monitor())) {}

absl::Status TargetWatch::OnLine(const MetricLine& line) {
  // A batch, and the part of an epoch at the end of a run, are measurements of nothing.
  if (line.split != split_ || (split_ == "train" && line.scope != MetricLine::kEpoch)) {
    return absl::OkStatus();
  }
  const double value = MeasureOf(line, measure_);
  if (!std::isfinite(value)) return absl::OkStatus();
  if (!best_.has_value() || Better(direction_, value, *best_, 0)) best_ = value;
  if (!reached_.has_value() && (value == value_ || Better(direction_, value, value_, 0))) {
    reached_ = {line.step, line.epoch, value};
  }
  return absl::OkStatus();
}

std::string TargetWatch::InWords() const {
  const std::string target = absl::StrCat(monitor_, " ", ShortestNumber(value_), ": ");
  if (reached_.has_value()) {
    return absl::StrCat(target, "reached at step ", reached_->step, " (epoch ", reached_->epoch,
                        ") with ", absl::StrFormat("%.6g", reached_->value));
  }
  if (!best_.has_value()) return absl::StrCat(target, "not reached; it was never measured");
  return absl::StrCat(target, "not reached; the best was ", absl::StrFormat("%.6g", *best_));
}

absl::StatusOr<TargetWatch> ReadTarget(const Target& target, const std::string& metrics_path) {
  TargetWatch watch(target);
  GRADUS_ASSIGN_OR_RETURN(const std::vector<MetricLine> lines, ReadMetricLines(metrics_path));
  for (const MetricLine& line : lines) GRADUS_RETURN_IF_ERROR(watch.OnLine(line));
  return watch;
}

}  // namespace gradus
