// The safetensors format: an 8-byte little-endian length, a JSON header of that length with the
// type, shape and byte range of each tensor, and the bytes. Read strictly: every tensor inside the
// file, ranges without gaps or overlaps, sizes that fit shapes. Format: huggingface/safetensors,
// README "Format".

#ifndef GRADUS_TRAIN_SAFETENSORS_H_
#define GRADUS_TRAIN_SAFETENSORS_H_

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/tensor.h"

namespace gradus {

struct NamedTensor {
  std::string name;
  Tensor tensor;
};

struct SafetensorsFile {
  std::vector<NamedTensor> tensors;             // Sorted by name.
  std::map<std::string, std::string> metadata;  // "__metadata__"

  const Tensor* Find(absl::string_view name) const;  // Or null.
};

// F32, F64, I32, I64 and U8 are read as they are; F16 and BF16 are widened to FLOAT32; another type
// is an error that names the tensor.
absl::StatusOr<SafetensorsFile> ReadSafetensors(const std::string& path);
absl::StatusOr<SafetensorsFile> ParseSafetensors(absl::string_view bytes, absl::string_view path);

// Writes tensors in the order of their names with an aligned header; the same tensors always give
// the same bytes. The write is atomic.
absl::Status WriteSafetensors(const std::string& path, const SafetensorsFile& file);
absl::StatusOr<std::string> SerializeSafetensors(const SafetensorsFile& file);

}  // namespace gradus

#endif  // GRADUS_TRAIN_SAFETENSORS_H_
