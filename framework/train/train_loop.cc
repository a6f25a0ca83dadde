// The loop.

#include "gradus/train/train_loop.h"

#include "absl/strings/str_cat.h"
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
        observers_(observers),
        watcher_(options.settings, step->monitors()) {}

  absl::StatusOr<LoopEnd> Run() {
    // A command may move the end, so they come first.
    GRADUS_RETURN_IF_ERROR(ObeyCommands());
    if (!Done()) {
      GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BatchStream> stream,
                              BatchStream::Create(data_.train,
                                                  TrainingBatches(options_.data,
                                                                  step_.batches_per_update()),
                                                  {state_.progress.epoch, state_.progress.offset}));
      while (!Done()) {
        GRADUS_ASSIGN_OR_RETURN(const Batch* batch, stream->Next());
        GRADUS_RETURN_IF_ERROR(Step(*batch));
        GRADUS_RETURN_IF_ERROR(Boundary(batch->last_of_epoch()));
        // A run that is over does not stop half-way to its end.
        if (StopRequested() && !Done()) {
          GRADUS_RETURN_IF_ERROR(SaveOnce());
          return LoopEnd::kStopped;
        }
        GRADUS_RETURN_IF_ERROR(ObeyCommands());
      }
    }
    // Also of a run that was stopped in its last update.
    GRADUS_RETURN_IF_ERROR(RestoreBest());
    GRADUS_RETURN_IF_ERROR(SaveOnce());
    if (state_.progress.offset > 0) GRADUS_RETURN_IF_ERROR(EndWithinEpoch());
    if (data_.test != nullptr) {
      GRADUS_RETURN_IF_ERROR(Evaluate(data_.test, "test", MetricLine::kFinal).status());
    }
    return state_.ended_by.empty() ? LoopEnd::kFinished : LoopEnd::kEarly;
  }

 private:
  int64_t BegunEpochs() const {
    return state_.progress.epoch + (state_.progress.offset > 0 ? 1 : 0);
  }

  bool Done() const {
    const RunSettings& settings = options_.settings;
    if (!state_.ended_by.empty()) return true;
    if (!state_.rates.warps.empty()) {
      return state_.progress.update >= state_.rates.warps.back().total_steps;
    }
    if (settings.has_max_steps() && state_.progress.update >= settings.max_steps()) return true;
    return state_.progress.epoch >= settings.epochs();
  }

  absl::Status ObeyCommands() {
    if (options_.inbox == nullptr) return absl::OkStatus();
    events_.clear();
    answers_.clear();
    const bool was_over = Done();
    TakeCommands(step_.numbers(), options_.inbox, &state_, &events_, &answers_);
    if (answers_.empty()) return absl::OkStatus();
    // A run that was over goes on from what it ended with, however soon it was asked.
    if (was_over && !Done()) GRADUS_RETURN_IF_ERROR(RestoreBest());
    saved_step_ = -1;
    GRADUS_RETURN_IF_ERROR(Tell(events_));
    for (const CommandAnswer& answer : answers_) {
      for (TrainObserver* observer : observers_) {
        GRADUS_RETURN_IF_ERROR(observer->OnCommand(answer.command, answer.status));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Tell(const std::vector<RateEvent>& events) {
    for (const RateEvent& event : events) {
      for (TrainObserver* observer : observers_) {
        GRADUS_RETURN_IF_ERROR(observer->OnEvent(event));
      }
    }
    return absl::OkStatus();
  }

  absl::Status Step(const Batch& batch) {
    inputs_.clear();
    for (const Tensor& field : batch.fields) inputs_.push_back(field.raw());
    GRADUS_RETURN_IF_ERROR(step_.Run(inputs_, batch.rows, &state_, &report_));
    CountBatch(report_, batch.rows, &state_);
    GRADUS_RETURN_IF_ERROR(Tell(report_.events));
    if (report_.left_out()) {
      saved_step_ = -1;
      for (TrainObserver* observer : observers_) {
        if (!report_.skipped.empty()) GRADUS_RETURN_IF_ERROR(observer->OnSkip(report_.skipped));
      }
      return absl::OkStatus();
    }
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

  // Between two updates: what is measured, then controllers, early stopping, saving.
  absl::Status Boundary(bool epoch_ended) {
    bool best = false;
    if (epoch_ended) {
      state_.progress.epoch += 1;
      state_.progress.offset = 0;
      const MetricSums sums = state_.epoch_sums;
      GRADUS_RETURN_IF_ERROR(Emit(sums, "train", MetricLine::kEpoch, state_.progress.epoch));
      state_.epoch_sums = MetricSums();
      absl::StatusOr<MetricSums> validation = MetricSums();
      if (data_.validation != nullptr) {
        validation = Evaluate(data_.validation, "validation", MetricLine::kEpoch);
        GRADUS_RETURN_IF_ERROR(validation.status());
      }
      GRADUS_RETURN_IF_ERROR(Measured(Section::kTrain, sums, &best));
      GRADUS_RETURN_IF_ERROR(Measured(Section::kValidation, *validation, &best));
    } else if (data_.validation != nullptr && options_.settings.has_validate_every_steps() &&
               !report_.left_out() &&
               state_.progress.update % options_.settings.validate_every_steps() == 0) {
      GRADUS_ASSIGN_OR_RETURN(const MetricSums sums,
                              Evaluate(data_.validation, "validation", MetricLine::kStep));
      GRADUS_RETURN_IF_ERROR(Measured(Section::kValidation, sums, &best));
    }
    if (best && !options_.checkpoint_folder.empty()) {
      GRADUS_RETURN_IF_ERROR(SaveOnce());
      GRADUS_RETURN_IF_ERROR(MarkBest(options_.checkpoint_folder, saved_path_));
    }
    return SaveIfDue(epoch_ended);
  }

  // Shows a measurement to the controllers, then to early stopping.
  absl::Status Measured(Section section, const MetricSums& sums, bool* best) {
    if (sums.examples == 0) return absl::OkStatus();
    FinishSums(sums, step_.model().metrics, &values_);
    if (step_.numbers().Watches(section)) {
      Observation observation;
      observation.section = section;
      observation.progress = state_.progress;
      observation.values = values_;
      observation.rate = state_.last_learning_rate;
      events_.clear();
      step_.numbers().Observe(observation, &state_.rates, &events_);
      GRADUS_RETURN_IF_ERROR(Tell(events_));
    }
    if (!watcher_.Watches(section)) return absl::OkStatus();
    const Watcher::Result result =
        watcher_.Measure(section, values_, state_.progress, &state_.watcher);
    *best |= result.best_improved;
    if (result.early_stopping_improved && watcher_.restore_best()) {
      GRADUS_RETURN_IF_ERROR(state_.store.CopyTo(&state_.snapshots["best"]));
    }
    if (!result.stop) return absl::OkStatus();
    state_.ended_by = result.reason;
    return absl::OkStatus();
  }

  // The weights of early stopping's best measurement.
  absl::Status RestoreBest() {
    const auto best = state_.snapshots.find("best");
    if (!watcher_.restore_best() || best == state_.snapshots.end()) return absl::OkStatus();
    state_.store.CopyFrom(best->second);
    saved_step_ = -1;
    return absl::OkStatus();
  }

  // max_steps ended the run in the middle of an epoch: its part gets lines too. The state keeps its
  // sums, so that a run that goes on from it finds the epoch as it was.
  absl::Status EndWithinEpoch() {
    GRADUS_RETURN_IF_ERROR(Emit(state_.epoch_sums, "train", MetricLine::kFinal, BegunEpochs()));
    if (data_.validation == nullptr) return absl::OkStatus();
    return Evaluate(data_.validation, "validation", MetricLine::kFinal).status();
  }

  absl::StatusOr<MetricSums> Evaluate(const std::shared_ptr<const Dataset>& dataset,
                                      absl::string_view split, MetricLine::Scope scope) {
    GRADUS_RETURN_IF_ERROR(step_.RefreshEvaluation(state_));
    GRADUS_ASSIGN_OR_RETURN(MetricSums sums,
                            evaluation_.Run(dataset, options_.data.batch_size(), state_.store));
    GRADUS_RETURN_IF_ERROR(Emit(sums, split, scope, BegunEpochs()));
    return sums;
  }

  absl::Status Emit(const MetricSums& sums, absl::string_view split, MetricLine::Scope scope,
                    int64_t epoch) {
    if (sums.examples == 0) return absl::OkStatus();
    MetricLine line;
    line.scope = scope;
    line.split = std::string(split);
    line.step = state_.progress.update;
    line.epoch = epoch;
    FinishSums(sums, step_.model().metrics, &line.loss, &line.metrics);
    line.tables = FinishTables(sums, step_.model().metrics);
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
    GRADUS_RETURN_IF_ERROR(step_.RefreshEvaluation(state_));
    GRADUS_ASSIGN_OR_RETURN(saved_path_,
                            SaveCheckpoint(options_.checkpoint_folder, state_, options_.context,
                                           options_.settings.checkpoint().keep()));
    saved_step_ = state_.progress.update;
    for (TrainObserver* observer : observers_) {
      GRADUS_RETURN_IF_ERROR(observer->OnCheckpoint(saved_path_));
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
  const Watcher watcher_;
  // The update after which this very state was saved, or -1.
  int64_t saved_step_ = -1;
  std::string saved_path_;
  std::vector<double> values_;
  std::vector<RateEvent> events_;
  std::vector<CommandAnswer> answers_;
  StepReport report_;
  std::vector<const void*> inputs_;
};

}  // namespace

void CountBatch(const StepReport& report, int64_t rows, TrainState* state) {
  state->progress.offset += rows;
  if (!report.left_out()) state->epoch_sums.Add(report.sums);
}

void GoOn(TrainState* state) {
  state->ended_by.clear();
  state->watcher.early_stopping.wait = 0;
}

std::string GoesOnInWords(const std::string& ended_by) {
  return absl::StrCat("it had ended early (", ended_by, "), patience begins afresh");
}

void TakeCommands(const Hyperparameters& numbers, RateInbox* inbox, TrainState* state,
                  std::vector<RateEvent>* events, std::vector<CommandAnswer>* answers) {
  RateCommand command;
  while (inbox->Take(state->progress.update, &command)) {
    const size_t before = events->size();
    absl::Status status = numbers.Accept(command, state->progress, &state->rates, events);
    if (status.ok() && command.has_total_steps() && !state->ended_by.empty()) {
      for (size_t i = before; i < events->size(); ++i) {
        absl::StrAppend(&(*events)[i].cause, "; ", GoesOnInWords(state->ended_by));
      }
      GoOn(state);
    }
    answers->push_back({std::move(command), std::move(status)});
  }
}

absl::StatusOr<LoopEnd> RunTrainLoop(const LoopOptions& options, const DataSplits& data,
                                     TrainStep* step, Evaluation* evaluation, TrainState* state,
                                     absl::Span<TrainObserver* const> observers) {
  return Loop(options, data, step, evaluation, state, observers).Run();
}

}  // namespace gradus
