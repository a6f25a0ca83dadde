// Looking for weights.

#include "gradus/api/weights_source.h"

#include "absl/strings/str_cat.h"
#include "gradus/api/model_file.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/train/checkpoint.h"

namespace gradus {

absl::Status WeightsSource::Load(ParameterStore* store, bool smaller) const {
  if (!checkpoint.empty()) return LoadCheckpointWeights(checkpoint, store);
  GRADUS_ASSIGN_OR_RETURN(const WeightsMatch match, LoadSavedWeights(folder, saved, store));
  for (const WeightsMatch::Row& row : match.rows) {
    if (row.kind == WeightsMatch::kLoaded) continue;
    if (smaller && row.kind == WeightsMatch::kUnexpected) continue;
    return absl::InvalidArgumentError(absl::StrCat(WeightsPath(folder), " does not fit ", folder,
                                                   "/model.pbtxt:\n", match.Table()));
  }
  return absl::OkStatus();
}

absl::StatusOr<WeightsSource> FindWeights(const std::string& folder, const std::string& which) {
  WeightsSource source;
  source.folder = folder;
  const std::string checkpoints = JoinPath(folder, "checkpoints");
  std::string wanted = which;
  if (wanted.empty() && Exists(JoinPath(checkpoints, "best"))) wanted = "best";
  if (wanted.empty()) {
    GRADUS_ASSIGN_OR_RETURN(source.saved, ReadSavedModel(folder));
    source.label = "saved model";
    return source;
  }
  GRADUS_ASSIGN_OR_RETURN(source.checkpoint, FindCheckpoint(checkpoints, wanted));
  GRADUS_ASSIGN_OR_RETURN(
      const TrainStateHeader header,
      ReadCheckpointHeader(source.checkpoint, CheckpointText::kWithoutRules));
  *source.saved.mutable_model() = header.config().model();
  *source.saved.mutable_preprocessing() = header.preprocessing();
  const bool named = wanted == "best" || wanted == "last";
  source.label =
      absl::StrCat(named ? wanted + " " : "", "checkpoint, step ", header.progress().step());
  return source;
}

}  // namespace gradus
