// Lines of groups.

#include "gradus/api/groups_file.h"

#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"

namespace gradus {

absl::StatusOr<std::unique_ptr<GroupsFile>> GroupsFile::Open(const std::string& path,
                                                             int64_t resumed_step, bool expected) {
  std::unique_ptr<JsonLinesFile> lines;
  if (expected || Exists(path)) {
    GRADUS_ASSIGN_OR_RETURN(
        lines, JsonLinesFile::Open(path, [resumed_step](absl::string_view line) {
          const absl::optional<int64_t> step = StepOfLine(line);
          return step.has_value() && *step <= resumed_step;
        }));
  }
  return std::unique_ptr<GroupsFile>(new GroupsFile(std::move(lines)));
}

absl::Status GroupsFile::OnStep(const StepReport& report, const TrainState& state) {
  (void)state;
  if (lines_ == nullptr) return absl::OkStatus();
  for (const GroupReport& group : report.groups) {
    GRADUS_RETURN_IF_ERROR(lines_->Append(ToJson(group, report.step)));
  }
  return absl::OkStatus();
}

absl::Status GroupsFile::BeforeCheckpoint() {
  return lines_ == nullptr ? absl::OkStatus() : lines_->Sync();
}

std::string ToJson(const GroupReport& report, int64_t step) {
  return absl::StrCat("{\"step\":", step, ",\"group\":", JsonString(report.group),
                      ",\"rule\":", JsonString(report.rule),
                      ",\"learning_rate\":", JsonNumber(report.learning_rate),
                      ",\"gradient_norm\":", JsonNumber(report.gradient_norm),
                      ",\"weight_norm\":", JsonNumber(report.weight_norm),
                      ",\"update_norm\":", JsonNumber(report.update_norm),
                      ",\"update_to_weight\":", JsonNumber(report.update_to_weight),
                      ",\"effective_rate\":", JsonNumber(report.effective_rate), "}");
}

}  // namespace gradus
