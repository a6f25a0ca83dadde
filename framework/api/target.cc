// Comparing measurements with a target.

#include "gradus/api/target.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/json_lines.h"
#include "gradus/api/sweep_json.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"
#include "gradus/train/controller.h"

namespace gradus {

TargetWatch::TargetWatch(const Target& target)
    : monitor_(target.monitor()),
      split_(monitor_.substr(0, monitor_.find('/'))),
      measure_(monitor_.substr(std::min(monitor_.size(), monitor_.find('/') + 1))),
      value_(target.value()),
      direction_(DirectionOf(target.direction(), target.monitor())) {}

absl::Status TargetWatch::OnLine(const MetricLine& line) {
  // A batch, and the part of an epoch at the end of a run, are measurements of nothing.
  if (line.split != split_ || (split_ == "train" && line.scope != MetricLine::kEpoch)) {
    return absl::OkStatus();
  }
  double value = line.loss;
  if (measure_ != "loss") {
    value = std::nan("");
    for (const auto& [name, mean] : line.metrics) {
      if (name == measure_) value = mean;
    }
  }
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
  const std::string name = target.monitor().substr(target.monitor().find('/') + 1);
  GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> lines, ReadJsonLines(metrics_path));
  for (size_t i = 0; i < lines.size(); ++i) {
    // Of batches there may be very many.
    if (absl::StrContains(lines[i], "\"scope\":\"step\"") &&
        absl::StrContains(lines[i], "\"split\":\"train\"")) {
      continue;
    }
    const absl::StatusOr<google::protobuf::Struct> object = ParseJson(lines[i]);
    if (!object.ok()) {
      return absl::DataLossError(
          absl::StrCat(metrics_path, ":", i + 1, ": ", object.status().message()));
    }
    const std::string scope = TextOf(*object, "scope");
    MetricLine line;
    line.scope = scope == "epoch"   ? MetricLine::kEpoch
                 : scope == "final" ? MetricLine::kFinal
                                    : MetricLine::kStep;
    line.split = TextOf(*object, "split");
    line.step = static_cast<int64_t>(NumberOf(*object, "step"));
    line.epoch = static_cast<int64_t>(NumberOf(*object, "epoch"));
    line.loss = NumberOf(*object, "loss");
    line.metrics = {{name, NumberOf(*object, name)}};
    GRADUS_RETURN_IF_ERROR(watch.OnLine(line));
  }
  return watch;
}

}  // namespace gradus
