// Classes are counted by whoever knows them: preprocessing has names, the split has the whole numbers of what it drew from.

#include "gradus/api/check_classes.h"

#include "absl/strings/str_cat.h"
#include "gradus/api/run_file.h"
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

// How many numbers an example of a layer has along its last axis, or 0 when there is no such layer.
int64_t WidthOf(const ModelGraph& built, const std::string& layer) {
  for (const LayerRow& row : built.layers) {
    if (row.name != layer || !row.output.valid()) continue;
    const Shape& shape = built.graph.spec(row.output).shape;
    return shape.rank() >= 2 ? shape.dim(shape.rank() - 1).k : 0;
  }
  return 0;
}

bool IsOfClasses(PredictionMeaning::Kind kind) {
  return kind == PredictionMeaning::kClassLogits ||
         kind == PredictionMeaning::kClassProbabilities || kind == PredictionMeaning::kClassScores;
}

}  // namespace

void CheckClasses(const DataSplits& data, const ModelConfig& model, const ModelGraph& built,
                  Diagnostics* diagnostics) {
  for (const PredictionMeaning& meaning : built.meanings) {
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
