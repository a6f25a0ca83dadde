// Saved models and weights.

#include "gradus/api/model_file.h"

#include <algorithm>
#include <set>
#include <utility>

#include "absl/strings/str_join.h"
#include "gradus/base/checksum.h"
#include "gradus/base/file.h"
#include "gradus/base/text_config.h"
#include "gradus/train/non_finite.h"
#include "gradus/train/safetensors.h"

namespace gradus {
namespace {

constexpr int64_t kMostWeightsBytes = int64_t{1} << 40;

std::string ShapeText(const std::vector<int64_t>& dims) {
  return absl::StrCat("[", absl::StrJoin(dims, ", "), "]");
}

// A FLOAT64 tensor rounded; others as they are.
Tensor Rounded(const Tensor& tensor) {
  if (tensor.dtype() != DType::kFloat64) return tensor;
  absl::StatusOr<Tensor> rounded = Tensor::Create(DType::kFloat32, tensor.dims());
  GRADUS_CHECK(rounded.ok());
  std::transform(tensor.data<double>().begin(), tensor.data<double>().end(),
                 rounded->mutable_data<float>().begin(),
                 [](double x) { return static_cast<float>(x); });
  return *std::move(rounded);
}

int FormatVersionFor(const SavedModel& model) {
  for (const InputPreprocessing& input : model.preprocessing()) {
    if (input.columns_size() > 0 || input.class_name_size() > 0) return 2;
  }
  return 1;
}

void LoadInto(const ParameterLayout& layout, const SafetensorsFile& file, float* block,
              std::set<std::string>* known, WeightsMatch* match) {
  for (int i = 0; i < layout.count(); ++i) {
    const ParameterPlace& place = layout.place(i);
    known->insert(place.name);
    WeightsMatch::Row row{WeightsMatch::kMissing, place.name, ShapeText(place.dims), ""};
    const Tensor* tensor = file.Find(place.name);
    if (tensor != nullptr) {
      row.file_shape = absl::StrCat(Name(tensor->dtype()), " ", ShapeText(tensor->dims()));
      row.kind = ParameterStore::Write(layout, i, Rounded(*tensor), block).ok()
                     ? WeightsMatch::kLoaded
                     : WeightsMatch::kMismatched;
    }
    match->rows.push_back(std::move(row));
  }
}

}  // namespace

std::string WeightsPath(const std::string& folder) { return JoinPath(folder, "model.safetensors"); }

absl::Status SaveModelFiles(const std::string& folder, SavedModel model,
                            const ParameterStore& store) {
  GRADUS_RETURN_IF_ERROR(MakeFolders(folder));
  SafetensorsFile file;
  for (int i = 0; i < store.layout().count(); ++i) {
    GRADUS_ASSIGN_OR_RETURN(Tensor tensor, store.Read(store.layout(), i, store.evaluated()));
    file.tensors.push_back({store.layout().place(i).name, std::move(tensor)});
  }
  for (int i = 0; i < store.state_layout().count(); ++i) {
    GRADUS_ASSIGN_OR_RETURN(Tensor tensor, store.Read(store.state_layout(), i, store.states()));
    file.tensors.push_back({store.state_layout().place(i).name, std::move(tensor)});
  }
  GRADUS_ASSIGN_OR_RETURN(const std::string tensors, SerializeSafetensors(file));
  GRADUS_RETURN_IF_ERROR(WriteFile(WeightsPath(folder), tensors));
  model.set_format_version(FormatVersionFor(model));
  model.set_tensors_crc32(Crc32(tensors));
  return WriteFile(JoinPath(folder, "model.pbtxt"), PrintTextConfig(model));
}

absl::StatusOr<SavedModel> ReadSavedModel(const std::string& folder) {
  const std::string path = JoinPath(folder, "model.pbtxt");
  if (!Exists(path)) {
    return absl::NotFoundError(absl::StrCat(
        "there is no model in ", folder, ": ", path,
        " does not exist; give the folder of a finished run, or where a model was saved"));
  }
  GRADUS_ASSIGN_OR_RETURN(std::string text, ReadConfigFile(path));
  Diagnostics diagnostics;
  ParsedConfig parsed =
      ParseTextConfig(text, path, SavedModel::default_instance(), {}, &diagnostics);
  GRADUS_RETURN_IF_ERROR(diagnostics.ToStatus());
  const auto& model = static_cast<const SavedModel&>(*parsed.message);
  if (model.format_version() < 1 || model.format_version() > kModelFormatVersion) {
    return absl::InvalidArgumentError(
        absl::StrCat(path, ": format_version ", model.format_version(), " is not one that this ",
                     "program reads (1 to ", kModelFormatVersion, ")"));
  }
  return model;
}

bool WeightsMatch::exact() const {
  return std::all_of(rows.begin(), rows.end(), [](const Row& row) { return row.kind == kLoaded; });
}

std::string WeightsMatch::Table() const {
  size_t name_width = 4, model_width = 5;
  for (const Row& row : rows) {
    name_width = std::max(name_width, row.name.size());
    model_width = std::max(model_width, row.model_shape.size());
  }
  const auto pad = [](std::string text, size_t width) {
    text.resize(std::max(width, text.size()), ' ');
    return text;
  };
  static constexpr const char* kKinds[] = {"loaded", "missing", "unexpected", "mismatched"};
  std::string table = absl::StrCat("  ", pad("what", 10), "  ", pad("name", name_width), "  ",
                                   pad("model", model_width), "  file\n");
  for (const Row& row : rows) {
    if (row.kind == kLoaded) continue;
    absl::StrAppend(&table, "  ", pad(kKinds[row.kind], 10), "  ", pad(row.name, name_width), "  ",
                    pad(row.model_shape.empty() ? "-" : row.model_shape, model_width), "  ",
                    row.file_shape.empty() ? "-" : row.file_shape, "\n");
  }
  return table;
}

namespace {

absl::StatusOr<WeightsMatch> LoadTensors(const std::string& path, const SafetensorsFile& file,
                                         ParameterStore* store) {
  for (const NamedTensor& named : file.tensors) {
    const Tensor rounded = Rounded(named.tensor);
    if (rounded.dtype() != DType::kFloat32) continue;
    const int64_t bad = FindNonFinite(rounded.data<float>());
    if (bad < 0) continue;
    return absl::InvalidArgumentError(absl::StrCat(path, ": tensor \"", named.name, "\" has ",
                                                   rounded.data<float>()[bad], " at element ", bad,
                                                   "; weights must be finite"));
  }
  WeightsMatch match;
  std::set<std::string> known;
  LoadInto(store->layout(), file, store->weights(), &known, &match);
  LoadInto(store->state_layout(), file, store->states(), &known, &match);
  for (const NamedTensor& named : file.tensors) {
    if (known.count(named.name) > 0) continue;
    match.rows.push_back(
        {WeightsMatch::kUnexpected, named.name, "",
         absl::StrCat(Name(named.tensor.dtype()), " ", ShapeText(named.tensor.dims()))});
  }
  return match;
}

}  // namespace

absl::StatusOr<WeightsMatch> LoadWeights(const std::string& path, ParameterStore* store) {
  GRADUS_ASSIGN_OR_RETURN(const SafetensorsFile file, ReadSafetensors(path));
  return LoadTensors(path, file, store);
}

absl::StatusOr<WeightsMatch> LoadSavedWeights(const std::string& folder, const SavedModel& saved,
                                              ParameterStore* store) {
  const std::string path = WeightsPath(folder);
  if (!saved.has_tensors_crc32()) return LoadWeights(path, store);
  SafetensorsFile file;
  {
    GRADUS_ASSIGN_OR_RETURN(const std::string bytes, ReadFile(path, kMostWeightsBytes));
    // What is broken in itself says so; what is whole may still be another model's.
    GRADUS_ASSIGN_OR_RETURN(file, ParseSafetensors(bytes, path));
    if (Crc32(bytes) != saved.tensors_crc32()) {
      return absl::FailedPreconditionError(absl::StrCat(
          path, " was not saved with ", JoinPath(folder, "model.pbtxt"),
          ": its checksum is not the tensors_crc32 there; save the model again, or, when the "
          "weights were replaced on purpose, remove tensors_crc32"));
    }
  }
  return LoadTensors(path, file, store);
}

}  // namespace gradus
