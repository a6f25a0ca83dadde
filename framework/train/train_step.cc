// One step of training.

#include "gradus/train/train_step.h"

#include <algorithm>
#include <array>
#include <cmath>

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

const Optimizer* FindOptimizer(const OptimizerConfig& config,
                               std::unique_ptr<google::protobuf::Message>* rule_config,
                               Diagnostics* diagnostics) {
  const ConfigPath path = ConfigPath().Child("optimizer");
  const google::protobuf::FieldDescriptor* field = ChosenField(config);
  if (field == nullptr) {
    if (diagnostics->ok()) diagnostics->Error("missing", path, "no optimizer rule is set");
    return nullptr;
  }
  const std::string name =
      field->is_extension() ? absl::StrCat("(", field->full_name(), ")") : field->name();
  const Optimizer* optimizer = Registry<Optimizer>::Get().Find(field->full_name());
  if (optimizer == nullptr || field->message_type() == nullptr) {
    diagnostics->Error("unregistered", path.Child(name),
                       absl::StrCat("no optimizer is registered for \"", field->full_name(), "\""));
    return nullptr;
  }
  const google::protobuf::Message& message = config.GetReflection()->GetMessage(config, field);
  rule_config->reset(message.New());
  (*rule_config)->CopyFrom(message);
  optimizer->Check(message, path.Child(name), diagnostics);
  return optimizer;
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
    if (entry.first == loss.weight) return entry.second;
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
    const int i = FindScalar(model.graph, entry.first);
    if (i >= 0) scalars[i] = entry.second;
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
  step->optimizer_ = FindOptimizer(optimizer, &step->rule_config_, diagnostics);
  step->rate_ = MakeLearningRate(optimizer, ConfigPath().Child("optimizer"), diagnostics);
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

  GRADUS_ASSIGN_OR_RETURN(ParameterLayout parameters,
                          ParameterLayout::OfParameters(*graph, CurrentIsa()));
  GRADUS_ASSIGN_OR_RETURN(ParameterLayout states, ParameterLayout::OfStates(*graph));
  GRADUS_ASSIGN_OR_RETURN(step->executor_,
                          Executor::Create(*graph, fetches, parameters, states,
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
  return step;
}

absl::Status TrainStep::Run(absl::Span<const void* const> inputs, int64_t rows, Progress* progress,
                            ParameterStore* store, StepReport* report) {
  report->learning_rate = rate_.At(*progress);
  report->step = progress->update + 1;
  if (!std::isfinite(report->learning_rate) || report->learning_rate < 0) {
    return absl::OutOfRangeError(
        absl::StrCat("step ", report->step, ": the schedule gives the learning rate ",
                     report->learning_rate, ", which must be finite and at least 0"));
  }

  for (size_t i = 0; i < seed_scalars_.size(); ++i) {
    scalars_[seed_scalars_[i]] = loss_weights_[i] / static_cast<double>(rows);
  }
  if (step_scalar_ >= 0) scalars_[step_scalar_] = static_cast<double>(progress->update);
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

  const UpdateWatch watch =
      Update({rule_config_.get(), report->learning_rate, report->step}, store);
  if (!watch.gradients_finite)
    return ExplainNonFinite(bindings, *store, Watched::kGradient, *report);
  if (!watch.weights_finite) return ExplainNonFinite(bindings, *store, Watched::kWeight, *report);

  store->AcceptStates();
  progress->update += 1;
  progress->examples += rows;
  return absl::OkStatus();
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

UpdateWatch TrainStep::Update(const UpdateStep& step, ParameterStore* store) {
  const int64_t floats = store->floats();
  const int slots = static_cast<int>(store->slots().size());
  const int threads = options_.pool == nullptr ? 1 : options_.pool->threads();
  const int parts = static_cast<int>(
      std::max<int64_t>(1, std::min<int64_t>(threads, floats / kLeastFloatsPerThread)));
  constexpr int kMostParts = 64;
  std::array<UpdateWatch, kMostParts> watches;
  const int count = std::min(parts, kMostParts);
  slot_pointers_.resize(static_cast<size_t>(count * slots));
  // Parts begin at multiples of 16 floats; the rule is element by element, so the cut does not
  // change a bit.
  const int64_t stride = (floats / count + 15) / 16 * 16;
  auto update_part = [&](int part) {
    const int64_t begin = std::min(floats, part * stride);
    const int64_t end = part + 1 == count ? floats : std::min(floats, begin + stride);
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
  UpdateWatch all;
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
