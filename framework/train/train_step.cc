// One step of training.

#include "gradus/train/train_step.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <limits>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/base/text_config.h"
#include "gradus/train/non_finite.h"

namespace gradus {
namespace {

// Below so many floats an update on one thread is over before others have woken up.
constexpr int64_t kLeastFloatsPerThread = 32 << 10;

bool AllFinite(const float* values, int64_t count) {
  return FindNonFinite(absl::MakeConstSpan(values, static_cast<size_t>(count))) < 0;
}

// The parameter with the first number of the block that is not finite, or -1.
int FirstNonFiniteParameter(const ParameterLayout& layout, const float* block) {
  for (int i = 0; i < layout.count(); ++i) {
    if (!AllFinite(block + layout.place(i).offset, layout.place(i).floats())) return i;
  }
  return -1;
}

std::string RuleName(const google::protobuf::FieldDescriptor& field) {
  return field.is_extension() ? absl::StrCat("(", field.full_name(), ")") : field.name();
}

const Optimizer* FindOptimizer(const OptimizerConfig& config, const ConfigPath& path,
                               std::unique_ptr<google::protobuf::Message>* rule_config,
                               Diagnostics* diagnostics) {
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (field == nullptr) {
    if (diagnostics->ok()) diagnostics->Error("missing", path, "no optimizer rule is set");
    return nullptr;
  }
  const Optimizer* optimizer = Registry<Optimizer>::Get().Find(field->full_name());
  if (optimizer == nullptr || field->message_type() == nullptr) {
    diagnostics->Error("unregistered", path.Child(RuleName(*field)),
                       absl::StrCat("no optimizer is registered for \"", field->full_name(), "\""));
    return nullptr;
  }
  const google::protobuf::Message& message = config.GetReflection()->GetMessage(config, field);
  rule_config->reset(message.New());
  (*rule_config)->CopyFrom(message);
  return optimizer;
}

// Puts a number that its range admits into a field that is 0 now but follows a schedule.
void MakeNonzero(const google::protobuf::FieldDescriptor& field,
                 google::protobuf::Message* message) {
  const google::protobuf::Reflection& reflection = *message->GetReflection();
  if (reflection.GetDouble(*message, &field) != 0) return;
  const Rule& range = field.options().GetExtension(rule);
  double value = 0.5;
  while (value > 1e-300 && !Within(range, value)) value /= 2;
  reflection.SetDouble(message, &field, value);
}

}  // namespace

void MetricSums::Add(const MetricSums& other) {
  loss += other.loss;
  metrics.resize(std::max(metrics.size(), other.metrics.size()));
  for (size_t i = 0; i < other.metrics.size(); ++i) metrics[i] += other.metrics[i];
  examples += other.examples;
}

double LossWeight(const ModelGraph& model, const ModelLoss& loss) {
  for (const auto& entry : model.hyperparameters) {
    if (entry.name == loss.weight) return entry.value;
  }
  return 1;
}

int FindScalar(const Graph& graph, absl::string_view name) {
  const Value scalar = graph.FindLeaf(Leaf::kScalar, name);
  return scalar.valid() ? graph.node(scalar).leaf_index : -1;
}

std::vector<double> InitialScalars(const ModelGraph& model, uint64_t seed) {
  std::vector<double> scalars(model.graph.scalars().size());
  for (const auto& entry : model.hyperparameters) {
    const int i = FindScalar(model.graph, entry.name);
    if (i >= 0) scalars[i] = entry.value;
  }
  const int i = FindScalar(model.graph, "seed");
  if (i >= 0) scalars[i] = static_cast<double>(seed);
  return scalars;
}

void SumValues(absl::Span<const std::vector<float>> values, absl::Span<const double> loss_weights,
               int64_t rows, MetricSums* sums) {
  sums->examples = rows;
  sums->loss = 0;
  sums->metrics.resize(values.size() - loss_weights.size());
  for (size_t i = 0; i < values.size(); ++i) {
    double sum = 0;
    for (int64_t row = 0; row < rows; ++row) sum += values[i][row];
    if (i < loss_weights.size()) {
      sums->loss += loss_weights[i] * sum;
    } else {
      sums->metrics[i - loss_weights.size()] = sum;
    }
  }
}

TrainStep::~TrainStep() = default;

absl::StatusOr<std::unique_ptr<TrainStep>> TrainStep::Create(const ModelConfig& model,
                                                             const OptimizerConfig& optimizer,
                                                             const StepOptions& options,
                                                             Diagnostics* diagnostics) {
  std::unique_ptr<TrainStep> step(new TrainStep);
  step->options_ = options;
  const ConfigPath model_path = ConfigPath().Child("model");
  step->model_ = BuildGraph(model, Mode::kTraining, Parts::kAll, model_path, diagnostics);
  const ConfigPath optimizer_path = ConfigPath().Child("optimizer");
  step->optimizer_ = FindOptimizer(optimizer, optimizer_path, &step->structure_, diagnostics);
  const ParameterGroups groups =
      FindGroups(optimizer, step->model_.graph, optimizer_path, diagnostics);
  if (step->options_.timeline == nullptr) step->options_.timeline = std::make_shared<Timeline>();
  std::vector<std::string> metrics;
  for (const NamedValue& metric : step->model_.metrics) metrics.push_back(metric.name);
  step->monitors_ = MonitorTable(std::move(metrics), options.validates);
  step->numbers_ =
      Hyperparameters::Make(optimizer, step->model_, groups, step->monitors_,
                            step->options_.timeline, optimizer_path, diagnostics);
  step->AddRuleConfigs(optimizer, diagnostics);
  if (options.settings != nullptr) {
    Watcher::Check(*options.settings, step->monitors_, ConfigPath().Child("run"), diagnostics);
    step->options_.settings = nullptr;  // Not kept beyond this call.
  }
  if (step->model_.losses.empty() && diagnostics->ok()) {
    diagnostics->Error("missing", model_path, "a model without a loss cannot be trained",
                       "write loss { ... }");
  }
  GRADUS_RETURN_IF_ERROR(diagnostics->ToStatus());

  Graph* graph = &step->model_.graph;
  Fetches fetches;
  std::vector<Value> losses, seeds;
  Emitter emit(graph, "gradient/", model_path);
  for (const ModelLoss& loss : step->model_.losses) {
    step->loss_weights_.push_back(LossWeight(step->model_, loss));
    GRADUS_ASSIGN_OR_RETURN(Value scalar, graph->AddScalar(absl::StrCat(loss.name, "/seed")));
    losses.push_back(loss.value);
    seeds.push_back(emit.Broadcast(scalar, graph->spec(loss.value).shape));
    GRADUS_RETURN_IF_ERROR(emit.status());
    fetches.values.push_back(loss.value);
  }
  for (const NamedValue& metric : step->model_.metrics) fetches.values.push_back(metric.value);
  GRADUS_ASSIGN_OR_RETURN(Gradients gradients,
                          AddGradients(graph, losses, seeds, graph->parameters()));
  fetches.gradients = gradients.of;
  fetches.next_states = true;

  GRADUS_ASSIGN_OR_RETURN(step->layout_, ParameterLayout::OfParameters(*graph, CurrentIsa(),
                                                                       groups.group_of));
  GRADUS_ASSIGN_OR_RETURN(ParameterLayout states, ParameterLayout::OfStates(*graph));
  GRADUS_ASSIGN_OR_RETURN(step->executor_,
                          Executor::Create(*graph, fetches, step->layout_, states,
                                           {options.pool, options.block_rows, options.passes}));
  GRADUS_ASSIGN_OR_RETURN(step->context_, step->executor_->NewContext());

  step->scalars_ = InitialScalars(step->model_, options.seed);
  for (const ModelLoss& loss : step->model_.losses) {
    step->seed_scalars_.push_back(FindScalar(*graph, absl::StrCat(loss.name, "/seed")));
  }
  step->step_scalar_ = FindScalar(*graph, "step");
  step->values_.resize(fetches.values.size());
  step->results_.values.resize(fetches.values.size());
  for (Value gradient : gradients.of) {
    step->gradient_nodes_.push_back(gradient.valid() ? graph->node(gradient).name : "none");
  }
  for (int i = 0; i < step->numbers_->count(); ++i) {
    const Hyperparameters::Number& number = step->numbers_->number(i);
    if (number.kind != Hyperparameters::Number::kModel) continue;
    ScalarPlace place = {i, FindScalar(*graph, number.scalar), -1};
    for (size_t k = 0; k < step->model_.losses.size(); ++k) {
      if (step->model_.losses[k].weight == number.scalar) place.loss = static_cast<int>(k);
    }
    step->scalar_places_.push_back(place);
  }
  return step;
}

void TrainStep::AddRuleConfigs(const OptimizerConfig& config, Diagnostics* diagnostics) {
  if (structure_ == nullptr) return;
  const int groups = numbers_ == nullptr ? 1 : numbers_->groups().count();
  for (int g = 0; g < groups; ++g) {
    rule_configs_.emplace_back(structure_->New());
    rule_configs_.back()->CopyFrom(*structure_);
  }
  for (int i = 0; numbers_ != nullptr && i < numbers_->count(); ++i) {
    if (numbers_->number(i).rule_field != nullptr) {
      MakeNonzero(*numbers_->number(i).rule_field, structure_.get());
    }
  }
  optimizer_->Check(*structure_, ConfigPath().Child("optimizer").Child(RuleName(*ChosenField(config))),
                    diagnostics);
  if (numbers_ == nullptr) return;
  decays_.resize(static_cast<size_t>(groups));
  while (first_group_ + 1 < groups && numbers_->groups().parameters[first_group_] == 0) ++first_group_;
}

std::vector<SlotSpec> TrainStep::Slots() const {
  std::vector<SlotSpec> slots = optimizer_->Slots(*structure_);
  // The last change of the weights, for controllers that ask where it led.
  if (numbers_->NeedsAlignment()) slots.push_back({"last_change"});
  return slots;
}

absl::StatusOr<TrainState> TrainStep::NewState() const {
  TrainState state;
  GRADUS_ASSIGN_OR_RETURN(state.store,
                          ParameterStore::Create(model_.graph, options_.seed, Slots(), &layout_));
  state.rates = numbers_->NewState();
  return state;
}

absl::Status TrainStep::Run(absl::Span<const void* const> inputs, int64_t rows, TrainState* state,
                            StepReport* report) {
  report->events.clear();
  report->restored = false;
  GRADUS_RETURN_IF_ERROR(TakeNumbers(*state, report));
  if (numbers_->SnapshotEverySteps() > 0) GRADUS_RETURN_IF_ERROR(KeepSnapshot(state));
  const absl::Status status = Try(inputs, rows, state, report);
  if (status.ok()) {
    state->progress.update += 1;
    state->progress.examples += rows;
    state->last_learning_rate = report->learning_rate;
    if (numbers_->Watches(Section::kBatch)) {
      report->restored = Observe(state, report) == Verdict::kRestore;
    }
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
  return absl::OkStatus();
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
    if (number.kind == Hyperparameters::Number::kWeightDecay) decays_[number.group] = value;
    if (number.kind == Hyperparameters::Number::kRule) {
      google::protobuf::Message* config = rule_configs_[number.group].get();
      config->GetReflection()->SetDouble(config, number.rule_field, value);
    }
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
  ParameterStore* store = &state->store;
  for (size_t i = 0; i < seed_scalars_.size(); ++i) {
    scalars_[seed_scalars_[i]] = loss_weights_[i] / static_cast<double>(rows);
  }
  if (step_scalar_ >= 0) scalars_[step_scalar_] = static_cast<double>(state->progress.update);
  const Bindings bindings = {store->weights(), store->states(), inputs, rows, scalars_};
  if (options_.check_numerics) {
    GRADUS_ASSIGN_OR_RETURN(std::string node, executor_->FirstNonFinite(bindings));
    if (!node.empty()) return ExplainNonFinite(bindings, *store, Watched::kValue, *report);
  }
  GRADUS_RETURN_IF_ERROR(Compute(bindings, store, &report->sums));
  if (!std::isfinite(report->sums.loss)) {
    return ExplainNonFinite(bindings, *store, Watched::kLoss, *report);
  }
  if (!AllFinite(store->next_states(), store->state_layout().floats())) {
    return ExplainNonFinite(bindings, *store, Watched::kState, *report);
  }

  alignment_ = numbers_->NeedsAlignment() ? Alignment(store) : absl::nullopt;
  const UpdateWatch watch = Update(*report, store);
  if (!watch.gradients_finite)
    return ExplainNonFinite(bindings, *store, Watched::kGradient, *report);
  if (!watch.weights_finite) return ExplainNonFinite(bindings, *store, Watched::kWeight, *report);

  store->AcceptStates();
  return absl::OkStatus();
}

// A state is good when nothing has happened for as long again as it takes to the next one.
absl::Status TrainStep::KeepSnapshot(TrainState* state) const {
  const bool first = state->snapshots.count("good") == 0;
  if (!first && state->progress.update % numbers_->SnapshotEverySteps() != 0) return absl::OkStatus();
  StoreSnapshot& good = state->snapshots["good"];
  StoreSnapshot& candidate = state->snapshots["candidate"];
  std::swap(good, candidate);
  GRADUS_RETURN_IF_ERROR(state->store.CopyTo(&candidate));
  return first ? state->store.CopyTo(&good) : absl::OkStatus();
}

Verdict TrainStep::Observe(TrainState* state, StepReport* report) {
  const double examples = static_cast<double>(report->sums.examples);
  observed_.clear();
  observed_.push_back(report->sums.loss / examples);
  for (double sum : report->sums.metrics) observed_.push_back(sum / examples);
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
  if (!state->store.CopyTo(&state->snapshots["candidate"]).ok()) return Verdict::kGoOn;
  return verdict;
}

absl::Status TrainStep::Compute(const Bindings& bindings, ParameterStore* store, MetricSums* sums) {
  if (bindings.rows > rows_) {
    rows_ = bindings.rows;
    for (size_t i = 0; i < values_.size(); ++i) {
      values_[i].resize(static_cast<size_t>(rows_));
      results_.values[i] = values_[i].data();
    }
  }
  results_.gradients = store->gradients();
  results_.next_states = store->next_states();
  GRADUS_RETURN_IF_ERROR(executor_->Run(context_.get(), bindings, results_));

  SumValues(values_, loss_weights_, bindings.rows, sums);
  return absl::OkStatus();
}

absl::optional<double> TrainStep::Alignment(ParameterStore* store) const {
  const float* change = store->slot(static_cast<int>(store->slots().size()) - 1);
  const float* gradient = store->gradients();
  double product = 0, changes = 0, gradients = 0;
  for (int64_t i = 0; i < store->floats(); ++i) {
    product += static_cast<double>(gradient[i]) * change[i];
    changes += static_cast<double>(change[i]) * change[i];
    gradients += static_cast<double>(gradient[i]) * gradient[i];
  }
  const double sizes = std::sqrt(changes) * std::sqrt(gradients);
  if (!(sizes > 0) || !std::isfinite(sizes)) return absl::nullopt;
  return -product / sizes;
}

UpdateWatch TrainStep::Update(const StepReport& report, ParameterStore* store) {
  float* change =
      numbers_->NeedsAlignment() ? store->slot(static_cast<int>(store->slots().size()) - 1) : nullptr;
  if (change != nullptr) {
    std::memcpy(change, store->weights(), static_cast<size_t>(store->floats()) * sizeof(float));
  }
  UpdateWatch all;
  for (int g = 0; g < layout_.groups(); ++g) {
    UpdateStep step;
    step.config = rule_configs_[g].get();
    step.structure = structure_.get();
    step.rate = report.numbers[g];
    step.decay = decays_[g] * step.rate;
    step.t = report.step;
    const UpdateWatch watch = UpdateGroup(g, step, store);
    all.gradients_finite &= watch.gradients_finite;
    all.weights_finite &= watch.weights_finite;
  }
  if (change != nullptr) {
    const float* weights = store->weights();
    for (int64_t i = 0; i < store->floats(); ++i) change[i] = weights[i] - change[i];
  }
  return all;
}

UpdateWatch TrainStep::UpdateGroup(int group, const UpdateStep& step, ParameterStore* store) {
  const std::pair<int64_t, int64_t> bounds = layout_.GroupRange(group);
  const int64_t floats = bounds.second - bounds.first;
  UpdateWatch all;
  if (floats == 0) return all;
  const int slots =
      static_cast<int>(store->slots().size()) - (numbers_->NeedsAlignment() ? 1 : 0);
  const int threads = options_.pool == nullptr ? 1 : options_.pool->threads();
  const int parts = static_cast<int>(
      std::max<int64_t>(1, std::min<int64_t>(threads, floats / kLeastFloatsPerThread)));
  constexpr int kMostParts = 64;
  std::array<UpdateWatch, kMostParts> watches;
  const int count = std::min(parts, kMostParts);
  slot_pointers_.resize(std::max(slot_pointers_.size(), static_cast<size_t>(count * slots)));
  // Parts begin at multiples of 16 floats; the rule is element by element, so the cut does not
  // change a bit.
  const int64_t stride = (floats / count + 15) / 16 * 16;
  auto update_part = [&](int part) {
    const int64_t begin = bounds.first + std::min(floats, part * stride);
    const int64_t end =
        part + 1 == count ? bounds.second : std::min(bounds.second, begin + stride);
    float** pointers = slot_pointers_.data() + part * slots;
    for (int i = 0; i < slots; ++i) pointers[i] = store->slot(i) + begin;
    UpdateRange<float> range;
    range.weights = store->weights() + begin;
    range.gradients = store->gradients() + begin;
    range.slots = absl::MakeConstSpan(pointers, static_cast<size_t>(slots));
    range.count = end - begin;
    watches[part] = optimizer_->Update(step, range);
  };
  if (count == 1) {
    update_part(0);
  } else {
    options_.pool->Run(count, update_part);
  }
  for (int part = 0; part < count; ++part) {
    all.gradients_finite &= watches[part].gradients_finite;
    all.weights_finite &= watches[part].weights_finite;
  }
  return all;
}

absl::Status TrainStep::ExplainNonFinite(const Bindings& bindings, const ParameterStore& store,
                                         Watched watched, const StepReport& report) const {
  static constexpr const char* kNames[] = {"a value", "the loss", "a state", "a gradient",
                                           "a weight"};
  std::string where;
  if (watched == Watched::kGradient || watched == Watched::kWeight) {
    // The update has been made, so the step cannot be run again from where it began; what it left
    // behind tells the parameter and the node.
    const bool gradient = watched == Watched::kGradient;
    const int i =
        FirstNonFiniteParameter(store.layout(), gradient ? store.gradients() : store.weights());
    if (i >= 0) {
      where = gradient ? absl::StrCat("; first non-finite node: ", gradient_nodes_[i],
                                      ", the gradient of \"", store.layout().place(i).name, "\"")
                       : absl::StrCat("; the update took \"", store.layout().place(i).name,
                                      "\" out of range: the rate is too high");
    }
  } else {
    GRADUS_ASSIGN_OR_RETURN(std::string node, executor_->FirstNonFinite(bindings));
    if (!node.empty()) where = absl::StrCat("; first non-finite node: ", node);
  }
  return NonFiniteError(absl::StrCat("step ", report.step, ": ", kNames[static_cast<int>(watched)],
                                     " is not finite (learning rate ", report.learning_rate, ")",
                                     where));
}

}  // namespace gradus
