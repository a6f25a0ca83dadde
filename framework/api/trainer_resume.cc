// Trainer: going on from a checkpoint.

#include <algorithm>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/resume_settings.h"
#include "gradus/api/trainer.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/train/carry_state.h"
#include "gradus/train/checkpoint.h"

namespace gradus {

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Resume(
    const std::string& checkpoint, const TrainerOptions& options,
    absl::Span<const std::string> settings) try {
  GRADUS_RETURN_IF_ERROR(CheckResumeSettings(settings));
  GRADUS_RETURN_IF_ERROR(LoadRulesOf(checkpoint));
  GRADUS_ASSIGN_OR_RETURN(TrainStateHeader header, ReadCheckpointHeader(checkpoint));
  RunConfig config = header.config();
  // What the order of summation depends on stays as it was, whatever machine this is.
  config.mutable_run()->set_threads(header.threads());
  if (config.has_data()) ReadOlderSplit(config.mutable_data());
  absl::StatusOr<RunFile> file = RunFile::Of(config, "/");
  if (!settings.empty()) {
    file = RunFile::Parse(PrintTextConfig(config), CheckpointConfigPath(checkpoint), settings, ".");
  }
  GRADUS_RETURN_IF_ERROR(file.status());
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer,
                          Make(*std::move(file), options, &header));
  if (options.open_data) GRADUS_RETURN_IF_ERROR(trainer->CheckSameData(header));
  if (ConcernOptimizer(settings)) {
    GRADUS_RETURN_IF_ERROR(trainer->CarryOver(checkpoint, header, config));
  } else {
    GRADUS_RETURN_IF_ERROR(LoadCheckpoint(checkpoint, trainer->step_->numbers(), *trainer->watcher_,
                                          &trainer->state_));
  }
  const absl::Status sums =
      CheckSums(trainer->state_.epoch_sums, trainer->step_->model().metrics);
  if (!sums.ok()) {
    return absl::InvalidArgumentError(absl::StrCat(checkpoint, ": ", sums.message()));
  }
  GRADUS_RETURN_IF_ERROR(
      CheckEndMayMove(header.config().run(), trainer->config_.run(), trainer->state_.rates));
  if (!trainer->state_.ended_by.empty() && MoveEnd(settings)) {
    const absl::optional<int64_t> end = trainer->step_->numbers().TotalSteps(trainer->state_.rates);
    if (!end.has_value() || *end > trainer->state_.progress.update) GoOn(&trainer->state_);
  }
  return trainer;
} catch (...) {
  return StatusOfException("resuming");
}

// The checkpoint is read as strictly as ever, by the configuration that it was saved with; what it
// holds then goes over to the present one.
absl::Status Trainer::CarryOver(const std::string& checkpoint, const TrainStateHeader& header,
                                const RunConfig& config) {
  TrainerOptions options = options_;
  options.open_data =
      !config.has_data();  // Without a data part examples_per_epoch is the options'.
  GRADUS_ASSIGN_OR_RETURN(const std::unique_ptr<Trainer> before,
                          Make(RunFile::Of(config, "/"), options, &header));
  GRADUS_RETURN_IF_ERROR(
      LoadCheckpoint(checkpoint, before->step_->numbers(), *watcher_, &before->state_));
  GRADUS_ASSIGN_OR_RETURN(match_,
                          CarryState({*before->step_, before->config_.optimizer()}, before->state_,
                                     {*step_, config_.optimizer()}, &state_));
  return absl::OkStatus();
}

absl::Status Trainer::CheckSameData(const TrainStateHeader& header) const {
  const int64_t rows = data_.train == nullptr ? 0 : data_.train->size();
  if (rows != header.training_rows()) {
    return absl::FailedPreconditionError(
        absl::StrCat("the training data has changed since the checkpoint: it has ", rows,
                     " examples, it had ", header.training_rows()));
  }
  TrainStateHeader now;
  data_.preprocessing.ToProto(now.mutable_preprocessing());
  for (int i = 0; i < std::max(now.preprocessing_size(), header.preprocessing_size()); ++i) {
    const bool both = i < now.preprocessing_size() && i < header.preprocessing_size();
    if (both &&
        now.preprocessing(i).SerializeAsString() == header.preprocessing(i).SerializeAsString()) {
      continue;
    }
    const InputPreprocessing& input =
        i < now.preprocessing_size() ? now.preprocessing(i) : header.preprocessing(i);
    return absl::FailedPreconditionError(absl::StrCat(
        "the training data has changed since the checkpoint: what preprocessing learns "
        "for input \"",
        input.input(), "\" is not what it was"));
  }
  return absl::OkStatus();
}

}  // namespace gradus
