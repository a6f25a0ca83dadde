// Monitors, and from the text's controller to an object.

#include "gradus/train/controller.h"

#include <algorithm>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "gradus/base/text_config.h"
#include "gradus/base/text_positions.h"

namespace gradus {

std::vector<std::string> MonitorTable::Names() const {
  std::vector<std::string> names;
  for (const char* section : {"validation", "train", "batch"}) {
    if (!validation_ && absl::string_view(section) == "validation") continue;
    names.push_back(absl::StrCat(section, "/loss"));
    for (const MeasuredMetric& metric : metrics_) {
      if (!metric.table) names.push_back(absl::StrCat(section, "/", metric.name));
    }
  }
  return names;
}

absl::StatusOr<Monitor> MonitorTable::Find(absl::string_view name) const {
  const std::vector<std::string> names = Names();
  const absl::string_view section = name.substr(0, name.find('/'));
  absl::string_view measure = name;
  const bool known = absl::ConsumePrefix(&measure, absl::StrCat(section, "/")) &&
                     (section == "train" || section == "batch" ||
                      (section == "validation" && validation_));
  Monitor monitor;
  monitor.section = section == "train"   ? Section::kTrain
                    : section == "batch" ? Section::kBatch
                                         : Section::kValidation;
  if (known && measure == "loss") return monitor;
  for (size_t i = 0; known && i < metrics_.size(); ++i) {
    if (metrics_[i].name != measure) continue;
    if (metrics_[i].table) {
      return absl::NotFoundError(absl::StrCat(Quoted(name),
                                              " is a table, which has no number to watch; there is ",
                                              absl::StrJoin(names, ", ")));
    }
    monitor.index = static_cast<int>(i) + 1;
    monitor.direction = metrics_[i].direction;
    return monitor;
  }
  std::string hint = SuggestName(name, names);
  if (hint.empty()) hint = absl::StrCat("there is ", absl::StrJoin(names, ", "));
  if (!validation_ && absl::StartsWith(name, "validation/")) {
    hint = "the data has no validation part; write data { validation { fraction: 0.1 } }";
  }
  return absl::NotFoundError(
      absl::StrCat("nothing produces ", Quoted(name), hint.empty() ? "" : "; ", hint));
}

Direction DirectionOf(Direction direction, const Monitor& monitor) {
  return direction != AUTO ? direction : monitor.direction;
}

std::string NoDirection(absl::string_view monitor) {
  return absl::StrCat(Quoted(monitor), " does not say which way it gets better; give direction: MIN "
                                       "or MAX");
}

namespace {

// "f2", "top_5", "top5": what metrics with a number in their configuration are called.
bool IsNumbered(absl::string_view name, absl::string_view word) {
  if (!absl::ConsumePrefix(&name, word)) return false;
  absl::ConsumePrefix(&name, "_");
  return !name.empty() && std::all_of(name.begin(), name.end(), absl::ascii_isdigit);
}

}  // namespace

Direction DirectionByName(absl::string_view monitor) {
  for (const char* end :
       {"accuracy", "auc", "precision", "recall", "f1", "f1_score", "r2", "r2_score", "confusion",
        "confusion_matrix", "fbeta_score", "iou", "sensitivity", "specificity", "true_positives",
        "true_negatives", "similarity", "correlation"}) {
    if (absl::EndsWithIgnoreCase(monitor, end)) return MAX;
  }
  const absl::string_view own = monitor.substr(monitor.rfind('/') + 1);
  for (const char* name : {"acc", "pr", "roc", "fbeta"}) {
    if (absl::EqualsIgnoreCase(own, name)) return MAX;
  }
  return IsNumbered(own, "f") || IsNumbered(own, "top") ? MAX : MIN;
}

bool Better(Direction direction, double value, double best, double delta) {
  return direction == MAX ? value > best + delta : value < best - delta;
}

Monitor ControllerScope::Find(absl::string_view field, const std::string& name) {
  absl::StatusOr<Monitor> monitor = monitors_->Find(name);
  if (monitor.ok()) return *monitor;
  diagnostics_->Error("unknown-name", path_.Child(field),
                      absl::StrCat(SubjectOf(path_), monitor.status().message()));
  return Monitor();
}

Direction ControllerScope::DirectionOf(Direction direction, const std::string& name,
                                       const Monitor& monitor) {
  const Direction resolved = gradus::DirectionOf(direction, monitor);
  if (resolved != AUTO) return resolved;
  diagnostics_->Error("direction", path_.Child("direction"),
                      absl::StrCat(SubjectOf(path_), NoDirection(name)));
  return MIN;
}

void ControllerScope::CheckClock(absl::string_view field, Clock clock) {
  const std::string why = timeline_->WhyNotRead(clock);
  if (why.empty()) return;
  diagnostics_->Error(
      "clock", path_.Child(field),
      absl::StrCat(SubjectOf(path_), "clock ", Clock_Name(clock), " cannot be read: ", why));
}

std::unique_ptr<Controller> MakeController(const ControllerConfig& config,
                                           const MonitorTable& monitors,
                                           std::shared_ptr<const Timeline> timeline,
                                           const ConfigPath& path, Diagnostics* diagnostics) {
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (field == nullptr) return nullptr;  // CheckRules has said so.
  const std::string name = SegmentName(field);
  const ControllerFactory* factory = Registry<ControllerFactory>::Get().Find(field->full_name());
  // A rule under the key of another's field could not read its message.
  if (factory == nullptr || factory->config_type() != field->message_type()) {
    diagnostics->Error(
        "unregistered", path.Child(name),
        absl::StrCat("no controller is registered for \"", field->full_name(), "\""));
    return nullptr;
  }
  ControllerScope scope(&monitors, std::move(timeline), path.Child(name), diagnostics);
  return factory->Create(config, *field, &scope);
}

}  // namespace gradus
