// Tensors of one safetensors file; framework/train/safetensors.h says what is in it.
//
//   train { safetensors { path: "train.safetensors"
//     field { input: "image" tensor: "pixels" divide_by: 255 }
//     field { input: "label" } } }                               # the tensor "label"
//
// NOTE: I64, which labels usually are, becomes INT32 when all numbers fit.

#include "gradus/train/safetensors.h"

#include <limits>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"
#include "gradus/data/reader.h"

namespace gradus {
namespace {

// A tensor's numbers as examples have them.
absl::StatusOr<Tensor> AsExamples(const std::string& name, const Tensor& tensor) {
  if (tensor.dtype() != DType::kInt64) return tensor;
  GRADUS_ASSIGN_OR_RETURN(Tensor whole, Tensor::Create(DType::kInt32, tensor.dims()));
  const absl::Span<const int64_t> from = tensor.data<int64_t>();
  const absl::Span<int32_t> to = whole.mutable_data<int32_t>();
  for (size_t i = 0; i < from.size(); ++i) {
    if (from[i] < std::numeric_limits<int32_t>::min() ||
        from[i] > std::numeric_limits<int32_t>::max()) {
      return absl::InvalidArgumentError(
          absl::StrCat(name, ": element ", i, " is ", from[i], ", which does not fit INT32"));
    }
    to[i] = static_cast<int32_t>(from[i]);
  }
  return whole;
}

class Safetensors : public TypedReader<SafetensorsSource> {
  void Open(const SafetensorsSource& config, const ConfigPath& path,
            Opening* opening) const override {
    const std::string name = opening->Resolve(config.path());
    const absl::StatusOr<SafetensorsFile> file = ReadSafetensors(name);
    std::vector<std::string> names;
    if (file.ok()) {
      for (const NamedTensor& named : file->tensors) names.push_back(named.name);
    } else {
      opening->Error("file", path.Child("path"), file.status().message());
    }
    TensorFields fields(opening);
    for (int k = 0; k < config.field_size(); ++k) {
      const SafetensorsField& field = config.field(k);
      const ConfigPath here = path.Child("field", k, "");
      const std::string tensor = field.has_tensor() ? field.tensor() : field.input();
      const std::string place = absl::StrCat(name, ": tensor \"", tensor, "\"");
      if (!file.ok()) {
        opening->Claim(field.input(), here.Child("input"));
        continue;
      }
      const Tensor* found = file->Find(tensor);
      if (found == nullptr) {
        opening->Claim(field.input(), here.Child("input"));
        opening->Error("unknown-name", here.Child(field.has_tensor() ? "tensor" : "input"),
                       absl::StrCat(name, " has no tensor \"", tensor, "\""),
                       DidYouMean(tensor, names));
        continue;
      }
      fields.Add(field, here, field.has_tensor() ? "tensor" : "input", place,
                 AsExamples(place, *found));
    }
    fields.Finish();
  }
  // The length of the header, 8 bytes, and an object of JSON.
  Reads WouldRead(const GivenPlace& given) const override {
    const std::string& bytes = given.beginning;
    return bytes.size() > 8 && bytes[7] == 0 && bytes[8] == '{' ? Reads::kYes : Reads::kNo;
  }
};

GRADUS_REGISTER(Reader, "gradus.SourceConfig.safetensors", Safetensors);

}  // namespace
}  // namespace gradus
