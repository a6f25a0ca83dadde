// Trainer: the pieces put together.

#include "gradus/api/trainer.h"

#include <algorithm>
#include <utility>

#include "absl/strings/match.h"
#include "gradus/api/bind_inputs.h"
#include "gradus/api/check_classes.h"
#include "gradus/api/resolve_model.h"
#include "gradus/api/run_tables.h"
#include "gradus/api/value_ranges.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"
#include "gradus/train/non_finite.h"

namespace gradus {
Trainer::~Trainer() = default;

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Create(RunFile file,
                                                         const TrainerOptions& options) {
  return Make(std::move(file), options, nullptr);
}

std::shared_ptr<const Timeline> Trainer::MakeTimeline(const TrainStateHeader* header) const {
  Timeline::Plan plan = PlanOf(config_);
  plan.examples_per_epoch = options_.examples_per_epoch;
  if (data_.train != nullptr) {
    plan.examples_per_epoch = data_.train->size();
  } else if (!options_.open_data) {
    if (header != nullptr) plan.examples_per_epoch = header->training_rows();
  } else if (config_.has_data()) {
    plan.examples_per_epoch = 1;  // It could not be opened, which is a finding already.
  }
  auto timeline = std::make_shared<Timeline>(plan);
  if (header == nullptr || header->pace_size() == 0) return timeline;
  std::vector<Timeline::Pace> paces;
  for (const PaceState& pace : header->pace()) {
    paces.push_back({{pace.from().step(), pace.from().examples(), pace.from().epoch(),
                      pace.from().offset()},
                     pace.examples_per_update()});
  }
  timeline->set_paces(std::move(paces));
  const ProgressState& now = header->progress();
  timeline->ChangePace({now.step(), now.examples(), now.epoch(), now.offset()},
                       plan.examples_per_update);
  return timeline;
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::Make(RunFile file, const TrainerOptions& options,
                                                       const TrainStateHeader* header) try {
  std::unique_ptr<Trainer> trainer(new Trainer);
  trainer->options_ = options;
  trainer->config_ = WithAbsolutePaths(file.config(), file.directory());
  trainer->sealed_ = SealTables(&trainer->config_);
  const RunConfig& config = trainer->config_;
  const RunSettings& settings = config.run();
  Diagnostics& diagnostics = file.diagnostics();

  trainer->fields_ = InputFields(config.model());
  trainer->pool_ =
      std::make_unique<ThreadPool>(settings.has_threads() ? settings.threads() : AvailableCores());
  Preprocessing preprocessing;
  if (config.has_data() && options.open_data) {
    // Said in so many words, so that what is saved means the same to whoever reads it.
    if (config.data().validation().has_fraction()) {
      ValidationConfig* validation = trainer->config_.mutable_data()->mutable_validation();
      validation->set_tail(validation->tail());
    }
    trainer->data_ = OpenData(config.data(), trainer->fields_, ".", options.datasets, &diagnostics);
    ResolveModel(trainer->data_, ConfigPath().Child("model"), trainer->config_.mutable_model(),
                 &diagnostics);
    trainer->fields_ = trainer->data_.inputs;
    preprocessing = trainer->data_.preprocessing;
  } else if (header != nullptr) {
    GRADUS_ASSIGN_OR_RETURN(preprocessing, Preprocessing::FromProto(header->preprocessing()));
  }
  const UnitsByInput units = UnitsOf(preprocessing, trainer->fields_);
  StepOptions step_options;
  step_options.build.units = &units;
  step_options.build.unknown_inputs = UnknownInputs(trainer->data_);
  step_options.seed = static_cast<uint64_t>(settings.seed());
  step_options.pool = trainer->pool_.get();
  step_options.block_rows = settings.block_rows();
  step_options.passes = options.passes;
  step_options.check_numerics = options.check_numerics;
  step_options.timeline = trainer->MakeTimeline(header);
  if (config.has_data()) step_options.batch_size = config.data().batch_size();
  // Data that could not be opened is a finding already; that nothing validates would only follow from it.
  step_options.validates = trainer->data_.validation != nullptr ||
                           (config.data().has_validation() &&
                            (!options.open_data || !diagnostics.ok()));
  step_options.settings = &settings;
  GRADUS_ASSIGN_OR_RETURN(trainer->step_, TrainStep::Create(config.model(), config.optimizer(),
                                                            step_options, &diagnostics));
  CheckClasses(trainer->data_, config, trainer->step_->model(), &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  CheckValueRanges(config.model(), trainer->step_->model(), &trainer->data_);
  trainer->watcher_ = std::make_unique<Watcher>(settings, trainer->step_->monitors());
  Diagnostics already_reported;
  GRADUS_ASSIGN_OR_RETURN(trainer->evaluation_,
                          Evaluation::Create(config.model(), step_options, &already_reported,
                                             &trainer->step_->layout()));
  GRADUS_ASSIGN_OR_RETURN(trainer->state_, trainer->step_->NewState());
  if (settings.has_block_rows() && !trainer->step_->executor().splits()) {
    diagnostics.Warning("no-effect", ConfigPath().Child("run").Child("block_rows"),
                        absl::StrCat("run: block_rows has no effect: ",
                                     trainer->step_->executor().why_not_split()));
  }
  for (const Finding& finding : diagnostics.findings()) {
    trainer->warnings_.push_back(ToString(finding));
  }
  return trainer;
} catch (...) {
  return StatusOfException("preparing to train");
}

absl::StatusOr<std::unique_ptr<Trainer>> Trainer::FromFile(const std::string& path,
                                                           absl::Span<const std::string> settings,
                                                           const TrainerOptions& options) {
  GRADUS_ASSIGN_OR_RETURN(RunFile file, RunFile::Read(path, settings));
  return Create(std::move(file), options);
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
  result->events.clear();
  answers_.clear();
  TakeCommands(step_->numbers(), &inbox_, &state_, &result->events, &answers_);
  for (const CommandAnswer& answer : answers_) GRADUS_RETURN_IF_ERROR(answer.status);
  GRADUS_RETURN_IF_ERROR(step_->Run(inputs_, rows, &state_, &report_));
  const int64_t per_epoch = timeline().plan().examples_per_epoch;
  if (per_epoch > 0) {
    CountBatch(report_, rows, &state_);
    while (state_.progress.offset >= per_epoch) {
      state_.progress.offset -= per_epoch;
      state_.progress.epoch += 1;
      state_.epoch_sums = MetricSums();
    }
  }
  result->events.insert(result->events.end(), report_.events.begin(), report_.events.end());
  result->restored = report_.restored;
  result->skipped = report_.skipped;
  result->step = report_.step;
  result->learning_rate = report_.learning_rate;
  FinishSums(report_.sums, step_->model().metrics, &result->loss, &result->metrics);
  return absl::OkStatus();
} catch (...) {
  return StatusOfException("a training step");
}

absl::StatusOr<LoopEnd> Trainer::Train(absl::Span<TrainObserver* const> observers) try {
  GRADUS_RETURN_IF_ERROR(NeedsData("train"));
  if (data_.train == nullptr) {
    return absl::FailedPreconditionError(
        "the configuration has no training data; write data { train { ... } }");
  }
  LoopOptions options;
  options.settings = config_.run();
  options.data = config_.data();
  options.checkpoint_folder = options_.checkpoint_folder;
  options.context = Context();
  options.inbox = &inbox_;
  return RunTrainLoop(options, data_, step_.get(), evaluation_.get(), &state_, observers);
} catch (...) {
  return StatusOfException("training");
}

absl::StatusOr<MetricLine> Trainer::Evaluate(const std::shared_ptr<const Dataset>& dataset,
                                             absl::string_view split) try {
  if (dataset == nullptr || dataset->size() == 0) {
    return absl::FailedPreconditionError(absl::StrCat("there are no ", split, " examples"));
  }
  GRADUS_RETURN_IF_ERROR(step_->RefreshEvaluation(state_));
  GRADUS_ASSIGN_OR_RETURN(MetricSums sums,
                          evaluation_->Run(dataset, config_.data().batch_size(), state_.store));
  MetricLine line;
  line.scope = MetricLine::kFinal;
  line.split = std::string(split);
  line.step = state_.progress.update;
  line.epoch = state_.progress.epoch;
  FinishSums(sums, step_->model().metrics, &line.loss, &line.metrics);
  line.tables = FinishTables(sums, step_->model().metrics);
  return line;
} catch (...) {
  return StatusOfException("evaluating");
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
  return step_->numbers().TotalSteps(state_.rates).value_or(0);
}

absl::Status Trainer::Command(const RateCommand& command) try {
  Diagnostics diagnostics;
  CheckRules(command, ConfigPath(), &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  // On a state of its own, so that nothing is read that the training thread writes. What depends on
  // the present values is left out.
  RateState trial = step_->numbers().NewState();
  RateCommand likely = command;
  if (command.has_scale()) likely.set_scale(1);
  if (command.has_schedule()) likely.set_jump(true);
  RateCommand whole = command;
  if (whole.has_schedule()) {
    SealTables(whole.mutable_schedule());
    *likely.mutable_schedule() = whole.schedule();
  }
  std::vector<RateEvent> events;
  GRADUS_RETURN_IF_ERROR(step_->numbers().Accept(likely, timeline().At(command.at_step()), &trial,
                                                 &events));
  inbox_.Put(std::move(whole));
  return absl::OkStatus();
} catch (...) {
  return StatusOfException("a command");
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
  if (i >= 0) {
    GRADUS_RETURN_IF_ERROR(ParameterStore::Write(store.layout(), i, value, store.weights()));
    store.FollowWeights(i);
    return absl::OkStatus();
  }
  const int k = store.state_layout().Find(name);
  if (k >= 0) return ParameterStore::Write(store.state_layout(), k, value, store.states());
  return absl::NotFoundError(absl::StrCat("the model has no parameter \"", name, "\""));
}

absl::StatusOr<WeightsMatch> Trainer::LoadWeights(const std::string& path) try {
  ParameterStore& store = state_.store;
  GRADUS_ASSIGN_OR_RETURN(WeightsMatch match, gradus::LoadWeights(path, &store));
  for (const WeightsMatch::Row& row : match.rows) {
    const int i = row.kind == WeightsMatch::kLoaded ? store.layout().Find(row.name) : -1;
    if (i >= 0) store.FollowWeights(i);
  }
  return match;
} catch (...) {
  return StatusOfException("loading weights");
}

absl::Status Trainer::SaveModel(const std::string& folder) const try {
  GRADUS_RETURN_IF_ERROR(NeedsData("save a model"));
  GRADUS_RETURN_IF_ERROR(step_->RefreshEvaluation(state_));
  SavedModel saved;
  *saved.mutable_model() = config_.model();
  data_.preprocessing.ToProto(saved.mutable_preprocessing());
  return SaveModelFiles(folder, std::move(saved), state_.store);
} catch (...) {
  return StatusOfException("saving a model");
}

absl::Status Trainer::NeedsData(absl::string_view what) const {
  if (options_.open_data || !config_.has_data()) return absl::OkStatus();
  return absl::FailedPreconditionError(absl::StrCat(
      "this trainer was made without its data (TrainerOptions::open_data) and cannot ", what));
}

CheckpointContext Trainer::Context() const {
  CheckpointContext context;
  context.config = config_;
  context.numbers = &step_->numbers();
  context.watcher = watcher_.get();
  data_.preprocessing.ToProto(&context.preprocessing);
  context.threads = pool_->threads();
  context.training_rows = data_.train == nullptr ? 0 : data_.train->size();
  context.sum_names = SumNames(step_->model().metrics);
  return context;
}

absl::StatusOr<std::string> Trainer::SaveState(const std::string& folder) const try {
  GRADUS_RETURN_IF_ERROR(NeedsData("save its state"));
  GRADUS_RETURN_IF_ERROR(step_->RefreshEvaluation(state_));
  return SaveCheckpoint(folder, state_, Context(), 0);
} catch (...) {
  return StatusOfException("saving a state");
}

}  // namespace gradus
