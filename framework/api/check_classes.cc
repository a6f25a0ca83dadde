// Classes are counted by whoever knows them: preprocessing has names, the split has the whole numbers of what it drew from.

#include "gradus/api/check_classes.h"

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/api/run_file.h"
#include "gradus/api/value_ranges.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// How many classes the whole numbers of an input stand for, or 0 when that is not known.
int64_t ClassesOf(const DataSplits& data, const std::string& input) {
  const std::vector<std::string> names = data.preprocessing.ClassNames(input);
  if (!names.empty()) return static_cast<int64_t>(names.size());
  if (data.classes.input != input || data.classes.classes.empty()) return 0;
  return data.classes.classes.back().key + 1;
}

bool IsYesNo(PredictionMeaning::Kind kind) {
  return kind == PredictionMeaning::kYesLogits || kind == PredictionMeaning::kYesProbabilities ||
         kind == PredictionMeaning::kYesScores;
}

// "binary_crossentropy"
std::string KindOf(const LossConfig& loss) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  loss.GetReflection()->ListFields(loss, &set);
  for (const google::protobuf::FieldDescriptor* field : set) {
    if (field->message_type() != nullptr &&
        field->message_type()->FindFieldByName("label") != nullptr) {
      return field->name();
    }
  }
  return "the loss";
}

// The address of the field of a source that feeds an input, or "".
std::string FieldOf(const SourceConfig& source, const ConfigPath& path, const std::string& input) {
  const auto find = [&](const auto& fields, const ConfigPath& kind) -> std::string {
    for (int k = 0; k < fields.size(); ++k) {
      if (fields.Get(k).input() == input) return kind.Child("field", k, "").ToString();
    }
    return "";
  };
  if (source.has_csv()) return find(source.csv().field(), path.Child("csv"));
  for (int k = 0; k < source.side_by_side().source_size(); ++k) {
    const std::string found = FieldOf(source.side_by_side().source(k),
                                      path.Child("side_by_side").Child("source", k, ""), input);
    if (!found.empty()) return found;
  }
  return "";
}

// Embeddings have a row for each category that their input's columns have.
void CheckEmbeddings(const DataSplits& data, const RunConfig& config, Diagnostics* diagnostics) {
  const ModelConfig& model = config.model();
  for (int i = 0; i < model.layer_size(); ++i) {
    const LayerConfig& layer = model.layer(i);
    if (!layer.has_embedding()) continue;
    const std::string input = FirstInputOf(model, i);
    const InputTransform* transform = data.preprocessing.Find(input);
    if (transform == nullptr) continue;
    int64_t most = 0;
    std::string what;
    for (size_t c = 0; c < transform->treatments.size(); ++c) {
      const ColumnTransform& column = transform->treatments[c];
      if (!column.text() || column.places() <= most) continue;
      most = column.places();
      what = absl::StrCat(most, " categories of ", transform->NameOfColumn(static_cast<int64_t>(c)),
                          column.other ? ", OTHER among them" : "");
    }
    if (most <= layer.embedding().input_dim()) continue;
    const std::string field =
        FieldOf(config.data().train(), ConfigPath().Child("data").Child("train"), input);
    diagnostics->Error(
        "shape",
        ConfigPath()
            .Child("model")
            .Child("layer", i, layer.name())
            .Child("embedding")
            .Child("input_dim"),
        absl::StrCat("layer ", Quoted(layer.name()), ": input_dim ", layer.embedding().input_dim(),
                     " is less than the ", what, ", which input ", Quoted(input), " has",
                     field.empty() ? "" : absl::StrCat(" (", field, ")")),
        absl::StrCat("set input_dim: ", most));
  }
}

// A number that is 0, 1 or 2 is no answer to a question that has two.
void CheckYesNo(const DataSplits& data, const ModelConfig& model, const PredictionMeaning& meaning,
                Diagnostics* diagnostics) {
  const auto input =
      std::find_if(data.inputs.begin(), data.inputs.end(), [&](const FieldSpec& field) {
        return field.input == meaning.label && field.dtype == DType::kFloat32;
      });
  const int64_t classes = static_cast<int64_t>(data.preprocessing.ClassNames(meaning.label).size());
  if (input == data.inputs.end() || input->elements() != 1 || classes <= 2) return;
  for (int i = 0; i < model.loss_size(); ++i) {
    if (LabelOf(model.loss(i)) != meaning.label) continue;
    const std::string kind = KindOf(model.loss(i));
    diagnostics->Error(
        "shape", ConfigPath().Child("model").Child("loss", i, model.loss(i).name()),
        absl::StrCat("label ", Quoted(meaning.label), " has ", classes,
                     " classes in the training examples, and ", kind, " tells two apart"),
        absl::StrCat("write input { name: ", Quoted(meaning.label), " type: INT32 }, give ",
                     Quoted(meaning.prediction), " ", classes,
                     " units, and set sparse_categorical_crossentropy { prediction: ",
                     Quoted(meaning.prediction), " label: ", Quoted(meaning.label),
                     " from_logits: true }, the layer without an activation"));
    return;
  }
}

}  // namespace

void CheckClasses(const DataSplits& data, const RunConfig& config, const ModelGraph& built,
                  Diagnostics* diagnostics) {
  const ModelConfig& model = config.model();
  CheckEmbeddings(data, config, diagnostics);
  for (const PredictionMeaning& meaning : built.meanings) {
    if (IsYesNo(meaning.kind)) CheckYesNo(data, model, meaning, diagnostics);
    if (!IsOfClasses(meaning.kind)) continue;
    // A one-hot label has the shape of the prediction, which has been compared.
    bool whole_number = false;
    for (const FieldSpec& input : data.inputs) {
      whole_number |= input.input == meaning.label && input.dtype == DType::kInt32;
    }
    if (!whole_number) continue;
    const int64_t width = WidthOf(built, meaning.prediction);
    const int64_t classes = ClassesOf(data, meaning.label);
    if (width == 0 || classes <= width) continue;
    for (int i = 0; i < model.loss_size(); ++i) {
      if (LabelOf(model.loss(i)) != meaning.label) continue;
      diagnostics->Error(
          "shape", ConfigPath().Child("model").Child("loss", i, model.loss(i).name()),
          absl::StrCat("prediction ", Quoted(meaning.prediction), " has ", width, " number",
                       width == 1 ? "" : "s", ", and label ", Quoted(meaning.label), " has ",
                       classes, " classes in the training examples"),
          absl::StrCat("give the layer ", classes, " units"));
      break;
    }
  }
}

}  // namespace gradus
