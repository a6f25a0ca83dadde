// Trainer: the pieces put together.

#include "gradus/api/trainer.h"

#include <algorithm>
#include <utility>

#include "gradus/api/bind_inputs.h"
#include "gradus/base/status.h"
#include "gradus/train/non_finite.h"

namespace gradus {
namespace {

int64_t StepsPerEpoch(const DataSplits& data, const DataConfig& config) {
  if (data.train == nullptr) return 0;
  return (data.train->size() + config.batch_size() - 1) / config.batch_size();
}

}  // namespace

Trainer::~Trainer() = default;

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(RunFile file,
                                                         const TrainerOptions& options) try {
  std::unique_ptr<Trainer> trainer(new Trainer);
  trainer->options_ = options;
  trainer->config_ = WithAbsolutePaths(file.config(), file.directory());
  const RunConfig& config = trainer->config_;
  const RunSettings& settings = config.run();
  Diagnostics& diagnostics = file.diagnostics();

  trainer->fields_ = InputFields(config.model());
  trainer->pool_ =
      std::make_unique<ThreadPool>(settings.has_threads() ? settings.threads() : AvailableCores());
  if (config.has_data()) {
    trainer->data_ = OpenData(config.data(), trainer->fields_, ".", options.datasets, &diagnostics);
  }
  StepOptions step_options;
  step_options.seed = static_cast<uint64_t>(settings.seed());
  step_options.pool = trainer->pool_.get();
  step_options.block_rows = settings.block_rows();
  step_options.passes = options.passes;
  step_options.check_numerics = options.check_numerics;
  GRADUS_ASSIGN_OR_RETURN(trainer->step_, TrainStep::Create(config.model(), config.optimizer(),
                                                            step_options, &diagnostics));
  Diagnostics already_reported;
  GRADUS_ASSIGN_OR_RETURN(trainer->evaluation_,
                          Evaluation::Create(config.model(), step_options, &already_reported));
  GRADUS_ASSIGN_OR_RETURN(trainer->state_.store,
                          ParameterStore::Create(trainer->step_->model().graph, step_options.seed,
                                                 trainer->step_->Slots()));
  for (const Finding& finding : diagnostics.findings()) {
    trainer->warnings_.push_back(ToString(finding));
  }
  return trainer;
} catch (const std::exception& error) {
  return StatusOf(error, "preparing to train");
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::FromFile(const std::string& path,
                                                           absl::Span<const std::string> settings,
                                                           const TrainerOptions& options) {
  GRADUS_ASSIGN_OR_RETURN(RunFile file, RunFile::Read(path, settings));
  return Create(std::move(file), options);
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Resume(const std::string& checkpoint,
                                                         const TrainerOptions& options) try {
  GRADUS_ASSIGN_OR_RETURN(TrainStateHeader header, ReadCheckpointHeader(checkpoint));
  RunConfig config = header.config();
  // What the order of summation depends on stays as it was, whatever machine this is.
  config.mutable_run()->set_threads(header.threads());
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<Trainer> trainer,
                          Create(RunFile::Of(config, "/"), options));
  GRADUS_RETURN_IF_ERROR(trainer->CheckSameData(header));
  GRADUS_RETURN_IF_ERROR(LoadCheckpoint(checkpoint, &trainer->state_));
  const size_t sums = trainer->state_.epoch_sums.metrics.size();
  if (sums != 0 && sums != trainer->step_->model().metrics.size()) {
    return absl::InvalidArgumentError(absl::StrCat(checkpoint, ": there are sums of ", sums,
                                                   " metrics, the model has ",
                                                   trainer->step_->model().metrics.size()));
  }
  return trainer;
} catch (const std::exception& error) {
  return StatusOf(error, "resuming");
}

absl::StatusOr<StepResult> Trainer::Step(const std::map<std::string, Tensor>& batch) {
  StepResult result;
  GRADUS_RETURN_IF_ERROR(Step(batch, &result));
  return result;
}

absl::Status Trainer::Step(const std::map<std::string, Tensor>& batch, StepResult* result) try {
  int64_t rows;
  GRADUS_RETURN_IF_ERROR(BindInputs(fields_, batch, &inputs_, &rows));
  if (rows < 1) return absl::InvalidArgumentError("the batch has no rows");
  GRADUS_RETURN_IF_ERROR(step_->Run(inputs_, rows, &state_.progress, &state_.store, &report_));
  result->step = report_.step;
  result->learning_rate = report_.learning_rate;
  SetMeans(report_.sums, step_->model().metrics, &result->loss, &result->metrics);
  return absl::OkStatus();
} catch (const std::exception& error) {
  return StatusOf(error, "a training step");
}

absl::StatusOr<LoopEnd> Trainer::Train(absl::Span<TrainObserver* const> observers) try {
  if (data_.train == nullptr) {
    return absl::FailedPreconditionError(
        "the configuration has no training data; write data { train { ... } }");
  }
  LoopOptions options;
  options.settings = config_.run();
  options.data = config_.data();
  options.checkpoint_folder = options_.checkpoint_folder;
  options.context = Context();
  return RunTrainLoop(options, data_, step_.get(), evaluation_.get(), &state_, observers);
} catch (const std::exception& error) {
  return StatusOf(error, "training");
}

absl::StatusOr<MetricLine> Trainer::Evaluate(const std::shared_ptr<const Dataset>& dataset,
                                             absl::string_view split) try {
  if (dataset == nullptr || dataset->size() == 0) {
    return absl::FailedPreconditionError(absl::StrCat("there are no ", split, " examples"));
  }
  GRADUS_ASSIGN_OR_RETURN(MetricSums sums,
                          evaluation_->Run(dataset, config_.data().batch_size(), state_.store));
  MetricLine line;
  line.scope = MetricLine::kFinal;
  line.split = std::string(split);
  line.step = state_.progress.update;
  line.epoch = state_.progress.epoch;
  SetMeans(sums, step_->model().metrics, &line.loss, &line.metrics);
  return line;
} catch (const std::exception& error) {
  return StatusOf(error, "evaluating");
}

int64_t Trainer::parameter_count() const {
  int64_t count = 0;
  for (int i = 0; i < state_.store.layout().count(); ++i) {
    const ParameterPlace& place = state_.store.layout().place(i);
    count += place.rows * place.columns;
  }
  return count;
}

int64_t Trainer::planned_steps() const {
  const int64_t all = StepsPerEpoch(data_, config_.data()) * config_.run().epochs();
  return config_.run().has_max_steps() ? std::min(all, config_.run().max_steps()) : all;
}

absl::StatusOr<Tensor> Trainer::Parameter(const std::string& name) const {
  const ParameterStore& store = state_.store;
  const int i = store.layout().Find(name);
  if (i >= 0) return store.Read(store.layout(), i, store.weights());
  const int k = store.state_layout().Find(name);
  if (k >= 0) return store.Read(store.state_layout(), k, store.states());
  return absl::NotFoundError(absl::StrCat("the model has no parameter \"", name, "\""));
}

absl::Status Trainer::SetParameter(const std::string& name, const Tensor& value) {
  ParameterStore& store = state_.store;
  const int i = store.layout().Find(name);
  if (i >= 0) return ParameterStore::Write(store.layout(), i, value, store.weights());
  const int k = store.state_layout().Find(name);
  if (k >= 0) return ParameterStore::Write(store.state_layout(), k, value, store.states());
  return absl::NotFoundError(absl::StrCat("the model has no parameter \"", name, "\""));
}

absl::StatusOr<WeightsMatch> Trainer::LoadWeights(const std::string& path) try {
  return gradus::LoadWeights(path, &state_.store);
} catch (const std::exception& error) {
  return StatusOf(error, "loading weights");
}

absl::Status Trainer::SaveModel(const std::string& folder) const try {
  SavedModel saved;
  *saved.mutable_model() = config_.model();
  data_.preprocessing.ToProto(saved.mutable_preprocessing());
  return SaveModelFiles(folder, std::move(saved), state_.store);
} catch (const std::exception& error) {
  return StatusOf(error, "saving a model");
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

CheckpointContext Trainer::Context() const {
  CheckpointContext context;
  context.config = config_;
  data_.preprocessing.ToProto(&context.preprocessing);
  context.threads = pool_->threads();
  context.training_rows = data_.train == nullptr ? 0 : data_.train->size();
  for (const NamedValue& metric : step_->model().metrics) {
    context.metric_names.push_back(metric.name);
  }
  return context;
}

absl::StatusOr<std::string> Trainer::SaveState(const std::string& folder) const try {
  return SaveCheckpoint(folder, state_, Context(), 0);
} catch (const std::exception& error) {
  return StatusOf(error, "saving a state");
}

}  // namespace gradus
