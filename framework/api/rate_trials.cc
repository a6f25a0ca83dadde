// Trials of rates.

#include "gradus/api/rate_trials.h"

#include <algorithm>
#include <cmath>
#include <utility>

#include "gradus/api/resolve_model.h"
#include "gradus/base/status.h"
#include "gradus/data/batch_stream.h"
#include "gradus/train/non_finite.h"

namespace gradus {
namespace {

// A schedule's greatest value is looked for at so many updates at most.
constexpr int64_t kMostLooks = 20000;

class TrialObserver final : public TrainObserver {
 public:
  explicit TrialObserver(const std::function<bool()>& cancelled) : cancelled_(cancelled) {}
  absl::Status OnLine(const MetricLine& line) override {
    if (line.split == "train" && line.scope != MetricLine::kStep) train_loss = line.loss;
    return absl::OkStatus();
  }
  bool StopRequested() override { return cancelled_ != nullptr && cancelled_(); }

  absl::optional<double> train_loss;

 private:
  const std::function<bool()>& cancelled_;
};

}  // namespace

struct RateTrials::Setup {
  DataConfig data;
  std::unique_ptr<TrainStep> step;
  TrainState state;
};

absl::StatusOr<std::unique_ptr<RateTrials>> RateTrials::Create(const Trainer& trainer,
                                                               bool present_weights,
                                                               std::function<bool()> cancelled) {
  if (trainer.data().train == nullptr || trainer.data().train->size() == 0) {
    return absl::FailedPreconditionError(
        "the configuration has no training data; write data { train { ... } }");
  }
  std::unique_ptr<RateTrials> trials(new RateTrials(trainer));
  trials->present_weights_ = present_weights;
  trials->cancelled_ = std::move(cancelled);
  trials->pool_ = std::make_unique<ThreadPool>(trainer.threads());
  trials->timeline_ = std::make_shared<Timeline>(trainer.timeline().plan());
  trials->planned_steps_ = trials->timeline_->total_steps().value_or(0);
  GRADUS_RETURN_IF_ERROR(trials->FindPeaks());
  return trials;
}

absl::Status RateTrials::FindPeaks() {
  const Hyperparameters& numbers = trainer_.step().numbers();
  const RateState fresh = numbers.NewState();
  const int groups = numbers.groups().count();
  proportions_.assign(static_cast<size_t>(groups), 0);
  const int64_t last = std::max<int64_t>(planned_steps_ - 1, 0);
  const int64_t looks = std::min(last, kMostLooks);
  for (int64_t look = 0; look <= looks; ++look) {
    // In real numbers: a run may be longer than an integer product allows.
    const double part = looks == 0 ? 0 : static_cast<double>(look) / static_cast<double>(looks);
    const int64_t update = static_cast<int64_t>(std::llround(part * static_cast<double>(last)));
    const Progress progress = timeline_->At(update);
    for (int g = 0; g < groups; ++g) {
      proportions_[g] = std::max(proportions_[g], numbers.At(g, progress, fresh));
    }
  }
  int first = 0;
  const auto is_trained = [&](int g) {
    return numbers.groups().parameters[g] > 0 &&
           (g == 0 || !trainer_.config().optimizer().group(g - 1).frozen());
  };
  while (first + 1 < groups && !is_trained(first)) ++first;
  peak_ = proportions_[first];
  const GroupConfig* group = first == 0 ? nullptr : &trainer_.config().optimizer().group(first - 1);
  if (group != nullptr) peak_ /= group->learning_rate_scale();
  if (!(peak_ > 0) || !std::isfinite(peak_)) {
    return absl::FailedPreconditionError(
        "the schedule's rate is never above 0, so there is nothing that a better rate could stand "
        "in the "
        "place of; write optimizer { learning_rate { constant: 0.001 } }");
  }
  for (double& proportion : proportions_) proportion /= peak_;
  return absl::OkStatus();
}

absl::Status RateTrials::MakeSetup(int seed, bool with_controllers, Setup* setup) const {
  const RunConfig& config = trainer_.config();
  const UnitsByInput units = UnitsOf(trainer_.data().preprocessing, trainer_.data().inputs);
  StepOptions options;
  options.build.units = &units;
  options.seed = static_cast<uint64_t>(config.run().seed()) + static_cast<uint64_t>(seed);
  options.pool = pool_.get();
  options.block_rows = config.run().block_rows();
  options.timeline = timeline_;
  options.batch_size = config.data().batch_size();
  options.validates = validates();
  OptimizerConfig optimizer = config.optimizer();
  if (!with_controllers) optimizer.clear_controller();
  setup->data = config.data();
  setup->data.set_shuffle_seed(config.data().shuffle_seed() + seed);
  Diagnostics diagnostics;
  GRADUS_ASSIGN_OR_RETURN(setup->step,
                          TrainStep::Create(config.model(), optimizer, options, &diagnostics));
  GRADUS_ASSIGN_OR_RETURN(setup->state, setup->step->NewState());
  if (!present_weights_) return absl::OkStatus();
  const ParameterStore& from = trainer_.state().store;
  ParameterStore& to = setup->state.store;
  GRADUS_CHECK(from.floats() == to.floats());
  std::copy_n(from.weights(), to.floats(), to.weights());
  std::copy_n(from.states(), to.state_layout().floats(), to.states());
  return absl::OkStatus();
}

absl::Status RateTrials::Ramp(int seed, absl::Span<const double> rates,
                              const std::function<bool(double)>& stop,
                              std::vector<double>* losses) const {
  losses->clear();
  Setup setup;
  GRADUS_RETURN_IF_ERROR(MakeSetup(seed, false, &setup));
  const Hyperparameters& numbers = setup.step->numbers();
  for (int i = 0; i < numbers.count(); ++i) {
    if (numbers.number(i).kind == Hyperparameters::Number::kLearningRate) continue;
    setup.state.rates.overrides[i].pin =
        trainer_.step().numbers().At(i, trainer_.state().progress, trainer_.state().rates);
  }
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BatchStream> stream,
                          BatchStream::Create(
                              trainer_.data().train,
                              TrainingBatches(setup.data, setup.step->batches_per_update())));
  StepReport report;
  std::vector<const void*> inputs;
  for (double rate : rates) {
    if (Cancelled()) return absl::CancelledError("stopped");
    for (size_t g = 0; g < proportions_.size(); ++g) {
      setup.state.rates.overrides[g].pin = rate * proportions_[g];
    }
    GRADUS_ASSIGN_OR_RETURN(const Batch* batch, stream->Next());
    inputs.clear();
    for (const Tensor& field : batch->fields) inputs.push_back(field.raw());
    const absl::Status status = setup.step->Run(inputs, batch->rows, &setup.state, &report);
    if (IsNonFinite(status)) return absl::OkStatus();
    GRADUS_RETURN_IF_ERROR(status);
    losses->push_back(MeanLoss(report.sums));
    if (stop(losses->back())) return absl::OkStatus();
  }
  return absl::OkStatus();
}

absl::StatusOr<absl::optional<double>> RateTrials::Train(int seed, double rate,
                                                         int64_t steps) const {
  Setup setup;
  GRADUS_RETURN_IF_ERROR(MakeSetup(seed, true, &setup));
  const Hyperparameters& numbers = setup.step->numbers();
  for (int i = 0; i < numbers.count(); ++i) {
    if (numbers.number(i).kind != Hyperparameters::Number::kLearningRate) continue;
    setup.state.rates.overrides[i].scale = rate / peak_;
  }
  const UnitsByInput units = UnitsOf(trainer_.data().preprocessing, trainer_.data().inputs);
  StepOptions options;
  options.build.units = &units;
  options.seed = static_cast<uint64_t>(trainer_.config().run().seed());
  options.pool = pool_.get();
  options.block_rows = trainer_.config().run().block_rows();
  options.timeline = timeline_;
  Diagnostics diagnostics;
  GRADUS_ASSIGN_OR_RETURN(
      std::unique_ptr<Evaluation> evaluation,
      Evaluation::Create(trainer_.config().model(), options, &diagnostics, &setup.step->layout()));
  LoopOptions loop;
  loop.settings = trainer_.config().run();
  loop.settings.clear_checkpoint();
  loop.settings.clear_log_every_steps();
  loop.data = setup.data;
  if (steps < planned_steps_) {
    RateCommand shorter;
    shorter.set_total_steps(steps);
    std::vector<RateEvent> events;
    // A schedule whose clock cannot be shrunk goes as far as it gets.
    if (!numbers.Accept(shorter, Progress(), &setup.state.rates, &events).ok()) {
      loop.settings.set_max_steps(steps);
    }
  }
  DataSplits data = trainer_.data();
  data.test = nullptr;
  const bool watched = numbers.Watches(Section::kValidation) || loop.settings.has_early_stopping();
  if (!watched) data.validation = nullptr;  // It is measured once, in the end.

  TrialObserver observer(cancelled_);
  TrainObserver* const observers[] = {&observer};
  const absl::StatusOr<LoopEnd> end =
      RunTrainLoop(loop, data, setup.step.get(), evaluation.get(), &setup.state, observers);
  if (IsNonFinite(end.status())) return absl::optional<double>();
  GRADUS_RETURN_IF_ERROR(end.status());
  if (*end == LoopEnd::kStopped) return absl::CancelledError("stopped");
  absl::optional<double> loss = observer.train_loss;
  if (validates()) {
    GRADUS_RETURN_IF_ERROR(setup.step->RefreshEvaluation(setup.state));
    GRADUS_ASSIGN_OR_RETURN(
        const MetricSums sums,
        evaluation->Run(trainer_.data().validation, setup.data.batch_size(), setup.state.store));
    loss = MeanLoss(sums);
  }
  if (loss.has_value() && !std::isfinite(*loss)) loss.reset();
  return loss;
}

}  // namespace gradus
