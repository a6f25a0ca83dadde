// Forward passes over a dataset.

#include "gradus/train/evaluation.h"

#include "gradus/data/batch_stream.h"

namespace gradus {

absl::StatusOr<std::unique_ptr<Evaluation>> Evaluation::Create(const ModelConfig& model,
                                                               const StepOptions& options,
                                                               Diagnostics* diagnostics,
                                                               const ParameterLayout* layout) {
  std::unique_ptr<Evaluation> evaluation(new Evaluation);
  evaluation->model_ =
      BuildGraph(model, Mode::kInference, Parts::kAll, ConfigPath().Child("model"), diagnostics,
                 options.build);
  GRADUS_RETURN_IF_ERROR(diagnostics->ToStatus());
  const ModelGraph& built = evaluation->model_;
  Fetches fetches;
  for (const ModelLoss& loss : built.losses) {
    evaluation->loss_weights_.push_back(LossWeight(built, loss));
    fetches.values.push_back(loss.value);
  }
  for (const ModelMetric& metric : built.metrics) fetches.values.push_back(metric.value);
  if (layout != nullptr) {
    evaluation->layout_ = *layout;
  } else {
    GRADUS_ASSIGN_OR_RETURN(evaluation->layout_,
                            ParameterLayout::OfParameters(built.graph, CurrentIsa()));
  }
  const ParameterLayout& parameters = evaluation->layout_;
  GRADUS_ASSIGN_OR_RETURN(ParameterLayout states, ParameterLayout::OfStates(built.graph));
  GRADUS_ASSIGN_OR_RETURN(evaluation->executor_,
                          Executor::Create(built.graph, fetches, parameters, states,
                                           {options.pool, options.block_rows, options.passes}));
  GRADUS_ASSIGN_OR_RETURN(evaluation->context_, evaluation->executor_->NewContext());
  evaluation->scalars_ = InitialScalars(built, options.seed);
  evaluation->values_.resize(fetches.values.size());
  evaluation->results_.values.resize(fetches.values.size());
  return evaluation;
}

absl::StatusOr<MetricSums> Evaluation::Run(const std::shared_ptr<const Dataset>& dataset,
                                           int64_t batch_size, const ParameterStore& store) {
  for (int i = 0; i < layout_.count(); ++i) {
    GRADUS_CHECK(i < store.layout().count() &&
                 store.layout().place(i).offset == layout_.place(i).offset);
  }
  MetricSums total, sums;
  total.metrics.resize(SumNames(model_.metrics).size());
  if (dataset->size() == 0) return total;
  BatchOptions options;
  options.batch_size = batch_size;
  options.end_epoch = 1;
  GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BatchStream> stream,
                          BatchStream::Create(dataset, options));
  for (size_t i = 0; i < values_.size(); ++i) {
    const size_t losses = loss_weights_.size();
    const int64_t width = i < losses ? 1 : model_.metrics[i - losses].width;
    values_[i].resize(static_cast<size_t>(batch_size * width));
    results_.values[i] = values_[i].data();
  }
  std::vector<const void*> inputs;
  for (;;) {
    GRADUS_ASSIGN_OR_RETURN(const Batch* batch, stream->Next());
    if (batch == nullptr) return total;
    inputs.clear();
    for (const Tensor& field : batch->fields) inputs.push_back(field.raw());
    GRADUS_RETURN_IF_ERROR(
        executor_->Run(context_.get(),
                       {store.evaluated(), store.states(), inputs, batch->rows, scalars_}, results_));
    SumValues(values_, loss_weights_, model_.metrics, batch->rows, &sums);
    total.Add(sums);
  }
}

}  // namespace gradus
