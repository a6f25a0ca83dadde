// Training examples first: they fix the preprocessing that all others go through.

#include "gradus/data/open_data.h"

#include <cmath>
#include <new>
#include <utility>
#include <vector>

#include "absl/strings/str_join.h"
#include "gradus/base/status.h"
#include "gradus/data/csv.h"
#include "gradus/data/source.h"

namespace gradus {
namespace {

void NoMemory(const ConfigPath& path, Diagnostics* diagnostics) {
  diagnostics->Error("memory", path, "the examples do not fit into memory");
}

// How many of `rows` examples are trained on when a fraction is held out, or 0 on an error.
int64_t TrainingRows(int64_t rows, const ValidationConfig& validation, const ConfigPath& path,
                     Diagnostics* diagnostics) {
  const double fraction = validation.fraction();
  if (!(fraction >= 0 && fraction < 1)) {
    // A rule of the language, which has been checked unless a program made the configuration.
    if (diagnostics->ok()) {
      diagnostics->Error("out-of-range", path,
                         absl::StrCat("fraction ", fraction, " is not in [0, 1)"));
    }
    return 0;
  }
  if (fraction == 0) return rows;
  const int64_t kept =
      static_cast<int64_t>(std::floor(static_cast<double>(rows) * (1.0 - fraction)));
  if (kept < 1 || kept >= rows) {
    diagnostics->Error("data", path,
                       absl::StrCat("fraction ", fraction, " of ", rows, " examples ",
                                    kept < 1 ? "leaves none to train on" : "holds out none"));
    return 0;
  }
  return kept;
}

// The rows of the training source that are trained on, and those that are held out. What is to be
// learned of them is learned; false on a finding.
bool OpenTraining(const DataConfig& config, const ConfigPath& root, Role role,
                  const Preprocessing& trained, const SourceContext& context, DataSplits* splits) {
  Source train = OpenRawSource(config.train(), root.Child("train"), role, trained, context);
  if (train.raw == nullptr) return false;
  int64_t kept = train.raw->size();
  if (config.validation().has_fraction()) {
    kept = TrainingRows(kept, config.validation(), root.Child("validation").Child("fraction"),
                        context.diagnostics);
  }
  if (kept == 0) return false;
  bool learned = true;
  std::vector<InputTransform> transforms;
  for (Feed& feed : train.feeds) {
    if (learned && feed.standardise) {
      const absl::Status status = LearnTransform(*train.raw, feed.raw_field, kept, &feed.transform);
      if (!status.ok()) context.diagnostics->Error("data", feed.path, status.message());
      learned = status.ok();
    }
    transforms.push_back(feed.transform);
  }
  if (!learned) return false;
  splits->preprocessing = Preprocessing(std::move(transforms));
  splits->train = Prepare(train, context.inputs, 0, kept);
  const int64_t held_out = train.raw->size() - kept;
  if (held_out > 0) splits->validation = Prepare(train, context.inputs, kept, held_out);
  return true;
}

// `trained` is null when the training examples are to fix the preprocessing.
DataSplits OpenSplits(const DataConfig& config, const Preprocessing* trained,
                      const SourceContext& context) {
  const ConfigPath root = ConfigPath().Child("data");
  const ConfigPath validation_path = root.Child("validation");
  Diagnostics* diagnostics = context.diagnostics;
  DataSplits splits;
  Role others = Role::kUnknown;
  if (trained != nullptr) {
    splits.preprocessing = *trained;
    others = Role::kTrained;
  }

  if (config.has_train()) {
    const Role role = trained == nullptr ? Role::kTraining : Role::kTrained;
    const Preprocessing given = splits.preprocessing;
    if (OpenTraining(config, root, role, given, context, &splits)) others = Role::kTrained;
  } else if (config.validation().has_fraction()) {
    diagnostics->Error("missing", validation_path.Child("fraction"),
                       "a fraction of the training examples, and data.train is not set");
  }

  const auto open = [&](const SourceConfig& source, const ConfigPath& path) {
    const Source opened = OpenRawSource(source, path, others, splits.preprocessing, context);
    if (opened.raw == nullptr || others != Role::kTrained) return std::shared_ptr<const Dataset>();
    return Prepare(opened, context.inputs, 0, opened.raw->size());
  };
  if (config.validation().has_source()) {
    splits.validation = open(config.validation().source(), validation_path.Child("source"));
  }
  if (config.has_test()) splits.test = open(config.test(), root.Child("test"));
  if (trained == nullptr && !config.has_train() &&
      (config.has_test() || config.validation().has_source())) {
    diagnostics->Error("missing", root,
                       "data.train is not set: it says how values are preprocessed");
  }
  return splits;
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenCsv(const std::string& file,
                                                       absl::Span<const FieldSpec> inputs,
                                                       const Preprocessing& preprocessing) {
  GRADUS_ASSIGN_OR_RETURN(const CsvFile csv, CsvFile::OpenFileOrPipe(file));
  Source source;
  std::vector<FieldSpec> specs;
  std::vector<CsvSelection> selections;
  std::vector<std::string> missing;
  for (const FieldSpec& input : inputs) {
    const InputTransform* transform = preprocessing.Find(input.input);
    const auto error = [&input](auto&&... what) {
      return absl::InvalidArgumentError(absl::StrCat("input \"", input.input, "\" ", what...));
    };
    if (transform == nullptr || transform->columns.empty()) {
      return error("was not fed from a CSV file in training: no columns are known for it");
    }
    const int64_t count = static_cast<int64_t>(transform->columns.size());
    if (count != input.elements()) {
      return error("has ", input.elements(), " elements, and ", count, " columns are saved for it");
    }
    CsvSelection selection;
    selection.dtype = CsvType(input.dtype);
    for (const std::string& name : transform->columns) {
      const int column = csv.Find(name);
      selection.columns.push_back(column);
      if (column < 0) missing.push_back(absl::StrCat("\"", name, "\""));
    }
    source.feeds.push_back({static_cast<int>(specs.size()), *transform, false, {}});
    specs.push_back({input.input, selection.dtype, {count}});
    selections.push_back(std::move(selection));
  }
  if (!missing.empty()) {
    return absl::InvalidArgumentError(absl::StrCat(
        file, ":1:1: no column ", absl::StrJoin(missing, ", "), "; the model was trained on it"));
  }
  GRADUS_ASSIGN_OR_RETURN(CsvTable table, csv.Read(selections));
  const int64_t rows = table.lines.size();
  source.raw =
      MakeCsvDataset(file, std::move(specs), std::move(table.fields), std::move(table.lines));
  return Prepare(source, inputs, 0, rows);
}

}  // namespace

DataSplits OpenData(const DataConfig& config, absl::Span<const FieldSpec> inputs,
                    const std::string& directory, const MemoryDatasets& memory,
                    Diagnostics* diagnostics) try {
  return OpenSplits(config, nullptr, {inputs, directory, &memory, diagnostics});
} catch (const std::bad_alloc&) {
  NoMemory(ConfigPath().Child("data"), diagnostics);
  return {};
}

DataSplits OpenDataForModel(const DataConfig& config, absl::Span<const FieldSpec> inputs,
                            const std::string& directory, const MemoryDatasets& memory,
                            const Preprocessing& preprocessing, Diagnostics* diagnostics) try {
  return OpenSplits(config, &preprocessing, {inputs, directory, &memory, diagnostics});
} catch (const std::bad_alloc&) {
  NoMemory(ConfigPath().Child("data"), diagnostics);
  return {};
}

std::shared_ptr<const Dataset> OpenSource(const SourceConfig& source, const ConfigPath& path,
                                          absl::Span<const FieldSpec> inputs,
                                          const std::string& directory,
                                          const MemoryDatasets& memory,
                                          const Preprocessing& preprocessing,
                                          Diagnostics* diagnostics) try {
  const SourceContext context = {inputs, directory, &memory, diagnostics};
  const Source opened = OpenRawSource(source, path, Role::kTrained, preprocessing, context);
  if (opened.raw == nullptr) return nullptr;
  return Prepare(opened, inputs, 0, opened.raw->size());
} catch (const std::bad_alloc&) {
  NoMemory(path, diagnostics);
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenCsvForModel(
    const std::string& file, absl::Span<const FieldSpec> inputs,
    const Preprocessing& preprocessing) try {
  return OpenCsv(file, inputs, preprocessing);
} catch (const std::bad_alloc&) {
  return absl::ResourceExhaustedError(absl::StrCat(file, ": does not fit into memory"));
}

}  // namespace gradus
