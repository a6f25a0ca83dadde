// The loop.

#include "gradus/train/train_loop.h"

#include "gradus/data/batch_stream.h"

namespace gradus {
namespace {

class Loop {
 public:
  Loop(const LoopOptions& options, const DataSplits& data, TrainStep* step, Evaluation* evaluation,
       TrainState* state, absl::Span<TrainObserver* const> observers)
      : options_(options),
        data_(data),
        step_(*step),
        evaluation_(*evaluation),
        state_(*state),
        observers_(observers) {}

  absl::StatusOr<LoopEnd> Run() {
    if (!Done()) {
      GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BatchStream> stream,
                              BatchStream::Create(data_.train, TrainingBatches(options_.data),
                                                  {state_.progress.epoch, state_.progress.offset}));
      while (!Done()) {
        GRADUS_ASSIGN_OR_RETURN(const Batch* batch, stream->Next());
        GRADUS_RETURN_IF_ERROR(Step(*batch));
        if (batch->last_of_epoch()) GRADUS_RETURN_IF_ERROR(EndEpoch());
        GRADUS_RETURN_IF_ERROR(SaveIfDue(batch->last_of_epoch()));
        if (StopRequested()) {
          GRADUS_RETURN_IF_ERROR(SaveOnce());
          return LoopEnd::kStopped;
        }
      }
    }
    GRADUS_RETURN_IF_ERROR(SaveOnce());
    if (state_.progress.offset > 0) GRADUS_RETURN_IF_ERROR(EndWithinEpoch());
    if (data_.test != nullptr) {
      GRADUS_RETURN_IF_ERROR(Evaluate(data_.test, "test", MetricLine::kFinal));
    }
    return LoopEnd::kFinished;
  }

 private:
  int64_t BegunEpochs() const {
    return state_.progress.epoch + (state_.progress.offset > 0 ? 1 : 0);
  }

  bool Done() const {
    const RunSettings& settings = options_.settings;
    if (settings.has_max_steps() && state_.progress.update >= settings.max_steps()) return true;
    return state_.progress.epoch >= settings.epochs();
  }

  absl::Status Step(const Batch& batch) {
    inputs_.clear();
    for (const Tensor& field : batch.fields) inputs_.push_back(field.raw());
    GRADUS_RETURN_IF_ERROR(
        step_.Run(inputs_, batch.rows, &state_.progress, &state_.store, &report_));
    state_.last_learning_rate = report_.learning_rate;
    state_.progress.offset += batch.rows;
    state_.epoch_sums.Add(report_.sums);
    for (TrainObserver* observer : observers_) {
      GRADUS_RETURN_IF_ERROR(observer->OnStep(report_, state_));
    }
    const int64_t every = options_.settings.log_every_steps();
    if (every > 0 && state_.progress.update % every == 0) {
      GRADUS_RETURN_IF_ERROR(
          Emit(report_.sums, "train", MetricLine::kStep, state_.progress.epoch + 1));
    }
    return absl::OkStatus();
  }

  absl::Status EndEpoch() {
    state_.progress.epoch += 1;
    state_.progress.offset = 0;
    GRADUS_RETURN_IF_ERROR(
        Emit(state_.epoch_sums, "train", MetricLine::kEpoch, state_.progress.epoch));
    state_.epoch_sums = MetricSums();
    if (data_.validation == nullptr) return absl::OkStatus();
    return Evaluate(data_.validation, "validation", MetricLine::kEpoch);
  }

  // max_steps ended the run in the middle of an epoch: its part gets lines too. The state keeps its
  // sums, so that a run that goes on from it finds the epoch as it was.
  absl::Status EndWithinEpoch() {
    GRADUS_RETURN_IF_ERROR(Emit(state_.epoch_sums, "train", MetricLine::kFinal, BegunEpochs()));
    if (data_.validation == nullptr) return absl::OkStatus();
    return Evaluate(data_.validation, "validation", MetricLine::kFinal);
  }

  absl::Status Evaluate(const std::shared_ptr<const Dataset>& dataset, absl::string_view split,
                        MetricLine::Scope scope) {
    GRADUS_ASSIGN_OR_RETURN(MetricSums sums,
                            evaluation_.Run(dataset, options_.data.batch_size(), state_.store));
    return Emit(sums, split, scope, BegunEpochs());
  }

  absl::Status Emit(const MetricSums& sums, absl::string_view split, MetricLine::Scope scope,
                    int64_t epoch) {
    if (sums.examples == 0) return absl::OkStatus();
    MetricLine line;
    line.scope = scope;
    line.split = std::string(split);
    line.step = state_.progress.update;
    line.epoch = epoch;
    SetMeans(sums, step_.model().metrics, &line.loss, &line.metrics);
    line.learning_rate = state_.last_learning_rate;
    for (TrainObserver* observer : observers_) {
      GRADUS_RETURN_IF_ERROR(observer->OnLine(line));
    }
    return absl::OkStatus();
  }

  absl::Status SaveIfDue(bool epoch_ended) {
    const CheckpointConfig& config = options_.settings.checkpoint();
    const bool by_steps =
        config.has_every_steps() && state_.progress.update % config.every_steps() == 0;
    const bool by_epochs = epoch_ended && config.has_every_epochs() &&
                           state_.progress.epoch % config.every_epochs() == 0;
    return by_steps || by_epochs ? SaveOnce() : absl::OkStatus();
  }

  // Saves unless this very state has been saved.
  absl::Status SaveOnce() {
    if (options_.checkpoint_folder.empty() || saved_step_ == state_.progress.update) {
      return absl::OkStatus();
    }
    for (TrainObserver* observer : observers_) {
      GRADUS_RETURN_IF_ERROR(observer->BeforeCheckpoint());
    }
    GRADUS_ASSIGN_OR_RETURN(std::string path,
                            SaveCheckpoint(options_.checkpoint_folder, state_, options_.context,
                                           options_.settings.checkpoint().keep()));
    saved_step_ = state_.progress.update;
    for (TrainObserver* observer : observers_) {
      GRADUS_RETURN_IF_ERROR(observer->OnCheckpoint(path));
    }
    return absl::OkStatus();
  }

  bool StopRequested() {
    bool stop = false;
    for (TrainObserver* observer : observers_) stop |= observer->StopRequested();
    return stop;
  }

  const LoopOptions& options_;
  const DataSplits& data_;
  TrainStep& step_;
  Evaluation& evaluation_;
  TrainState& state_;
  const absl::Span<TrainObserver* const> observers_;
  int64_t saved_step_ = -1;
  StepReport report_;
  std::vector<const void*> inputs_;
};

}  // namespace

absl::StatusOr<LoopEnd> RunTrainLoop(const LoopOptions& options, const DataSplits& data,
                                     TrainStep* step, Evaluation* evaluation, TrainState* state,
                                     absl::Span<TrainObserver* const> observers) {
  return Loop(options, data, step, evaluation, state, observers).Run();
}

}  // namespace gradus
