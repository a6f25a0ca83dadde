// What all readers share: inputs are claimed, plans of values and shapes are checked.

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_join.h"
#include "google/protobuf/descriptor.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/data/convert.h"
#include "gradus/data/reader.h"

namespace gradus {
namespace {

using google::protobuf::FieldDescriptor;

// The choice that is set: a field of the oneof, or an extension that a reader is registered for.
const FieldDescriptor* KindOf(const SourceConfig& config) {
  std::vector<const FieldDescriptor*> set;
  config.GetReflection()->ListFields(config, &set);
  for (const FieldDescriptor* field : set) {
    if (Registry<Reader>::Get().Find(field->full_name()) != nullptr) return field;
  }
  return set.empty() ? nullptr : set[0];
}

std::string KindNames() {
  std::vector<std::string> names;
  for (const std::string& key : Registry<Reader>::Get().Keys()) {
    names.push_back(key.substr(key.rfind('.') + 1));
  }
  return absl::StrJoin(names, ", ");
}

std::string Examples(int64_t n) { return absl::StrCat(n, n == 1 ? " example" : " examples"); }

}  // namespace

std::string DidYouMean(absl::string_view name, absl::Span<const std::string> names) {
  const std::string near = Nearest(name, names);
  return near.empty() ? "" : absl::StrCat("did you mean ", Quoted(near), "?");
}

std::shared_ptr<const Dataset> Opening::OpenInner(const SourceConfig& config,
                                                  const ConfigPath& path) {
  const FieldDescriptor* kind = KindOf(config);
  if (kind == nullptr) {
    // The rule of SourceConfig has been broken; say so to a program that did not check it.
    if (context_.diagnostics->ok()) {
      Error("missing", path, absl::StrCat("none of ", KindNames(), " is set"));
    }
    failed_ = true;
    return nullptr;
  }
  const ConfigPath kind_path =
      path.Child(kind->is_extension() ? absl::StrCat("(", kind->full_name(), ")") : kind->name());
  const Reader* reader = Registry<Reader>::Get().Find(kind->full_name());
  if (reader == nullptr || reader->config_type() != kind->message_type()) {
    Error("not-registered", kind_path,
          absl::StrCat("no reader is registered for ", kind->full_name()));
    return nullptr;
  }
  raw_ = nullptr;
  ++depth_;
  const int first_field = first_field_;
  reader->OpenFrom(config.GetReflection()->GetMessage(config, kind), kind_path, this);
  --depth_;
  std::shared_ptr<const Dataset> raw = std::move(raw_);
  raw_ = nullptr;
  if (raw != nullptr) first_field_ = first_field + static_cast<int>(raw->fields().size());
  if (depth_ == 0 && role_ != Role::kUnknown && fields_known_) {
    for (int i = 0; i < static_cast<int>(inputs().size()); ++i) {
      if (claimed_.count(i) > 0) continue;
      Error("missing", kind_path, absl::StrCat("nothing feeds input \"", input(i).input, "\""));
    }
  }
  if (failed_ || raw == nullptr) return nullptr;
  if (raw->size() == 0) {
    Error("data", path, "there are no examples");
    return nullptr;
  }
  return raw;
}

void Opening::Error(absl::string_view code, const ConfigPath& path, absl::string_view message,
                    absl::string_view hint) {
  failed_ = true;
  context_.diagnostics->Error(code, path, message, hint);
}

void Opening::RuleBroken(absl::string_view code, const ConfigPath& path,
                         absl::string_view message) {
  if (context_.diagnostics->ok()) Error(code, path, message);
  failed_ = true;
}

std::string Opening::Resolve(const std::string& path) const {
  return context_.directory.empty() ? path : JoinPath(context_.directory, path);
}

int Opening::FindInput(absl::string_view name) const {
  for (int i = 0; i < static_cast<int>(inputs().size()); ++i) {
    if (input(i).input == name) return i;
  }
  return -1;
}

const InputTransform* Opening::Trained(absl::string_view input) const {
  return role_ == Role::kTrained ? trained_.Find(input) : nullptr;
}

int Opening::Claim(const std::string& name, const ConfigPath& path) {
  const int i = FindInput(name);
  if (i < 0) {
    std::vector<std::string> names;
    for (const FieldSpec& spec : inputs()) names.push_back(spec.input);
    Error("unknown-name", path, absl::StrCat("the model has no input \"", name, "\""),
          DidYouMean(name, names));
    return -1;
  }
  if (!claimed_.insert(i).second) {
    Error("duplicate", path, absl::StrCat("input \"", name, "\" is fed twice"));
    return -1;
  }
  Feed& feed = feeds_[i];
  feed.path = path;
  feed.transform.input = name;
  const InputTransform* trained = Trained(name);
  if (trained == nullptr) return i;
  feed.transform = *trained;
  const int64_t learned =
      trained->treatments.empty() ? static_cast<int64_t>(trained->mean.size()) : trained->width();
  if (learned != 0 && learned != input(i).elements()) {
    Error("shape", path,
          absl::StrCat("input \"", name, "\" has ", input(i).elements(),
                       " elements, its preprocessing ", learned));
  }
  return i;
}

int Opening::Claim(const std::string& name, const ConfigPath& path, int raw_field) {
  const int i = Claim(name, path);
  if (i >= 0) feeds_[i].raw_fields = {first_field_ + raw_field};
  return i;
}

void Opening::PlanValues(const FieldValues& values, const ConfigPath& path, int i) {
  Feed& feed = feeds_[i];
  if (role_ == Role::kTrained) {
    if (!feed.transform.treatments.empty()) {
      if (values.has_divide_by || values.has_standardise) {
        Error("mismatch", path,
              absl::StrCat("the columns of input \"", values.input,
                           "\" were treated one by one in training"),
              "leave out divide_by and standardise: what was learned is used");
      }
      return;
    }
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
    RuleBroken("out-of-range", path.Child("divide_by"),
               absl::StrCat("divide_by ", values.divide_by, " is not positive"));
  }
  if (input(i).dtype != DType::kFloat32 && (feed.standardise || values.divide_by != 1)) {
    Error("type", path,
          absl::StrCat("input \"", values.input, "\" is ", Name(input(i).dtype),
                       "; only FLOAT32 can be ", feed.standardise ? "standardised" : "divided"));
  }
}

void Opening::CheckFits(int i, DType dtype, absl::Span<const int64_t> dims, const ConfigPath& path,
                        absl::string_view what) {
  const FieldSpec& spec = input(i);
  Feed& feed = feeds_[i];
  int64_t elements = 1;
  for (int64_t dim : dims) elements *= dim;
  const bool any = spec.any_dims && role_ != Role::kTrained;
  feed.dims = any ? std::vector<int64_t>(dims.begin(), dims.end()) : spec.dims;
  const InputTransform& transform = feed.transform;
  if (!transform.treatments.empty()) {
    // Raw cells as numbers: a category is its place.
    const int64_t columns = static_cast<int64_t>(transform.treatments.size());
    if (elements != columns) {
      Error("shape", path,
            absl::StrCat("input \"", spec.input, "\" has ", columns, " columns; ", what, " has ",
                         elements, " ([", absl::StrJoin(dims, ", "), "])"));
    }
    if (dtype == DType::kInt64) {
      Error("type", path,
            absl::StrCat("input \"", spec.input, "\" is ", Name(spec.dtype), "; ", what, " is ",
                         Name(dtype)));
    }
    feed.parts = {{dtype, columns}};
    feed.cells.clear();
    for (int c = 0; c < static_cast<int>(columns); ++c) feed.cells.push_back({0, c});
    return;
  }
  if (!any && elements != spec.elements()) {
    Error("shape", path,
          absl::StrCat("input \"", spec.input, "\" is ", spec.ToString(), ", that is ",
                       spec.elements(), " numbers an example; ", what, " has ", elements, " ([",
                       absl::StrJoin(dims, ", "), "])"));
  }
  if (!CanConvert(dtype, spec.dtype)) {
    Error("type", path,
          absl::StrCat("input \"", spec.input, "\" is ", Name(spec.dtype), "; ", what, " is ",
                       Name(dtype)));
  }
}

void TensorFields::AddTensor(const FieldValues& values, const ConfigPath& path,
                             const ConfigPath& from, const std::string& name,
                             absl::StatusOr<Tensor> tensor) {
  const int i =
      opening_->Claim(values.input, path.Child("input"), static_cast<int>(tensors_.size()));
  if (i >= 0) {
    opening_->feed(i).path = path;
    opening_->PlanValues(values, path, i);
  }
  if (!tensor.ok()) {
    opening_->Error("file", from, tensor.status().message());
    return;
  }
  if (tensor->rank() == 0) {
    opening_->Error("shape", from,
                    absl::StrCat(name, " is one number without an axis of examples"));
    return;
  }
  if (tensor->rows() == 0) {
    opening_->Error("data", from, absl::StrCat(name, ": there are no examples in it"));
    return;
  }
  const std::vector<int64_t> dims(tensor->dims().begin() + 1, tensor->dims().end());
  if (i >= 0) opening_->CheckFits(i, tensor->dtype(), dims, path, name);
  if (!tensors_.empty() && tensor->rows() != tensors_[0].rows()) {
    opening_->Error("shape", from,
                    absl::StrCat(name, " has ", Examples(tensor->rows()), ", ", names_[0], " has ",
                                 tensors_[0].rows()));
  }
  specs_.push_back({values.input, tensor->dtype(), dims});
  tensors_.push_back(*std::move(tensor));
  names_.push_back(name);
}

void TensorFields::Finish() {
  if (opening_->failed() || tensors_.empty()) return;
  opening_->Give(MakeTensorDataset(std::move(specs_), std::move(tensors_),
                                   [names = std::move(names_)](int64_t row, int field) {
                                     return absl::StrCat(names[field], ": row ", row);
                                   }));
}

}  // namespace gradus
