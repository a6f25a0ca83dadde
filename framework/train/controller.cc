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
    for (const std::string& metric : metrics_) names.push_back(absl::StrCat(section, "/", metric));
  }
  return names;
}

absl::StatusOr<Monitor> MonitorTable::Find(absl::string_view name) const {
  const std::vector<std::string> names = Names();
  const size_t per_section = metrics_.size() + 1;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] != name) continue;
    const size_t section = i / per_section + (validation_ ? 0 : 1);
    constexpr Section kSections[] = {Section::kValidation, Section::kTrain, Section::kBatch};
    return Monitor{kSections[section], static_cast<int>(i % per_section)};
  }
  std::string hint = SuggestName(name, names);
  if (hint.empty()) hint = absl::StrCat("there is ", absl::StrJoin(names, ", "));
  if (!validation_ && absl::StartsWith(name, "validation/")) {
    hint = "the data has no validation part; write data { validation { fraction: 0.1 } }";
  }
  return absl::NotFoundError(
      absl::StrCat("nothing produces ", Quoted(name), hint.empty() ? "" : "; ", hint));
}

namespace {

// "f2", "top_5", "top5": what metrics with a number in their configuration are called.
bool IsNumbered(absl::string_view name, absl::string_view word) {
  if (!absl::ConsumePrefix(&name, word)) return false;
  absl::ConsumePrefix(&name, "_");
  return !name.empty() && std::all_of(name.begin(), name.end(), absl::ascii_isdigit);
}

}  // namespace

Direction DirectionOf(Direction direction, absl::string_view monitor) {
  if (direction != AUTO) return direction;
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
