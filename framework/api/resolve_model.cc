// Counting labels, and putting what is known now where the text left it out.

#include "gradus/api/resolve_model.h"

#include <algorithm>
#include <numeric>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/run_file.h"
#include "gradus/base/status.h"
#include "gradus/base/tensor.h"

namespace gradus {
namespace {

constexpr size_t kMostWidth = 160;  // Of the line of classes: room for ten of 60000 examples.

// Adds the classes of so many labels, as the weights of a loss see them (graph/example_weights.h).
absl::Status AddLabels(const FieldSpec& label, const void* values, int64_t rows,
                       std::vector<int64_t>* counts) {
  const int64_t width = label.elements();
  for (int64_t row = 0; row < rows; ++row) {
    int64_t place = 0;
    if (label.dtype == DType::kInt32) {
      place = static_cast<const int32_t*>(values)[row];
      if (place < 0) return absl::OutOfRangeError(absl::StrCat(place, " is no class"));
      // A model of so many classes would be refused; that a mistake in a file takes all memory is not for now to find out.
      if (place >= 1 << 24) return absl::OutOfRangeError(absl::StrCat(place, " is no class"));
    } else {
      const float* numbers = static_cast<const float*>(values) + row * width;
      place = width == 1 ? numbers[0] > 0.5f : std::max_element(numbers, numbers + width) - numbers;
    }
    if (place >= static_cast<int64_t>(counts->size()))
      counts->resize(static_cast<size_t>(place) + 1);
    ++(*counts)[static_cast<size_t>(place)];
  }
  return absl::OkStatus();
}

// How many training examples there are of each class.
absl::StatusOr<std::vector<int64_t>> CountLabels(const DataSplits& data, int field) {
  constexpr int64_t kBlock = 256;
  const Dataset& train = *data.train;
  const FieldSpec& label = train.fields()[field];
  std::vector<int64_t> counts(label.dtype == DType::kInt32 ? 0
                                                           : std::max<size_t>(2, label.elements()));
  std::vector<AlignedBuffer> buffers;
  std::vector<void*> destinations;
  for (const FieldSpec& spec : train.fields()) {
    GRADUS_ASSIGN_OR_RETURN(AlignedBuffer buffer,
                            AllocateAligned(kBlock * spec.elements() * ByteSize(spec.dtype)));
    destinations.push_back(buffer.get());
    buffers.push_back(std::move(buffer));
  }
  std::vector<int64_t> block;
  for (int64_t begin = 0; begin < train.size(); begin += kBlock) {
    block.resize(static_cast<size_t>(std::min(kBlock, train.size() - begin)));
    std::iota(block.begin(), block.end(), begin);
    GRADUS_RETURN_IF_ERROR(train.Read(block, destinations));
    GRADUS_RETURN_IF_ERROR(
        AddLabels(label, destinations[field], static_cast<int64_t>(block.size()), &counts));
  }
  const size_t named = data.preprocessing.ClassNames(label.input).size();
  if (counts.size() < named) counts.resize(named);
  return counts;
}

// How many classes the layer that a loss looks at tells apart, where it is a dense one, or 0.
int64_t UnitsOfPrediction(const ModelConfig& model, const LossConfig& loss) {
  std::vector<const google::protobuf::FieldDescriptor*> set;
  loss.GetReflection()->ListFields(loss, &set);
  for (const google::protobuf::FieldDescriptor* field : set) {
    if (field->message_type() == nullptr || field->is_repeated()) continue;
    const auto* prediction = field->message_type()->FindFieldByName("prediction");
    if (prediction == nullptr || prediction->is_repeated()) continue;
    const google::protobuf::Message& kind = loss.GetReflection()->GetMessage(loss, field);
    const std::string name = kind.GetReflection()->GetString(kind, prediction);
    for (const LayerConfig& layer : model.layer()) {
      if (layer.name() == name && layer.has_dense()) return layer.dense().units();
    }
  }
  return 0;
}

// n / (classes * count of the class), as sklearn's "balanced".
void Balance(const DataSplits& data, const ModelConfig& model, const ConfigPath& path,
             LossConfig* loss, Diagnostics* diagnostics) {
  ClassWeights* weights = loss->mutable_class_weight();
  if (!weights->balanced() || weights->value_size() > 0) return;
  if (data.train == nullptr) {
    if (!diagnostics->ok()) loss->clear_class_weight();
    return;  // Who builds the model says that there are none.
  }
  const std::string label = LabelOf(*loss);
  const auto found = std::find_if(data.inputs.begin(), data.inputs.end(),
                                  [&](const FieldSpec& input) { return input.input == label; });
  const auto error = [&](absl::string_view message) {
    diagnostics->Error(
        "data", path.Child("class_weight").Child("balanced"),
        absl::StrCat("class_weight is balanced by input \"", label, "\": ", message));
    loss->clear_class_weight();
  };
  if (found == data.inputs.end()) {
    const bool layer = std::any_of(model.layer().begin(), model.layer().end(),
                                   [&](const LayerConfig& one) { return one.name() == label; });
    if (layer) return error("it is a layer");
    loss->clear_class_weight();
    return;  // What is no name at all is found by who builds the model.
  }
  absl::StatusOr<std::vector<int64_t>> counts =
      CountLabels(data, static_cast<int>(found - data.inputs.begin()));
  if (!counts.ok()) return error(counts.status().message());
  if (found->dtype == DType::kInt32) {
    const int64_t units = UnitsOfPrediction(model, *loss);
    // The model's own mistakes are not for now to find out.
    if (units <= 1 << 24) counts->resize(std::max(counts->size(), static_cast<size_t>(units)));
  }
  const std::vector<std::string> names = data.preprocessing.ClassNames(label);
  const double n = static_cast<double>(data.train->size());
  std::vector<std::string> unseen;
  for (size_t k = 0; k < counts->size(); ++k) {
    if ((*counts)[k] > 0) continue;
    unseen.push_back(absl::StrCat(k, k < names.size() ? absl::StrCat(", ", Quoted(names[k])) : ""));
  }
  if (!unseen.empty()) {
    constexpr size_t kMost = 5;
    const size_t count = unseen.size();
    if (count > kMost) unseen.resize(kMost);
    return error(absl::StrCat("no training example has class ", absl::StrJoin(unseen, ", nor "),
                              count > kMost ? absl::StrCat(" (", count, " such classes)") : ""));
  }
  for (size_t k = 0; k < counts->size(); ++k) {
    weights->add_value(n /
                       (static_cast<double>(counts->size()) * static_cast<double>((*counts)[k])));
  }
  weights->clear_balanced();
}

}  // namespace

bool NeedsTrainingData(const ModelConfig& model) {
  return std::any_of(model.input().begin(), model.input().end(),
                     [](const InputConfig& input) { return input.shape_size() == 0; }) ||
         std::any_of(model.loss().begin(), model.loss().end(), [](const LossConfig& loss) {
           return loss.class_weight().balanced() && loss.class_weight().value_size() == 0;
         });
}

void ResolveModel(const DataSplits& data, const ConfigPath& path, ModelConfig* model,
                  Diagnostics* diagnostics) {
  for (InputConfig& input : *model->mutable_input()) {
    if (input.shape_size() > 0) continue;
    for (const FieldSpec& field : data.inputs) {
      if (field.input != input.name() || field.any_dims) continue;
      for (int64_t dim : field.dims) input.add_shape(dim);
    }
  }
  for (int i = 0; i < model->loss_size(); ++i) {
    if (!model->loss(i).has_class_weight()) continue;
    Balance(data, *model, path.Child("loss", i, model->loss(i).name()), model->mutable_loss(i),
            diagnostics);
  }
}

std::set<std::string> UnknownInputs(const DataSplits& data) {
  std::set<std::string> unknown;
  for (const FieldSpec& input : data.inputs) {
    if (input.any_dims) unknown.insert(input.input);
  }
  return unknown;
}

UnitsByInput UnitsOf(const Preprocessing& preprocessing, absl::Span<const FieldSpec> inputs) {
  UnitsByInput all;
  for (const FieldSpec& input : inputs) {
    if (input.dtype != DType::kFloat32) continue;
    ValueUnits units;
    bool any = false;
    for (const NumberMap& map : preprocessing.Units(input)) {
      ValueUnits::Element element;
      element.divide_by = map.divide_by;
      if (map.function == NumberMap::kLog) element.log = ValueUnits::Logarithm::kLog;
      if (map.function == NumberMap::kLog1p) element.log = ValueUnits::Logarithm::kLog1p;
      element.shift = map.shift;
      element.scale = map.scale;
      any |= !element.identity();
      units.elements.push_back(element);
    }
    if (any) all.emplace(input.input, std::move(units));
  }
  return all;
}

void ReadOlderSplit(DataConfig* data) {
  if (data->validation().has_fraction() && !data->validation().has_tail()) {
    data->mutable_validation()->set_tail(true);
  }
}

std::string SplitInWords(const DataSplits& data) {
  std::vector<std::string> parts;
  const auto add = [&](const std::shared_ptr<const Dataset>& dataset, const char* name) {
    if (dataset != nullptr) parts.push_back(absl::StrCat(dataset->size(), " ", name));
  };
  add(data.train, "training");
  add(data.validation, "validation");
  add(data.test, "test");
  if (parts.empty()) return "";
  std::string words = absl::StrCat(absl::StrJoin(parts, ", "), " examples");
  const ClassesOfSplit& classes = data.classes;
  if (classes.classes.empty()) return words;
  // The parts that were taken of the same examples: those of other files are not counted.
  const auto any = [&classes](int64_t ClassSplit::*part) {
    return std::any_of(classes.classes.begin(), classes.classes.end(),
                       [part](const ClassSplit& one) { return one.*part > 0; });
  };
  const bool validation = any(&ClassSplit::held_out), test = any(&ClassSplit::test);
  // As many as there is room for; the last one is always there.
  std::vector<std::string> all;
  for (size_t k = 0; k < classes.classes.size(); ++k) {
    const ClassSplit& one = classes.classes[k];
    all.push_back(absl::StrCat(classes.names[k], ": ", one.training));
    if (validation) absl::StrAppend(&all.back(), "/", one.held_out);
    if (test) absl::StrAppend(&all.back(), "/", one.test);
  }
  std::string line = absl::StrCat("classes of ", classes.input, " (training",
                                  validation ? "/validation" : "", test ? "/test" : "", ")  ");
  const std::string last = all.back();
  size_t shown = 0;
  std::string list;
  while (shown < all.size()) {
    const std::string next = absl::StrCat(list, shown == 0 ? "" : "  ", all[shown]);
    const bool is_last = shown + 1 == all.size();
    if (shown > 0 && line.size() + next.size() + (is_last ? 0 : last.size() + 20) > kMostWidth)
      break;
    list = next;
    ++shown;
  }
  if (shown < all.size()) absl::StrAppend(&list, "  ...  ", last, "  (", all.size(), " classes)");
  return absl::StrCat(words, "\n", line, list);
}

}  // namespace gradus
