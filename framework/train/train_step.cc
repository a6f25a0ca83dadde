// One step of training.

#include "gradus/train/train_step.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "gradus/train/non_finite.h"
#include "gradus/train/stage_passes.h"

namespace gradus {
namespace {

void AddFloats(const float* __restrict from, int64_t count, float* __restrict to) {
  for (int64_t i = 0; i < count; ++i) to[i] += from[i];
}

}  // namespace

TrainStep::~TrainStep() = default;

absl::Status TrainStep::Run(absl::Span<const void* const> inputs, int64_t rows, TrainState* state,
                            StepReport* report) {
  report->events.clear();
  report->groups.clear();
  report->restored = false;
  report->skipped.clear();
  updated_ = false;
  GRADUS_RETURN_IF_ERROR(TakeNumbers(*state, report));
  if (numbers_->SnapshotEverySteps() > 0) GRADUS_RETURN_IF_ERROR(KeepSnapshot(state));
  const absl::Status status = Try(inputs, rows, state, report);
  if (status.ok()) {
    if (rules_->skipped_number() >= 0) {
      state->store.memory().numbers()[rules_->skipped_number()] = 0;
    }
    state->progress.update += 1;
    state->progress.examples += rows;
    state->last_learning_rate = report->learning_rate;
    if (numbers_->Watches(Section::kBatch)) {
      report->restored = Observe(state, report) == Verdict::kRestore;
      if (report->restored) report->groups.clear();
    }
    return absl::OkStatus();
  }
  if (MaySkip(status, state)) {
    report->skipped = std::string(status.message());
    report->step = state->progress.update;
    state->progress.examples += rows;
    return absl::OkStatus();
  }
  if (!IsNonFinite(status) || !numbers_->Watches(Section::kBatch)) return status;
  // A controller may go back and on from there, without this batch.
  report->sums.loss = std::numeric_limits<double>::quiet_NaN();
  report->sums.examples = rows;
  report->step = state->progress.update;
  state->progress.examples += rows;
  if (Observe(state, report) != Verdict::kRestore) {
    state->progress.examples -= rows;
    return status;
  }
  report->restored = true;
  report->groups.clear();
  return absl::OkStatus();
}

bool TrainStep::MaySkip(const absl::Status& status, TrainState* state) const {
  if (rules_->skipped_number() < 0 || updated_ || !IsNonFinite(status)) return false;
  double& skipped = state->store.memory().numbers()[rules_->skipped_number()];
  skipped += 1;
  return skipped <= static_cast<double>(most_skipped_);
}

absl::Status TrainStep::TakeNumbers(const TrainState& state, StepReport* report) {
  report->step = state.progress.update + 1;
  report->numbers.resize(static_cast<size_t>(numbers_->count()));
  for (int i = 0; i < numbers_->count(); ++i) {
    const double value = numbers_->At(i, state.progress, state.rates);
    const absl::Status status = numbers_->CheckRange(i, value);
    if (!status.ok()) {
      return absl::OutOfRangeError(absl::StrCat("step ", report->step, ": ", status.message()));
    }
    report->numbers[i] = value;
    const Hyperparameters::Number& number = numbers_->number(i);
    if (number.kind == Hyperparameters::Number::kLearningRate) {
      group_numbers_[number.group].rate = value;
    }
    if (number.kind == Hyperparameters::Number::kWeightDecay) {
      group_numbers_[number.group].weight_decay = value;
    }
    if (number.kind == Hyperparameters::Number::kRule) {
      google::protobuf::Message* config = rules_->config(number.group);
      if (config != nullptr) config->GetReflection()->SetDouble(config, number.rule_field, value);
    }
    if (number.kind == Hyperparameters::Number::kRadius) sharpness_->set_radius(value);
  }
  for (const ScalarPlace& place : scalar_places_) {
    if (place.scalar >= 0) scalars_[place.scalar] = report->numbers[place.number];
    if (place.loss >= 0) loss_weights_[place.loss] = report->numbers[place.number];
  }
  report->learning_rate = report->numbers[first_group_];
  return absl::OkStatus();
}

absl::Status TrainStep::Try(absl::Span<const void* const> inputs, int64_t rows, TrainState* state,
                            StepReport* report) {
  alignment_.reset();
  ParameterStore* store = &state->store;
  for (size_t i = 0; i < seed_scalars_.size(); ++i) {
    scalars_[seed_scalars_[i]] = loss_weights_[i] / static_cast<double>(rows);
  }
  if (step_scalar_ >= 0) scalars_[step_scalar_] = static_cast<double>(state->progress.update);
  if (batches_per_update_ > 1) {
    first_states_.assign(store->states(), store->states() + store->state_layout().floats());
  }
  absl::Status computed = ComputeBatches(inputs, rows, store, report);
  if (computed.ok() && sharpness_ != nullptr) computed = Sharpen(inputs, rows, store, *report);
  if (!computed.ok()) {
    std::copy(first_states_.begin(), first_states_.end(), store->states());
    report->sums.ForgetMetrics();  // Not those of a whole update.
    return computed;
  }

  // Before anything is changed, where that is asked for: it costs a pass over the gradients.
  if (rules_->skipped_number() >= 0 && !internal::AllFinite(store->gradients(), store->floats())) {
    std::copy(first_states_.begin(), first_states_.end(), store->states());
    return ExplainUpdate(*store, Watched::kGradient, *report);
  }
  updated_ = true;
  if (numbers_->NeedsAlignment()) alignment_ = Alignment(store);
  if (rules_->evaluates_loss()) KeepStates(store);
  const absl::StatusOr<UpdateWatch> watch = Update(inputs, rows, store, report);
  if (rules_->evaluates_loss()) ReturnStates(store);
  if (!watch.ok() || !watch->gradients_finite || !watch->weights_finite) {
    std::copy(first_states_.begin(), first_states_.end(), store->states());
    GRADUS_RETURN_IF_ERROR(watch.status());
    return ExplainUpdate(*store, watch->gradients_finite ? Watched::kWeight : Watched::kGradient,
                         *report);
  }

  store->AcceptStates();
  return absl::OkStatus();
}

// Who evaluates the loss elsewhere leaves the states of wherever that was; those of an update are what
// its examples made of them at the weights before it.
void TrainStep::KeepStates(ParameterStore* store) {
  const int64_t states = store->state_layout().floats();
  trial_states_.assign(store->states(), store->states() + states);
  trial_states_.insert(trial_states_.end(), store->next_states(), store->next_states() + states);
}

void TrainStep::ReturnStates(ParameterStore* store) const {
  const int64_t states = store->state_layout().floats();
  std::copy_n(trial_states_.begin(), states, store->states());
  std::copy_n(trial_states_.begin() + states, states, store->next_states());
}

// The gradients at w + e instead of those at w, for the same examples with the same random numbers.
absl::Status TrainStep::Sharpen(absl::Span<const void* const> inputs, int64_t rows,
                                ParameterStore* store, const StepReport& report) {
  const double norm = sharpness_->Norm(store->weights(), store->gradients());
  if (!std::isfinite(norm)) return ExplainUpdate(*store, Watched::kGradient, report);
  if (norm == 0 || sharpness_->radius() == 0) return absl::OkStatus();  // w + e is w.
  KeepStates(store);
  sharpness_->Leave(norm, store->gradients(), store->weights());
  const absl::Status status = TryLoss(inputs, rows, store, report).status();
  sharpness_->Return(store->weights());
  ReturnStates(store);
  if (!IsNonFinite(status)) return status;
  return NonFiniteError(absl::StrCat(status.message(), "; at the weights of sharpness_aware, ",
                                     sharpness_->radius(), " away"));
}

// The loss at the present weights, and its gradients.
absl::StatusOr<double> TrainStep::TryLoss(absl::Span<const void* const> inputs, int64_t rows,
                                          ParameterStore* store, const StepReport& report) {
  trial_report_.step = report.step;
  trial_report_.learning_rate = report.learning_rate;
  std::copy(first_states_.begin(), first_states_.end(), store->states());
  GRADUS_RETURN_IF_ERROR(ComputeBatches(inputs, rows, store, &trial_report_));
  return MeanLoss(trial_report_.sums);
}

// A state is good when nothing has happened for as long again as it takes to the next one.
absl::Status TrainStep::KeepSnapshot(TrainState* state) const {
  const bool first = state->snapshots.count("good") == 0;
  if (!first && state->progress.update % numbers_->SnapshotEverySteps() != 0)
    return absl::OkStatus();
  StoreSnapshot& good = state->snapshots["good"];
  StoreSnapshot& candidate = state->snapshots["candidate"];
  std::swap(good, candidate);
  GRADUS_RETURN_IF_ERROR(state->store.CopyTo(&candidate));
  return first ? state->store.CopyTo(&good) : absl::OkStatus();
}

Verdict TrainStep::Observe(TrainState* state, StepReport* report) {
  FinishSums(report->sums, model_.metrics, &observed_);
  observed_.resize(model_.metrics.size() + 1, std::numeric_limits<double>::quiet_NaN());
  Observation observation;
  observation.section = Section::kBatch;
  observation.progress = state->progress;
  observation.values = observed_;
  observation.rate = report->learning_rate;
  observation.alignment = alignment_;
  const Verdict verdict = numbers_->Observe(observation, &state->rates, &report->events);
  const auto good = state->snapshots.find("good");
  if (verdict != Verdict::kRestore || good == state->snapshots.end()) return Verdict::kGoOn;
  state->store.CopyFrom(good->second);
  // What lies between is not to be trusted either.
  GRADUS_CHECK(state->store.CopyTo(&state->snapshots["candidate"]).ok());  // It has its memory.
  return verdict;
}

absl::Status TrainStep::ComputeBatches(absl::Span<const void* const> inputs, int64_t rows,
                                       ParameterStore* store, StepReport* report) {
  int64_t batch = rows;
  if (batches_per_update_ > 1) {
    batch = options_.batch_size > 0 ? options_.batch_size : (rows - 1) / batches_per_update_ + 1;
  }
  report->sums.Clear();
  batch_inputs_.resize(inputs.size());
  for (int64_t begin = 0; begin < rows; begin += batch) {
    for (size_t i = 0; i < inputs.size(); ++i) {
      batch_inputs_[i] = inputs[i];
      if (inputs[i] == nullptr) continue;  // Nothing depends on it.
      batch_inputs_[i] = static_cast<const char*>(inputs[i]) + begin * row_bytes_[i];
    }
    // A dropout mask does not depend on how an update is cut.
    if (row_offset_scalar_ >= 0) scalars_[row_offset_scalar_] = static_cast<double>(begin);
    const int64_t count = std::min(batch, rows - begin);
    if (begin > 0) store->AcceptStates();
    const Bindings bindings = {store->weights(), store->states(), batch_inputs_, count, scalars_};
    if (begin == 0) {
      GRADUS_RETURN_IF_ERROR(ComputeBatch(bindings, store->gradients(), store, *report));
    } else {
      float* gradients = static_cast<float*>(batch_gradients_.get());
      GRADUS_RETURN_IF_ERROR(ComputeBatch(bindings, gradients, store, *report));
      AddFloats(gradients, store->floats(), store->gradients());
    }
    report->sums.Add(batch_sums_);
  }
  return absl::OkStatus();
}

absl::Status TrainStep::ComputeBatch(const Bindings& bindings, float* gradients,
                                     ParameterStore* store, const StepReport& report) {
  if (options_.check_numerics) {
    GRADUS_ASSIGN_OR_RETURN(std::string node, executor_->FirstNonFinite(bindings));
    if (!node.empty()) return ExplainNonFinite(bindings, Watched::kValue, report);
  }
  if (bindings.rows > rows_) {
    rows_ = bindings.rows;
    for (size_t i = 0; i < values_.size(); ++i) {
      const size_t losses = loss_weights_.size();
      const int64_t width = i < losses ? 1 : model_.metrics[i - losses].width;
      values_[i].resize(static_cast<size_t>(rows_ * width));
      results_.values[i] = values_[i].data();
    }
  }
  results_.gradients = gradients;
  results_.next_states = store->next_states();
  GRADUS_RETURN_IF_ERROR(executor_->Run(context_.get(), bindings, results_));

  SumValues(values_, loss_weights_, model_.metrics, bindings.rows, &batch_sums_);
  if (!std::isfinite(batch_sums_.loss)) return ExplainNonFinite(bindings, Watched::kLoss, report);
  if (!internal::AllFinite(store->next_states(), store->state_layout().floats())) {
    return ExplainNonFinite(bindings, Watched::kState, report);
  }
  return absl::OkStatus();
}

absl::optional<double> TrainStep::Alignment(ParameterStore* store) const {
  const float* change = store->memory().At(last_change_slot_, 0);
  const float* gradient = store->gradients();
  double product = 0, changes = 0, gradients = 0;
  for (int g = 0; g < layout_.groups(); ++g) {
    if (rules_->frozen(g)) continue;
    const std::pair<int64_t, int64_t> range = layout_.GroupRange(g);
    for (int64_t i = range.first; i < range.second; ++i) {
      product += static_cast<double>(gradient[i]) * change[i];
      changes += static_cast<double>(change[i]) * change[i];
      gradients += static_cast<double>(gradient[i]) * gradient[i];
    }
  }
  const double sizes = std::sqrt(changes) * std::sqrt(gradients);
  if (!(sizes > 0) || !std::isfinite(sizes)) return absl::nullopt;
  return -product / sizes;
}

absl::StatusOr<UpdateWatch> TrainStep::Update(absl::Span<const void* const> inputs, int64_t rows,
                                              ParameterStore* store, StepReport* report) {
  float* change = last_change_slot_ < 0 ? nullptr : store->memory().At(last_change_slot_, 0);
  if (change != nullptr) {
    std::memcpy(change, store->weights(), static_cast<size_t>(store->floats()) * sizeof(float));
  }
  Updater<float>::Blocks blocks;
  blocks.weights = store->weights();
  blocks.gradients = store->gradients();
  blocks.memory = &store->memory();
  // By reference, or each std::function of it would allocate.
  const auto try_loss = [&] { return TryLoss(inputs, rows, store, *report); };
  if (rules_->evaluates_loss()) blocks.loss = std::ref(try_loss);
  const bool measures = measure_ != nullptr && report->step % options_.report_groups_every_steps == 0;
  if (measures) measure_->Before(store->weights(), store->gradients());
  absl::StatusOr<UpdateWatch> watch = updater_->Run(group_numbers_, blocks);
  if (measures) measure_->After(store->weights(), group_numbers_, &report->groups);
  if (change != nullptr && watch.ok()) {
    const float* weights = store->weights();
    for (int64_t i = 0; i < store->floats(); ++i) change[i] = weights[i] - change[i];
  }
  return watch;
}

absl::Status TrainStep::RefreshEvaluation(const TrainState& state) const {
  // What is written is a function of the rest; the state is the same after it.
  ParameterStore& store = const_cast<ParameterStore&>(state.store);
  if (!updater_->has_evaluation_weights()) return absl::OkStatus();
  Updater<float>::Blocks blocks;
  blocks.weights = store.weights();
  blocks.memory = &store.memory();
  return updater_->EvaluationWeights(blocks, store.evaluation());
}

}  // namespace gradus
