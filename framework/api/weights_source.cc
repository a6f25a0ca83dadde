// Looking for weights.

#include "gradus/api/weights_source.h"

#include "absl/strings/str_cat.h"
#include "absl/types/optional.h"
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
    if (!Exists(JoinPath(folder, "model.pbtxt")) && FindCheckpoint(checkpoints, "last").ok()) {
      return absl::NotFoundError(
          absl::StrCat(folder, ": the run has not finished, so it has no saved model yet; --checkpoint "
                               "last takes its newest state"));
    }
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

std::string FinalWeightsInWords(const RunSettings& settings, const TrainState& state) {
  const int64_t last = state.progress.update;
  const EarlyStopping& stopping = settings.early_stopping();
  const absl::optional<int64_t> restored = state.watcher.early_stopping.best_step;
  const bool restores = settings.has_early_stopping() && stopping.restore_best();
  const int64_t tested = restores ? restored.value_or(last) : last;
  const absl::optional<int64_t> best = state.watcher.best.best_step;
  std::string words;
  if (tested != last) {
    words = absl::StrCat("of step ", tested, ", the best by ", stopping.monitor(),
                         ": tested and saved");
  }
  if (!settings.checkpoint().has_best() || best.value_or(tested) == tested) return words;
  if (words.empty()) words = absl::StrCat("of step ", last, ", the last: tested and saved");
  return absl::StrCat(words, "; gradus eval and predict take those of step ", *best,
                      ", the best by ", settings.checkpoint().best().metric());
}

}  // namespace gradus
