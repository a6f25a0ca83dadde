// One pass for losses and predictions of all examples, and another over the worst of them.

#include "gradus/api/examine.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <numeric>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/types/optional.h"
#include "gradus/api/evaluate.h"
#include "gradus/api/output_meaning.h"
#include "gradus/api/run_file.h"
#include "gradus/api/weights_source.h"
#include "gradus/base/isa.h"
#include "gradus/base/status.h"
#include "gradus/base/thread_pool.h"
#include "gradus/data/batch_stream.h"
#include "gradus/runtime/executor.h"
#include "gradus/train/train_step.h"

namespace gradus {
namespace {

constexpr int64_t kBatch = 256;
constexpr int64_t kLeastImage = 6, kMostImage = 160;
constexpr size_t kMostClasses = 100;

double NumberAt(const Tensor& tensor, int64_t i) {
  switch (tensor.dtype()) {
    case DType::kFloat32:
      return tensor.data<float>()[static_cast<size_t>(i)];
    case DType::kInt32:
      return tensor.data<int32_t>()[static_cast<size_t>(i)];
    default:
      return std::numeric_limits<double>::quiet_NaN();
  }
}

// A price of 115080 is not 1.1508e+05.
std::string AmountText(double value) {
  const double size = std::abs(value);
  return size >= 1e5 && size < 1e15 ? absl::StrFormat("%.0f", value)
                                    : absl::StrFormat("%.5g", value);
}

class Examiner {
 public:
  absl::Status Prepare(const std::string& run, const std::string& split) {
    GRADUS_ASSIGN_OR_RETURN(const WeightsSource source, FindWeights(run, ""));
    GRADUS_ASSIGN_OR_RETURN(preprocessing_, Preprocessing::FromProto(source.saved.preprocessing()));
    result_.split = split;
    result_.weights = source.label;
    const ModelConfig& config = source.saved.model();
    fields_ = InputFields(config);
    Diagnostics diagnostics;
    model_ = BuildGraph(config, Mode::kInference, Parts::kAll, ConfigPath().Child("model"),
                        &diagnostics);
    GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
    if (model_.losses.empty()) {
      return absl::FailedPreconditionError("a model without a loss has no worst examples");
    }
    GRADUS_ASSIGN_OR_RETURN(dataset_, OpenSplit(run, split, fields_, preprocessing_));
    FindOutput(config);
    Fetches fetches;
    for (const ModelLoss& loss : model_.losses) {
      weights_.push_back(LossWeight(model_, loss));
      fetches.values.push_back(loss.value);
    }
    if (meaning_.has_value()) fetches.values.push_back(output_);
    GRADUS_ASSIGN_OR_RETURN(const ParameterLayout parameters,
                            ParameterLayout::OfParameters(model_.graph, CurrentIsa()));
    GRADUS_ASSIGN_OR_RETURN(const ParameterLayout states, ParameterLayout::OfStates(model_.graph));
    GRADUS_ASSIGN_OR_RETURN(
        executor_, Executor::Create(model_.graph, fetches, parameters, states, {&pool_, 0, {}}));
    GRADUS_ASSIGN_OR_RETURN(context_, executor_->NewContext());
    GRADUS_ASSIGN_OR_RETURN(ParameterStore store, ParameterStore::Create(model_.graph, 0, {}));
    GRADUS_RETURN_IF_ERROR(source.Load(&store));
    store_ = std::make_unique<ParameterStore>(std::move(store));
    scalars_ = InitialScalars(model_, 0);
    return absl::OkStatus();
  }

  absl::StatusOr<Examination> Run(size_t worst) {
    BatchOptions options;
    options.batch_size = kBatch;
    options.end_epoch = 1;
    if (dataset_->size() == 0) return absl::FailedPreconditionError("there are no examples");
    GRADUS_ASSIGN_OR_RETURN(std::unique_ptr<BatchStream> stream,
                            BatchStream::Create(dataset_, options));
    if (meaning_.has_value() && ClassCount() > 0) {
      result_.classes = meaning_->names;
      result_.counts.assign(ClassCount() * ClassCount(), 0);
    }
    std::vector<float> losses;
    for (;;) {
      GRADUS_ASSIGN_OR_RETURN(const Batch* batch, stream->Next());
      if (batch == nullptr) break;
      GRADUS_RETURN_IF_ERROR(Compute(batch->fields, batch->rows));
      losses.insert(losses.end(), losses_.begin(), losses_.end());
      GRADUS_RETURN_IF_ERROR(Count(*batch));
    }
    result_.examples = static_cast<int64_t>(losses.size());
    GRADUS_RETURN_IF_ERROR(FindWorst(losses, worst));
    return std::move(result_);
  }

 private:
  // The first output that a loss tells the meaning of, and the label that it is compared with.
  void FindOutput(const ModelConfig& config) {
    std::vector<FieldSpec> outputs;
    for (const NamedValue& output : model_.outputs) {
      const TensorSpec& spec = model_.graph.spec(output.value);
      FieldSpec field;
      field.input = output.name;
      field.dtype = spec.dtype;
      for (int i = 1; i < spec.shape.rank(); ++i) field.dims.push_back(spec.shape.dim(i).k);
      outputs.push_back(std::move(field));
    }
    const std::vector<OutputMeaning> meanings =
        MeaningsOf(outputs, config, model_.meanings, fields_, preprocessing_);
    for (size_t i = 0; i < meanings.size() && !meaning_.has_value(); ++i) {
      if (meanings[i].kind == PredictionMeaning::kPlain) continue;
      std::string label;
      for (const PredictionMeaning& said : model_.meanings) {
        if (said.prediction == meanings[i].output || model_.meanings.size() == 1) {
          label = said.label;
        }
      }
      const absl::Span<const FieldSpec> fields = dataset_->fields();
      for (size_t f = 0; f < fields.size(); ++f) {
        if (fields[f].input == label) label_ = static_cast<int>(f);
      }
      if (label_ < 0) continue;
      meaning_ = meanings[i];
      output_ = model_.outputs[i].value;
      output_field_ = outputs[i];
    }
  }

  // 0 when the output names no classes, or more than a page can show.
  size_t ClassCount() const {
    if (!meaning_->one_of_classes() && !(meaning_->yes_or_no() && meaning_->elements == 1))
      return 0;
    const size_t count = meaning_->names.size();
    return count <= kMostClasses ? count : 0;
  }

  absl::Status Compute(const std::vector<Tensor>& fields, int64_t rows) {
    values_.resize(model_.losses.size());
    Results results;
    for (std::vector<float>& value : values_) {
      value.resize(static_cast<size_t>(rows));
      results.values.push_back(value.data());
    }
    if (meaning_.has_value()) {
      std::vector<int64_t> dims = {rows};
      dims.insert(dims.end(), output_field_.dims.begin(), output_field_.dims.end());
      predictions_.assign(static_cast<size_t>(rows * meaning_->elements), 0);
      results.values.push_back(predictions_.data());
      dims_ = dims;
    }
    std::vector<const void*> inputs;
    for (const Tensor& field : fields) inputs.push_back(field.raw());
    GRADUS_RETURN_IF_ERROR(executor_->Run(
        context_.get(), {store_->evaluated(), store_->states(), inputs, rows, scalars_}, results));
    losses_.assign(static_cast<size_t>(rows), 0);
    for (size_t l = 0; l < values_.size(); ++l) {
      for (size_t i = 0; i < losses_.size(); ++i) {
        losses_[i] += static_cast<float>(weights_[l]) * values_[l][i];
      }
    }
    if (meaning_.has_value()) {
      GRADUS_ASSIGN_OR_RETURN(read_, Interpret(*meaning_, Tensor::Of<float>(dims_, predictions_)));
    }
    return absl::OkStatus();
  }

  // The class of a label, or -1.
  int64_t LabelClass(const Tensor& label, int64_t row) const {
    const int64_t elements = dataset_->fields()[static_cast<size_t>(label_)].elements();
    if (elements == 1) {
      const double value = NumberAt(label, row);
      if (!(value >= 0)) return -1;
      return meaning_->yes_or_no() ? value > 0.5 : static_cast<int64_t>(value);
    }
    int64_t best = 0;
    for (int64_t i = 1; i < elements; ++i) {
      if (NumberAt(label, row * elements + i) > NumberAt(label, row * elements + best)) best = i;
    }
    return best;
  }

  absl::Status Count(const Batch& batch) {
    if (!meaning_.has_value()) return absl::OkStatus();
    const Tensor& label = batch.fields[static_cast<size_t>(label_)];
    const auto classes = static_cast<int64_t>(result_.classes.size());
    for (int64_t i = 0; classes > 0 && i < batch.rows; ++i) {
      const int64_t actual = LabelClass(label, i);
      const int64_t predicted = read_.chosen[static_cast<size_t>(i)];
      if (actual < 0 || actual >= classes || predicted >= classes) continue;
      ++result_.counts[static_cast<size_t>(actual * classes + predicted)];
    }
    if (classes > 0 || !IsNumber()) return absl::OkStatus();
    result_.target = meaning_->target;
    GRADUS_ASSIGN_OR_RETURN(const Interpretation actual, Interpret(*meaning_, label));
    for (int64_t i = 0; i < batch.rows; ++i) {
      if (result_.actual.size() == Examination::kMostPoints) break;
      result_.actual.push_back(NumberAt(actual.values, i));
      result_.predicted.push_back(NumberAt(read_.values, i));
    }
    return absl::OkStatus();
  }

  bool IsNumber() const {
    const FieldSpec& label = dataset_->fields()[static_cast<size_t>(label_)];
    return meaning_->kind == PredictionMeaning::kInUnits && meaning_->elements == 1 &&
           label.elements() == 1 && label.dtype == DType::kFloat32;
  }

  absl::Status FindWorst(const std::vector<float>& losses, size_t worst) {
    std::vector<int64_t> order(losses.size());
    std::iota(order.begin(), order.end(), 0);
    worst = std::min(worst, order.size());
    const auto loss = [&](int64_t row) {
      const float value = losses[static_cast<size_t>(row)];
      return std::isnan(value) ? std::numeric_limits<float>::infinity() : value;
    };
    std::partial_sort(
        order.begin(), order.begin() + static_cast<std::ptrdiff_t>(worst), order.end(),
        [&](int64_t a, int64_t b) { return loss(a) != loss(b) ? loss(a) > loss(b) : a < b; });
    order.resize(worst);
    if (worst == 0) return absl::OkStatus();
    std::vector<Tensor> fields;
    std::vector<void*> destinations;
    for (const FieldSpec& field : dataset_->fields()) {
      std::vector<int64_t> dims = {static_cast<int64_t>(worst)};
      dims.insert(dims.end(), field.dims.begin(), field.dims.end());
      GRADUS_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Create(field.dtype, dims));
      fields.push_back(std::move(tensor));
    }
    for (Tensor& field : fields) destinations.push_back(field.mutable_raw());
    GRADUS_RETURN_IF_ERROR(dataset_->Read(order, destinations));
    GRADUS_RETURN_IF_ERROR(Compute(fields, static_cast<int64_t>(worst)));
    for (size_t i = 0; i < worst; ++i) {
      ExaminedExample example;
      example.row = order[i];
      example.where = dataset_->Where(order[i], std::max(label_, 0));
      example.loss = losses_[i];
      example.probability = std::numeric_limits<double>::quiet_NaN();
      GRADUS_RETURN_IF_ERROR(Describe(fields, static_cast<int64_t>(i), &example));
      example.image = ImageOf(fields, static_cast<int64_t>(i));
      result_.worst.push_back(std::move(example));
    }
    return absl::OkStatus();
  }

  absl::Status Describe(const std::vector<Tensor>& fields, int64_t i, ExaminedExample* example) {
    if (!meaning_.has_value()) return absl::OkStatus();
    const Tensor& label = fields[static_cast<size_t>(label_)];
    if (!result_.classes.empty()) {
      const int64_t actual = LabelClass(label, i);
      const int64_t predicted = read_.chosen[static_cast<size_t>(i)];
      const auto name = [&](int64_t number) {
        return number >= 0 && number < static_cast<int64_t>(result_.classes.size())
                   ? result_.classes[static_cast<size_t>(number)]
                   : absl::StrCat(number);
      };
      example->label = name(actual);
      example->prediction = name(predicted);
      if (meaning_->has_probabilities()) {
        const double yes = meaning_->yes_or_no() ? NumberAt(read_.values, i) : 0;
        example->probability = !meaning_->yes_or_no()
                                   ? NumberAt(read_.values, i * meaning_->elements + predicted)
                               : predicted == 1 ? yes
                                                : 1 - yes;
      }
    } else if (IsNumber()) {
      GRADUS_ASSIGN_OR_RETURN(const Interpretation actual, Interpret(*meaning_, label));
      example->label = AmountText(NumberAt(actual.values, i));
      example->prediction = AmountText(NumberAt(read_.values, i));
    }
    return absl::OkStatus();
  }

  // Of the first input that looks like one.
  Tensor ImageOf(const std::vector<Tensor>& fields, int64_t row) const {
    for (size_t f = 0; f < fields.size(); ++f) {
      const FieldSpec& field = dataset_->fields()[f];
      const std::vector<int64_t>& dims = field.dims;
      const bool image =
          field.dtype == DType::kFloat32 && static_cast<int>(f) != label_ &&
          (dims.size() == 2 || (dims.size() == 3 && (dims[2] == 1 || dims[2] == 3))) &&
          dims[0] >= kLeastImage && dims[0] <= kMostImage && dims[1] >= kLeastImage &&
          dims[1] <= kMostImage;
      if (!image) continue;
      const int64_t elements = field.elements();
      const absl::Span<const float> all = fields[f].data<float>();
      const absl::Span<const float> one =
          all.subspan(static_cast<size_t>(row * elements), static_cast<size_t>(elements));
      return Tensor::Of<float>({dims[0], dims[1], dims.size() == 3 ? dims[2] : 1},
                               std::vector<float>(one.begin(), one.end()));
    }
    return Tensor();
  }

  Examination result_;
  ThreadPool pool_{AvailableCores()};
  Preprocessing preprocessing_;
  std::vector<FieldSpec> fields_;
  ModelGraph model_;
  std::shared_ptr<const Dataset> dataset_;
  absl::optional<OutputMeaning> meaning_;
  Value output_;
  FieldSpec output_field_;
  int label_ = -1;  // Field of the dataset.
  std::vector<double> weights_, scalars_;
  std::unique_ptr<Executor> executor_;
  Executor::ContextPtr context_;
  std::unique_ptr<ParameterStore> store_;
  // Of the present batch.
  std::vector<std::vector<float>> values_;
  std::vector<float> losses_, predictions_;
  std::vector<int64_t> dims_;
  Interpretation read_;
};

}  // namespace

absl::StatusOr<Examination> ExamineRun(const std::string& run, const std::string& split,
                                       size_t worst) try {
  Examiner examiner;
  GRADUS_RETURN_IF_ERROR(examiner.Prepare(run, split));
  return examiner.Run(worst);
} catch (...) {
  return StatusOfException("looking at a model's mistakes");
}

}  // namespace gradus
