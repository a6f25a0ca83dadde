// From layers, from what losses say of their predictions, and from metrics that compare with a threshold.

#include "gradus/api/value_ranges.h"

#include <algorithm>

#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"

namespace gradus {
namespace {

class Ranges {
 public:
  // `built` may be null: then labels have no ranges.
  Ranges(const ModelConfig& model, const ModelGraph* built, absl::Span<const FieldSpec> inputs,
         const Preprocessing& preprocessing)
      : model_(model), built_(built), inputs_(inputs), preprocessing_(preprocessing) {}

  std::vector<ValueRange> Find() {
    for (int i = 0; i < model_.layer_size(); ++i) {
      const LayerConfig& layer = model_.layer(i);
      if (!layer.has_embedding()) continue;
      Add(FirstInputOf(model_, i), DType::kInt32, 0, layer.embedding().input_dim() - 1,
          absl::StrCat("layer ", Quoted(layer.name()), " has input_dim ",
                       layer.embedding().input_dim()));
    }
    if (built_ == nullptr) return std::move(ranges_);
    for (const PredictionMeaning& meaning : built_->meanings) Add(meaning);
    for (const MetricConfig& metric : model_.metric()) Add(metric);
    return std::move(ranges_);
  }

 private:
  void Add(const std::string& input, DType dtype, int64_t least, int64_t most,
           const std::string& rule) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const FieldSpec& field = inputs_[i];
      if (field.input != input || field.dtype != dtype || most < least) continue;
      ValueRange range = {static_cast<int>(i), least, most, rule, {}};
      const InputTransform* transform = preprocessing_.Find(input);
      if (transform != nullptr &&
          static_cast<int64_t>(transform->columns.size()) == field.elements()) {
        for (int64_t e = 0; e < field.elements(); ++e) {
          range.elements.push_back(transform->NameOfColumn(e));
        }
      }
      ranges_.push_back(std::move(range));
    }
  }

  void Add(const PredictionMeaning& meaning) {
    switch (meaning.kind) {
      case PredictionMeaning::kPlain:
      case PredictionMeaning::kInUnits:
        return;
      case PredictionMeaning::kClassLogits:
      case PredictionMeaning::kClassProbabilities:
      case PredictionMeaning::kClassScores: {
        const int64_t width = WidthOf(*built_, meaning.prediction);
        return Add(
            meaning.label, DType::kInt32, 0, width - 1,
            absl::StrCat("prediction ", Quoted(meaning.prediction), " has ", width, " classes"));
      }
      case PredictionMeaning::kYesLogits:
      case PredictionMeaning::kYesProbabilities:
        return Add(meaning.label, DType::kFloat32, 0, 1,
                   absl::StrCat("the loss takes it for no (0) or yes (1), or a probability"));
      case PredictionMeaning::kYesScores:
        return Add(meaning.label, DType::kFloat32, -1, 1,
                   "the loss takes it for no (0 or -1) or yes (1)");
    }
  }

  void Add(const MetricConfig& metric) {
    const google::protobuf::Descriptor* all = metric.GetDescriptor();
    const google::protobuf::Reflection* reflection = metric.GetReflection();
    const google::protobuf::FieldDescriptor* kind = nullptr;
    for (const char* name :
         {"binary_accuracy", "precision", "recall", "f1_score", "fbeta_score", "auc",
          "true_positives", "true_negatives", "false_positives", "false_negatives",
          "sensitivity_at_specificity", "specificity_at_sensitivity", "precision_at_recall",
          "recall_at_precision"}) {
      const auto* field = all->FindFieldByName(name);
      if (field != nullptr && reflection->HasField(metric, field)) kind = field;
    }
    if (kind == nullptr) return;
    const google::protobuf::Message& message = reflection->GetMessage(metric, kind);
    const std::string label = message.GetReflection()->GetString(
        message, message.GetDescriptor()->FindFieldByName("label"));
    // Labels of hinge losses may be -1.
    for (const PredictionMeaning& meaning : built_->meanings) {
      if (meaning.label == label && meaning.kind == PredictionMeaning::kYesScores) return;
    }
    Add(label, DType::kFloat32, 0, 1,
        absl::StrCat("metric ", Quoted(metric.has_name() ? metric.name() : kind->name()),
                     metric.has_name() ? absl::StrCat(" (", kind->name(), ")") : "",
                     " takes it for no (0) or yes (1)"));
  }

  const ModelConfig& model_;
  const ModelGraph* const built_;
  const absl::Span<const FieldSpec> inputs_;
  const Preprocessing& preprocessing_;
  std::vector<ValueRange> ranges_;
};

}  // namespace

std::string FirstInputOf(const ModelConfig& model, int i) {
  if (model.layer(i).input_size() > 0) return model.layer(i).input(0);
  if (i > 0) return model.layer(i - 1).name();
  return model.input_size() > 0 ? model.input(0).name() : "";
}

bool IsOfClasses(PredictionMeaning::Kind kind) {
  return kind == PredictionMeaning::kClassLogits ||
         kind == PredictionMeaning::kClassProbabilities || kind == PredictionMeaning::kClassScores;
}

int64_t WidthOf(const ModelGraph& built, const std::string& layer) {
  for (const LayerRow& row : built.layers) {
    if (row.name != layer || !row.output.valid()) continue;
    const Shape& shape = built.graph.spec(row.output).shape;
    return shape.rank() >= 2 ? shape.dim(shape.rank() - 1).k : 0;
  }
  return 0;
}

std::vector<ValueRange> ValueRangesOf(const ModelConfig& model, const ModelGraph& built,
                                      const DataSplits& data) {
  return Ranges(model, &built, data.inputs, data.preprocessing).Find();
}

std::vector<ValueRange> InputRangesOf(const ModelConfig& model, absl::Span<const FieldSpec> inputs,
                                      const Preprocessing& preprocessing) {
  return Ranges(model, nullptr, inputs, preprocessing).Find();
}

void CheckValueRanges(const ModelConfig& model, const ModelGraph& built, DataSplits* data) {
  const std::vector<ValueRange> ranges = ValueRangesOf(model, built, *data);
  data->train = CheckRanges(std::move(data->train), ranges);
  data->validation = CheckRanges(std::move(data->validation), ranges);
  data->test = CheckRanges(std::move(data->test), ranges);
}

}  // namespace gradus
