// From a model and an optimizer to a step: the differentiated graph, its executor, the numbers that
// change, the rule's message of each group.

#include <algorithm>
#include <utility>

#include "gradus/autodiff/add_gradients.h"
#include "gradus/train/train_step.h"

namespace gradus {

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

absl::StatusOr<std::unique_ptr<TrainStep>> TrainStep::Create(const ModelConfig& model,
                                                             const OptimizerConfig& optimizer,
                                                             const StepOptions& options,
                                                             Diagnostics* diagnostics) {
  std::unique_ptr<TrainStep> step(new TrainStep);
  step->options_ = options;
  const ConfigPath model_path = ConfigPath().Child("model");
  step->model_ = BuildGraph(model, Mode::kTraining, Parts::kAll, model_path, diagnostics,
                            options.build);
  step->options_.build = {};
  // Half a model has neither all numbers that may be followed nor all that may be watched: what is found of them now would be wrong.
  if (!options.build.unknown_inputs.empty()) GRADUS_RETURN_IF_ERROR(diagnostics->ToStatus());
  const ConfigPath optimizer_path = ConfigPath().Child("optimizer");
  const ParameterGroups groups =
      FindGroups(optimizer, step->model_.graph, optimizer_path, diagnostics);
  step->rules_ = UpdateRules::Make(optimizer, groups, optimizer_path, diagnostics);
  if (step->options_.timeline == nullptr) step->options_.timeline = std::make_shared<Timeline>();
  std::vector<MeasuredMetric> metrics;
  for (const ModelMetric& metric : step->model_.metrics) {
    const Goal goal = metric.summary->goal();
    metrics.push_back({metric.name,
                       goal == Goal::kLess ? MIN : goal == Goal::kMore ? MAX : AUTO,
                       goal == Goal::kTable});
  }
  step->monitors_ = MonitorTable(std::move(metrics), options.validates);
  step->numbers_ = Hyperparameters::Make(optimizer, step->model_, groups, step->monitors_,
                                         step->options_.timeline, optimizer_path, diagnostics);
  if (step->rules_ != nullptr && step->numbers_ != nullptr) {
    step->rules_->Finish(optimizer, *step->numbers_, groups, optimizer_path, diagnostics);
    if (step->numbers_->NeedsAlignment()) {
      step->last_change_slot_ = step->rules_->AddSlot({"last_change"});
    }
  }
  if (options.settings != nullptr) {
    Watcher::Check(*options.settings, step->monitors_, ConfigPath().Child("run"), diagnostics);
    if (options.settings->has_log_groups_every_steps()) {
      step->options_.report_groups_every_steps = options.settings->log_groups_every_steps();
    }
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
  for (const ModelMetric& metric : step->model_.metrics) fetches.values.push_back(metric.value);
  GRADUS_ASSIGN_OR_RETURN(Gradients gradients,
                          AddGradients(graph, losses, seeds, graph->parameters()));
  fetches.gradients = gradients.of;
  fetches.next_states = true;

  GRADUS_ASSIGN_OR_RETURN(step->layout_,
                          ParameterLayout::OfParameters(*graph, CurrentIsa(), groups.group_of));
  step->updater_ = std::make_unique<Updater<float>>(optimizer, step->rules_.get(), &step->layout_,
                                                    options.pool);
  if (optimizer.has_sharpness_aware()) {
    GRADUS_ASSIGN_OR_RETURN(step->sharpness_,
                            Sharpness::Create(optimizer.sharpness_aware(), step->layout_,
                                              step->rules_->trained(), options.pool));
  }
  if (step->options_.report_groups_every_steps > 0) {
    GRADUS_ASSIGN_OR_RETURN(step->measure_, GroupMeasure::Create(*step->rules_, groups,
                                                                 step->layout_, options.pool));
  }
  step->group_numbers_.resize(static_cast<size_t>(groups.count()));
  while (groups.parameters[step->first_group_] == 0 || step->rules_->frozen(step->first_group_)) {
    ++step->first_group_;
  }
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
  step->row_offset_scalar_ = FindScalar(*graph, "row_offset");
  for (Value input : graph->inputs()) {
    const TensorSpec& spec = graph->spec(input);
    GRADUS_ASSIGN_OR_RETURN(const Dim elements, spec.shape.Elements());
    step->row_bytes_.push_back(elements.batch ? elements.k * ByteSize(spec.dtype) : 0);
  }
  step->most_skipped_ = optimizer.skip_non_finite().most_in_a_row();
  step->batches_per_update_ = optimizer.gradient_accumulation_steps();
  if (step->batches_per_update_ > 1) {
    GRADUS_ASSIGN_OR_RETURN(
        step->batch_gradients_,
        AllocateAligned(step->layout_.floats() * static_cast<int64_t>(sizeof(float))));
  }
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

absl::StatusOr<TrainState> TrainStep::NewState() const {
  TrainState state;
  GRADUS_ASSIGN_OR_RETURN(state.store,
                          ParameterStore::Create(model_.graph, options_.seed, memory(), &layout_));
  if (updater_->has_evaluation_weights()) {
    GRADUS_RETURN_IF_ERROR(state.store.MakeRoomForEvaluation());
  }
  state.rates = numbers_->NewState();
  return state;
}

}  // namespace gradus
