// Training examples first: they fix the preprocessing that all others go through.

#include "gradus/data/open_data.h"

#include <algorithm>
#include <new>
#include <unordered_map>
#include <utility>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/data/check_weights.h"
#include "gradus/data/csv_fields.h"
#include "gradus/data/source.h"

namespace gradus {
namespace {

void NoMemory(const ConfigPath& path, Diagnostics* diagnostics) {
  diagnostics->Error("memory", path, "the examples do not fit into memory");
}

// The inputs as the training source makes them: their dims are known.
std::vector<FieldSpec> Resolved(absl::Span<const FieldSpec> inputs, const Source& source) {
  std::vector<FieldSpec> resolved(inputs.begin(), inputs.end());
  for (size_t i = 0; i < resolved.size(); ++i) {
    if (!resolved[i].any_dims) continue;
    resolved[i].any_dims = false;
    resolved[i].dims = source.feeds[i].dims;
  }
  return resolved;
}

// As they are: a trained model's shapes are known.
std::vector<FieldSpec> Known(absl::Span<const FieldSpec> inputs) {
  std::vector<FieldSpec> known(inputs.begin(), inputs.end());
  for (FieldSpec& input : known) input.any_dims = false;
  return known;
}

// Texts, which were counted in the order in which the file has them, into the order of their places in the model.
void SortByPlace(const std::vector<std::string>& places, ClassesOfSplit* classes) {
  std::unordered_map<std::string, size_t> known;
  for (size_t k = 0; k < places.size(); ++k) known.emplace(places[k], k);
  std::vector<std::pair<size_t, size_t>>
      order;  // Place, and which of the classes; others are last.
  for (size_t k = 0; k < classes->names.size(); ++k) {
    const auto found = known.find(classes->names[k]);
    order.emplace_back(found == known.end() ? places.size() : found->second, k);
  }
  std::sort(order.begin(), order.end());
  ClassesOfSplit sorted;
  sorted.input = classes->input;
  for (const auto& each : order) {
    sorted.classes.push_back(classes->classes[each.second]);
    sorted.names.push_back(classes->names[each.second]);
  }
  *classes = std::move(sorted);
}

// The texts that codes stand for, the names that places have, or the numbers themselves.
void NameClasses(const Source& source, const Preprocessing& preprocessing,
                 ClassesOfSplit* named_classes) {
  ClassesOfSplit& classes = *named_classes;
  const std::vector<std::string> places = preprocessing.ClassNames(classes.input);
  std::vector<std::string> texts = places;
  bool coded = false;
  for (const Feed& feed : source.feeds) {
    // A field of numbers has no texts.
    if (feed.transform.input != classes.input || feed.texts.empty()) continue;
    if (feed.texts[0].empty()) continue;
    texts = feed.texts[0][0];
    coded = true;
  }
  std::vector<std::string>& names = classes.names;
  for (const ClassSplit& one : classes.classes) {
    const bool named = one.key >= 0 && one.key < static_cast<int64_t>(texts.size());
    const bool missing = one.key < 0 && !texts.empty();
    names.push_back(named     ? texts[static_cast<size_t>(one.key)]
                    : missing ? "(missing)"
                              : absl::StrCat(one.key));
  }
  if (coded) SortByPlace(places, &classes);
}

// The rows of the training source that are trained on, and those that are held out. What is to be
// learned of them is learned; false on a finding.
bool OpenTraining(const DataConfig& config, const ConfigPath& root, Role role,
                  const Preprocessing& trained, const SourceContext& context, DataSplits* splits) {
  Source train = OpenRawSource(config.train(), root.Child("train"), role, trained, context);
  if (train.raw == nullptr) return false;
  HeldOut rows;
  if (!ChooseRows(config, root, train, context, &rows)) return false;
  if (role == Role::kTraining && !LearnFeeds(rows.training, &train, context)) return false;
  splits->inputs = Resolved(context.inputs, train);
  std::vector<InputTransform> transforms;
  for (const Feed& feed : train.feeds) transforms.push_back(feed.transform);
  splits->preprocessing = Preprocessing(std::move(transforms));
  splits->train = CheckWeights(Prepare(train, splits->inputs, rows.training));
  if (rows.held_out.size() > 0) {
    splits->validation = CheckWeights(Prepare(train, splits->inputs, rows.held_out));
  }
  if (rows.test.size() > 0) {
    splits->test = CheckWeights(Prepare(train, splits->inputs, rows.test));
  }
  splits->classes = std::move(rows.classes);
  NameClasses(train, splits->preprocessing, &splits->classes);
  return true;
}

// `trained` is null when the training examples are to fix the preprocessing.
DataSplits OpenSplits(const DataConfig& config, const Preprocessing* trained,
                      const SourceContext& context) {
  const ConfigPath root = ConfigPath().Child("data");
  const ConfigPath validation_path = root.Child("validation");
  Diagnostics* diagnostics = context.diagnostics;
  DataSplits splits;
  splits.inputs.assign(context.inputs.begin(), context.inputs.end());
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
  } else if (config.has_test_fraction()) {
    diagnostics->Error("missing", root.Child("test_fraction"),
                       "a fraction of the training examples, and data.train is not set");
  }
  if (config.has_test() && config.has_test_fraction()) {
    diagnostics->Error("conflict", root.Child("test_fraction"),
                       "a fraction of the training examples, and the test examples are their own");
  } else if (config.has_test_seed() && !config.has_test_fraction()) {
    diagnostics->Error("conflict", root.Child("test_seed"),
                       "test_seed is of a sample, and test_fraction is not set");
  }

  SourceContext resolved = context;
  resolved.inputs = splits.inputs;
  const auto open = [&](const SourceConfig& source, const ConfigPath& path) {
    const Source opened = OpenRawSource(source, path, others, splits.preprocessing, resolved);
    if (opened.raw == nullptr || others != Role::kTrained) return std::shared_ptr<const Dataset>();
    return CheckWeights(Prepare(opened, resolved.inputs, Rows::Range(0, opened.raw->size())));
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
  // Nothing is going to say another width: without a shape it is one number, as without a data part.
  if (!config.has_train() && diagnostics->ok()) splits.inputs = Known(splits.inputs);
  return splits;
}

}  // namespace

DataSplits OpenData(const DataConfig& config, absl::Span<const FieldSpec> inputs,
                    const std::string& directory, const MemoryDatasets& memory,
                    Diagnostics* diagnostics) try {
  return OpenSplits(config, nullptr, {inputs, directory, &memory, diagnostics});
} catch (const std::bad_alloc&) {
  NoMemory(ConfigPath().Child("data"), diagnostics);
  DataSplits none;
  none.inputs.assign(inputs.begin(), inputs.end());
  return none;
}

DataSplits OpenDataForModel(const DataConfig& config, absl::Span<const FieldSpec> inputs,
                            const std::string& directory, const MemoryDatasets& memory,
                            const Preprocessing& preprocessing, Diagnostics* diagnostics) try {
  const std::vector<FieldSpec> known = Known(inputs);
  return OpenSplits(config, &preprocessing, {known, directory, &memory, diagnostics});
} catch (const std::bad_alloc&) {
  NoMemory(ConfigPath().Child("data"), diagnostics);
  DataSplits none;
  none.inputs.assign(inputs.begin(), inputs.end());
  return none;
}

std::shared_ptr<const Dataset> OpenSource(const SourceConfig& source, const ConfigPath& path,
                                          absl::Span<const FieldSpec> inputs,
                                          const std::string& directory,
                                          const MemoryDatasets& memory,
                                          const Preprocessing& preprocessing,
                                          Diagnostics* diagnostics) try {
  const std::vector<FieldSpec> known = Known(inputs);
  const SourceContext context = {known, directory, &memory, diagnostics};
  const Source opened = OpenRawSource(source, path, Role::kTrained, preprocessing, context);
  if (opened.raw == nullptr) return nullptr;
  return CheckWeights(Prepare(opened, known, Rows::Range(0, opened.raw->size())));
} catch (const std::bad_alloc&) {
  NoMemory(path, diagnostics);
  return nullptr;
}

absl::StatusOr<std::shared_ptr<const Dataset>> OpenCsvForModel(const std::string& file,
                                                               absl::Span<const FieldSpec> inputs,
                                                               const Preprocessing& preprocessing,
                                                               const CsvDialect& dialect) try {
  GRADUS_ASSIGN_OR_RETURN(const CsvFile csv, CsvFile::OpenFileOrPipe(file, dialect));
  GRADUS_ASSIGN_OR_RETURN(std::shared_ptr<const Dataset> dataset,
                          PrepareCsvForModel(csv, dialect, Known(inputs), preprocessing));
  return CheckWeights(std::move(dataset));
} catch (const std::bad_alloc&) {
  return absl::ResourceExhaustedError(absl::StrCat(file, ": does not fit into memory"));
}

}  // namespace gradus
