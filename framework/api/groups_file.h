// groups.jsonl, what updates did to each group of parameters (train/group_report.h):
//
//   {"step":20,"group":"default","rule":"adam","learning_rate":0.001,"gradient_norm":0.8,
//    "weight_norm":12.5,"update_norm":0.02,"update_to_weight":0.0016,"effective_rate":0.025}
//
// a line each; `step` is the number of the update, counted from 1. A number that is not finite, such as
// a quotient by a gradient of 0, is null.

#ifndef GRADUS_API_GROUPS_FILE_H_
#define GRADUS_API_GROUPS_FILE_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gradus/api/json_lines.h"
#include "gradus/train/train_loop.h"

namespace gradus {

class GroupsFile final : public TrainObserver {
 public:
  // Appends; lines that a run wrote after `resumed_step` updates are removed first, so that a resumed
  // run's file is that of a run that was never stopped. `expected`: whether the run writes any; a file
  // that is not there is only made then.
  static absl::StatusOr<std::unique_ptr<GroupsFile>> Open(const std::string& path,
                                                          int64_t resumed_step, bool expected);

  absl::Status OnStep(const StepReport& report, const TrainState& state) override;
  // A resume keeps the lines up to its checkpoint, so they must be on the disk before it.
  absl::Status BeforeCheckpoint() override;

 private:
  explicit GroupsFile(std::unique_ptr<JsonLinesFile> lines) : lines_(std::move(lines)) {}
  const std::unique_ptr<JsonLinesFile> lines_;  // Null: there is no file.
};

// The JSON object, without the line's end.
std::string ToJson(const GroupReport& report, int64_t step);

}  // namespace gradus

#endif  // GRADUS_API_GROUPS_FILE_H_
