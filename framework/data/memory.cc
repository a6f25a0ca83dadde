// Datasets over tensors and over a callback.

#include "gradus/data/memory.h"

#include <cstring>
#include <exception>

#include "gradus/base/status.h"
#include "gradus/data/growing_memory.h"

namespace gradus {
namespace {

absl::Status CheckRows(absl::Span<const int64_t> rows, int64_t size) {
  for (int64_t row : rows) {
    if (row < 0 || row >= size) {
      return absl::OutOfRangeError(absl::StrCat("row ", row, " is not in a dataset of ", size));
    }
  }
  return absl::OkStatus();
}

absl::Status CheckFields(absl::Span<const FieldSpec> fields) {
  if (fields.empty()) return absl::InvalidArgumentError("a dataset needs a field");
  for (size_t i = 0; i < fields.size(); ++i) {
    for (size_t j = 0; j < i; ++j) {
      if (fields[i].input == fields[j].input) {
        return absl::InvalidArgumentError(
            absl::StrCat("field \"", fields[i].input, "\" is there twice"));
      }
    }
    const absl::StatusOr<int64_t> elements = ElementCount(fields[i].dims);
    if (!elements.ok()) {
      return absl::InvalidArgumentError(
          absl::StrCat("field \"", fields[i].input, "\": ", elements.status().message()));
    }
    if (fields[i].dtype == DType::kInt64) {
      return absl::InvalidArgumentError(absl::StrCat(
          "field \"", fields[i].input, "\": INT64 is not a type of examples; give INT32"));
    }
  }
  return absl::OkStatus();
}

class TensorDataset : public Dataset {
 public:
  TensorDataset(std::vector<FieldSpec> fields, std::vector<Tensor> tensors, NameRow where,
                bool on_disk)
      : fields_(std::move(fields)),
        tensors_(std::move(tensors)),
        where_(std::move(where)),
        on_disk_(on_disk) {}

  absl::Span<const FieldSpec> fields() const override { return fields_; }
  int64_t size() const override { return tensors_[0].rows(); }
  const void* Contiguous(int field) const override { return tensors_[field].raw(); }
  bool in_memory() const override { return !on_disk_; }
  void LetGo() const override {
    if (!on_disk_) return;
    for (const Tensor& tensor : tensors_) {
      // Little tensors are as well kept.
      if (tensor.bytes() > kBytesAtHand / 8) LetGoOfPages(tensor.raw(), tensor.bytes());
    }
  }
  std::string Where(int64_t row, int field) const override {
    return where_ ? where_(row, field) : Dataset::Where(row, field);
  }

  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    GRADUS_RETURN_IF_ERROR(CheckRows(rows, size()));
    for (size_t field = 0; field < fields_.size(); ++field) {
      const int64_t bytes = fields_[field].elements() * ByteSize(fields_[field].dtype);
      const char* from = static_cast<const char*>(tensors_[field].raw());
      char* to = static_cast<char*>(destinations[field]);
      if (bytes == 0) continue;
      if (on_disk_) {
        GRADUS_RETURN_IF_ERROR(ReadRowsOnDisk(from, bytes, rows, to));
        continue;
      }
      for (int64_t row : rows) {
        std::memcpy(to, from + row * bytes, bytes);
        to += bytes;
      }
    }
    return absl::OkStatus();
  }

 private:
  const std::vector<FieldSpec> fields_;
  const std::vector<Tensor> tensors_;
  const NameRow where_;
  const bool on_disk_;
};

class CallbackDataset : public Dataset {
 public:
  CallbackDataset(std::vector<FieldSpec> fields, int64_t size, ReadRows read)
      : fields_(std::move(fields)), size_(size), read_(std::move(read)) {}

  absl::Span<const FieldSpec> fields() const override { return fields_; }
  int64_t size() const override { return size_; }

  absl::Status Read(absl::Span<const int64_t> rows,
                    absl::Span<void* const> destinations) const override {
    GRADUS_RETURN_IF_ERROR(CheckRows(rows, size_));
    try {
      return read_(rows, destinations);
    } catch (const std::exception& e) {
      return absl::InternalError(absl::StrCat("the callback of the examples threw: ", e.what()));
    } catch (...) {
      return absl::InternalError("the callback of the examples threw");
    }
  }

 private:
  const std::vector<FieldSpec> fields_;
  const int64_t size_;
  const ReadRows read_;
};

}  // namespace

std::shared_ptr<const Dataset> MakeTensorDataset(std::vector<FieldSpec> fields,
                                                 std::vector<Tensor> tensors, NameRow where,
                                                 bool on_disk) {
  GRADUS_CHECK(!fields.empty() && fields.size() == tensors.size());
  return std::make_shared<TensorDataset>(std::move(fields), std::move(tensors), std::move(where),
                                         on_disk);
}

absl::StatusOr<std::shared_ptr<const Dataset>> MakeMemoryDataset(
    std::vector<std::pair<std::string, Tensor>> fields) {
  std::vector<FieldSpec> specs;
  std::vector<Tensor> tensors;
  for (auto& [input, tensor] : fields) {
    if (tensor.rank() == 0) {
      return absl::InvalidArgumentError(
          absl::StrCat("field \"", input, "\": a scalar has no axis of examples"));
    }
    specs.push_back({input, tensor.dtype(), {tensor.dims().begin() + 1, tensor.dims().end()}});
    tensors.push_back(std::move(tensor));
  }
  GRADUS_RETURN_IF_ERROR(CheckFields(specs));
  for (size_t i = 1; i < tensors.size(); ++i) {
    if (tensors[i].rows() != tensors[0].rows()) {
      return absl::InvalidArgumentError(absl::StrCat("field \"", specs[i].input, "\" has ",
                                                     tensors[i].rows(), " rows, field \"",
                                                     specs[0].input, "\" has ", tensors[0].rows()));
    }
  }
  return MakeTensorDataset(std::move(specs), std::move(tensors), nullptr);
}

absl::StatusOr<std::shared_ptr<const Dataset>> MakeCallbackDataset(std::vector<FieldSpec> fields,
                                                                   int64_t size, ReadRows read) {
  GRADUS_RETURN_IF_ERROR(CheckFields(fields));
  for (const FieldSpec& field : fields) {
    if (field.dtype == DType::kFloat64) {
      return absl::InvalidArgumentError(absl::StrCat(
          "field \"", field.input, "\": a callback gives FLOAT32, INT32 or UINT8, not FLOAT64"));
    }
  }
  if (size < 0) return absl::InvalidArgumentError(absl::StrCat("size ", size, " is negative"));
  if (!read) return absl::InvalidArgumentError("the callback is empty");
  return std::shared_ptr<const Dataset>(
      std::make_shared<CallbackDataset>(std::move(fields), size, std::move(read)));
}

}  // namespace gradus
