// Prediction from a saved model.

#include "gradus/api/predictor.h"

#include <utility>

#include "gradus/api/bind_inputs.h"
#include "gradus/api/run_file.h"
#include "gradus/api/weights_source.h"
#include "gradus/train/train_step.h"

namespace gradus {
namespace {

FieldSpec FieldOf(const std::string& name, const TensorSpec& spec) {
  FieldSpec field;
  field.input = name;
  field.dtype = spec.dtype;
  for (int axis = 1; axis < spec.shape.rank(); ++axis) field.dims.push_back(spec.shape.dim(axis).k);
  return field;
}

// What the losses say of the outputs. Nothing where the model with its losses cannot be built: predicting needs none of them.
std::vector<OutputMeaning> ReadMeanings(const ModelConfig& config,
                                        absl::Span<const FieldSpec> outputs,
                                        const Preprocessing& preprocessing) {
  Diagnostics findings;
  const ModelGraph whole = BuildGraph(config, Mode::kInference, Parts::kAll,
                                      ConfigPath().Child("model"), &findings);
  std::vector<FieldSpec> inputs;
  if (!findings.ok()) return MeaningsOf(outputs, config, {}, inputs, preprocessing);
  for (Value input : whole.graph.inputs()) {
    inputs.push_back(FieldOf(whole.graph.node(input).name, whole.graph.spec(input)));
  }
  return MeaningsOf(outputs, config, whole.meanings, inputs, preprocessing);
}

}  // namespace

Predictor::~Predictor() = default;

absl::StatusOr<std::unique_ptr<Predictor>> Predictor::Load(const std::string& folder,
                                                           const PredictorOptions& options) try {
  GRADUS_ASSIGN_OR_RETURN(const WeightsSource source, FindWeights(folder, options.checkpoint));
  const SavedModel& saved = source.saved;
  std::unique_ptr<Predictor> predictor(new Predictor);
  predictor->options_ = options;
  predictor->name_ = saved.model().name();
  predictor->model_ = saved.model();
  predictor->weights_ = source.label;
  GRADUS_ASSIGN_OR_RETURN(predictor->preprocessing_,
                          Preprocessing::FromProto(saved.preprocessing()));
  Diagnostics diagnostics;
  ModelGraph model = BuildGraph(saved.model(), Mode::kInference, Parts::kPrediction,
                                ConfigPath().Child("model"), &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());

  Fetches fetches;
  for (const NamedValue& output : model.outputs) {
    const TensorSpec& spec = model.graph.spec(output.value);
    fetches.values.push_back(output.value);
    predictor->outputs_.push_back(FieldOf(output.name, spec));
    predictor->output_shapes_.push_back(spec.shape);
  }
  for (Value input : model.graph.inputs()) {
    predictor->inputs_.push_back(FieldOf(model.graph.node(input).name, model.graph.spec(input)));
  }
  predictor->meanings_ =
      ReadMeanings(saved.model(), predictor->outputs_, predictor->preprocessing_);
  GRADUS_ASSIGN_OR_RETURN(ParameterStore store, ParameterStore::Create(model.graph, 0, {}));
  predictor->store_ = std::make_unique<ParameterStore>(std::move(store));
  GRADUS_RETURN_IF_ERROR(source.Load(predictor->store_.get(), true));
  GRADUS_ASSIGN_OR_RETURN(predictor->executor_,
                          Executor::Create(model.graph, fetches, predictor->store_->layout(),
                                           predictor->store_->state_layout(), ExecutorOptions()));
  predictor->scalars_ = InitialScalars(model, 0);
  return predictor;
} catch (...) {
  return StatusOfException("loading a model");
}

const OutputMeaning* Predictor::MeaningOf(const std::string& output) const {
  for (const OutputMeaning& meaning : meanings_) {
    if (meaning.output == output) return &meaning;
  }
  return nullptr;
}

absl::StatusOr<Interpretation> Predictor::Interpret(const std::string& output,
                                                    const Tensor& values) const {
  const OutputMeaning* meaning = MeaningOf(output);
  if (meaning == nullptr) {
    return absl::NotFoundError(absl::StrCat("the model has no output \"", output, "\""));
  }
  return gradus::Interpret(*meaning, values);
}

absl::StatusOr<std::map<std::string, Tensor>> Predictor::Predict(
    const std::map<std::string, Tensor>& inputs) const try {
  std::map<std::string, Tensor> prepared = inputs;
  if (options_.raw_inputs) {
    for (const FieldSpec& field : inputs_) {
      const auto found = prepared.find(field.input);
      if (found == prepared.end()) continue;
      GRADUS_ASSIGN_OR_RETURN(found->second, preprocessing_.Apply(field, found->second));
    }
  }
  std::vector<const void*> pointers;
  int64_t rows;
  GRADUS_RETURN_IF_ERROR(BindInputs(inputs_, prepared, &pointers, &rows));

  std::map<std::string, Tensor> outputs;
  Results results;
  for (size_t i = 0; i < outputs_.size(); ++i) {
    GRADUS_ASSIGN_OR_RETURN(Tensor tensor,
                            Tensor::Create(outputs_[i].dtype, output_shapes_[i].At(rows)));
    results.values.push_back(tensor.mutable_raw());
    outputs.emplace(outputs_[i].input, std::move(tensor));
  }
  if (rows == 0) return outputs;
  Executor::ContextPtr context;
  {
    std::lock_guard<std::mutex> lock(mutex_);
    if (!idle_.empty()) {
      context = std::move(idle_.back());
      idle_.pop_back();
    }
  }
  if (context == nullptr) {
    GRADUS_ASSIGN_OR_RETURN(context, executor_->NewContext());
  }
  const absl::Status status = executor_->Run(
      context.get(), {store_->weights(), store_->states(), pointers, rows, scalars_}, results);
  if (!status.ok()) return status;  // The next call takes a fresh context.
  {
    std::lock_guard<std::mutex> lock(mutex_);
    idle_.push_back(std::move(context));
  }
  return outputs;
} catch (...) {
  return StatusOfException("predicting");
}

}  // namespace gradus
