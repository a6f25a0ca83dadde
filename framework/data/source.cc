// Sources, kind by kind: plan the fields, look at the file, compare, read. CSV is in source_csv.cc.

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_join.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/convert.h"
#include "gradus/data/idx.h"
#include "gradus/data/prepared_dataset.h"
#include "gradus/data/source_opener.h"

namespace gradus {
namespace {

std::string Examples(int64_t n) { return absl::StrCat(n, n == 1 ? " example" : " examples"); }

}  // namespace

std::string DidYouMean(absl::string_view name, absl::Span<const std::string> names) {
  const std::string near = Nearest(name, names);
  return near.empty() ? "" : absl::StrCat("did you mean \"", near, "\"?");
}

Source SourceOpener::Open(const SourceConfig& config, const ConfigPath& path) {
  switch (config.kind_case()) {
    case SourceConfig::kCsv:
      OpenCsv(config.csv(), path.Child("csv"));
      break;
    case SourceConfig::kIdx:
      OpenIdx(config.idx(), path.Child("idx"));
      break;
    case SourceConfig::kMemory:
      OpenMemory(config.memory(), path.Child("memory"));
      break;
    case SourceConfig::KIND_NOT_SET:
      // The rule of SourceConfig has been broken; say so to a program that did not check it.
      if (context_.diagnostics->ok()) Error("missing", path, "none of csv, idx, memory is set");
      return {};
  }
  if (failed_ || raw_ == nullptr) return {};
  if (raw_->size() == 0) {
    Error("data", path, "there are no examples");
    return {};
  }
  return {std::move(raw_), std::move(feeds_)};
}

void SourceOpener::Error(absl::string_view code, const ConfigPath& path, absl::string_view message,
                         absl::string_view hint) {
  failed_ = true;
  context_.diagnostics->Error(code, path, message, hint);
}

std::string SourceOpener::Resolve(const std::string& path) const {
  return context_.directory.empty() ? path : JoinPath(context_.directory, path);
}

int SourceOpener::FindInput(absl::string_view name) const {
  for (int i = 0; i < input_count(); ++i) {
    if (input(i).input == name) return i;
  }
  return -1;
}

int SourceOpener::Claim(const std::string& name, const ConfigPath& path, int raw_field) {
  const int i = FindInput(name);
  if (i < 0) {
    std::vector<std::string> names;
    for (const FieldSpec& spec : context_.inputs) names.push_back(spec.input);
    Error("unknown-name", path, absl::StrCat("the model has no input \"", name, "\""),
          DidYouMean(name, names));
    return -1;
  }
  if (feeds_[i].raw_field >= 0) {
    Error("duplicate", path, absl::StrCat("input \"", name, "\" is fed twice"));
    return -1;
  }
  feeds_[i].raw_field = raw_field;
  feeds_[i].path = path;
  feeds_[i].transform.input = name;
  if (role_ != Role::kTrained) return i;
  const InputTransform* transform = trained_.Find(name);
  if (transform != nullptr) feeds_[i].transform = *transform;
  const size_t learned = feeds_[i].transform.mean.size();
  if (learned != 0 && static_cast<int64_t>(learned) != input(i).elements()) {
    Error("shape", path,
          absl::StrCat("input \"", name, "\" has ", input(i).elements(),
                       " elements, its preprocessing ", learned));
  }
  return i;
}

void SourceOpener::PlanValues(const Values& values, const ConfigPath& path, int i) {
  Feed& feed = feeds_[i];
  if (role_ == Role::kTrained) {
    if (values.has_divide_by && values.divide_by != feed.transform.divide_by) {
      Error("mismatch", path.Child("divide_by"),
            absl::StrCat("divide_by ", values.divide_by, " is not the ", feed.transform.divide_by,
                         " of training"));
    }
    if (values.has_standardise && values.standardise == feed.transform.mean.empty()) {
      Error("mismatch", path.Child("standardise"),
            absl::StrCat("input \"", values.input, "\" was ",
                         feed.transform.mean.empty() ? "not standardised" : "standardised",
                         " in training"));
    }
    return;
  }
  feed.transform.divide_by = values.divide_by;
  feed.standardise = values.standardise;
  if (!(values.divide_by > 0) || !std::isfinite(values.divide_by)) {
    // A rule of the language, which has been checked unless a program made the configuration.
    if (context_.diagnostics->ok()) {
      Error("out-of-range", path.Child("divide_by"),
            absl::StrCat("divide_by ", values.divide_by, " is not positive"));
    }
    failed_ = true;
  }
  if (input(i).dtype != DType::kFloat32 && (feed.standardise || values.divide_by != 1)) {
    Error("type", path,
          absl::StrCat("input \"", values.input, "\" is ", Name(input(i).dtype),
                       "; only FLOAT32 can be ", feed.standardise ? "standardised" : "divided"));
  }
}

void SourceOpener::CheckAllFed(const ConfigPath& path) {
  if (role_ == Role::kUnknown) return;
  for (int i = 0; i < input_count(); ++i) {
    if (feeds_[i].raw_field >= 0) continue;
    Error("missing", path, absl::StrCat("nothing feeds input \"", input(i).input, "\""));
  }
}

void SourceOpener::CheckFits(int i, DType dtype, absl::Span<const int64_t> dims,
                             const ConfigPath& path, absl::string_view what) {
  int64_t elements = 1;
  for (int64_t dim : dims) elements *= dim;
  if (elements != input(i).elements()) {
    Error("shape", path,
          absl::StrCat("input \"", input(i).input, "\" is ", input(i).ToString(), ", that is ",
                       input(i).elements(), " numbers an example; ", what, " has ", elements, " ([",
                       absl::StrJoin(dims, ", "), "])"));
  }
  if (!CanConvert(dtype, input(i).dtype)) {
    Error("type", path,
          absl::StrCat("input \"", input(i).input, "\" is ", Name(input(i).dtype), "; ", what,
                       " is ", Name(dtype)));
  }
}

void SourceOpener::OpenIdx(const IdxSource& config, const ConfigPath& path) {
  std::vector<FieldSpec> specs;
  std::vector<Tensor> tensors;
  std::vector<std::string> files;
  for (int k = 0; k < config.field_size(); ++k) {
    const IdxField& field = config.field(k);
    const ConfigPath here = path.Child("field", k, "");
    const int i = Claim(field.input(), here.Child("input"), static_cast<int>(tensors.size()));
    if (i >= 0) {
      feeds_[i].path = here;
      PlanValues(ValuesOf(field), here, i);
    }
    const std::string name = Resolve(field.path());
    absl::StatusOr<Tensor> tensor = ReadIdx(name);
    if (!tensor.ok()) {
      Error("file", here.Child("path"), tensor.status().message());
      continue;
    }
    const std::vector<int64_t> dims(tensor->dims().begin() + 1, tensor->dims().end());
    if (i >= 0) CheckFits(i, tensor->dtype(), dims, here, name);
    if (!tensors.empty() && tensor->rows() != tensors[0].rows()) {
      Error("shape", here.Child("path"),
            absl::StrCat(name, " has ", Examples(tensor->rows()), ", ", files[0], " has ",
                         tensors[0].rows()));
    }
    specs.push_back({field.input(), tensor->dtype(), dims});
    tensors.push_back(*std::move(tensor));
    files.push_back(name);
  }
  CheckAllFed(path);
  if (failed_ || tensors.empty()) return;
  raw_ = MakeTensorDataset(std::move(specs), std::move(tensors), [files](int64_t row, int field) {
    return absl::StrCat(files[field], ": row ", row);
  });
}

void SourceOpener::OpenMemory(const MemorySource& config, const ConfigPath& path) {
  const auto found = context_.memory->find(config.name());
  if (found == context_.memory->end() || found->second == nullptr) {
    std::vector<std::string> names;
    for (const auto& [name, dataset] : *context_.memory) names.push_back(name);
    return Error("unknown-name", path.Child("name"),
                 absl::StrCat("the program gives no examples called \"", config.name(), "\""),
                 DidYouMean(config.name(), names));
  }
  const Dataset& dataset = *found->second;
  std::vector<std::string> names;
  for (int f = 0; f < static_cast<int>(dataset.fields().size()); ++f) {
    const FieldSpec& spec = dataset.fields()[f];
    names.push_back(spec.input);
    const int i = Claim(spec.input, path, f);
    if (i < 0) continue;
    CheckFits(i, spec.dtype, spec.dims, path, absl::StrCat("the field of \"", config.name(), "\""));
    if (spec.dtype == DType::kFloat64 && dataset.Contiguous(f) == nullptr) {
      Error("type", path, absl::StrCat("input \"", spec.input, "\": FLOAT64 only from memory"));
    }
  }
  std::vector<std::string> said;
  for (int k = 0; k < config.field_size(); ++k) {
    const MemoryField& field = config.field(k);
    const ConfigPath here = path.Child("field", k, "");
    if (std::find(names.begin(), names.end(), field.input()) == names.end()) {
      Error("unknown-name", here.Child("input"),
            absl::StrCat("\"", config.name(), "\" has no field \"", field.input(), "\""),
            DidYouMean(field.input(), names));
    } else if (std::find(said.begin(), said.end(), field.input()) != said.end()) {
      Error("duplicate", here.Child("input"),
            absl::StrCat("field \"", field.input(), "\" is there twice"));
    } else if (const int i = FindInput(field.input()); i >= 0) {
      feeds_[i].path = here;
      PlanValues(ValuesOf(field), here, i);
      said.push_back(field.input());
    }
  }
  CheckAllFed(path);
  if (!failed_) raw_ = found->second;
}

Source OpenRawSource(const SourceConfig& config, const ConfigPath& path, Role role,
                     const Preprocessing& trained, const SourceContext& context) {
  return SourceOpener(role, trained, context).Open(config, path);
}

std::shared_ptr<const Dataset> Prepare(const Source& source, absl::Span<const FieldSpec> inputs,
                                       int64_t first, int64_t count) {
  std::vector<int> fields;
  std::vector<InputTransform> transforms;
  for (const Feed& feed : source.feeds) {
    fields.push_back(feed.raw_field);
    transforms.push_back(feed.transform);
  }
  return MakePreparedDataset(source.raw, {inputs.begin(), inputs.end()}, std::move(fields),
                             std::move(transforms), first, count);
}

}  // namespace gradus
