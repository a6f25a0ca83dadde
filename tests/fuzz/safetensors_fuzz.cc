// Fuzzes the reader of weight files, which come from strangers. Beyond not crashing:
//   - what is refused has a message that names the file and is valid UTF-8;
//   - what is accepted can be written, and what is written is accepted and written the same again.

#include <cstddef>
#include <cstdint>
#include <string>

#include "absl/strings/match.h"
#include "gradus/base/status.h"
#include "gradus/base/text_escape.h"
#include "gradus/train/safetensors.h"

namespace gradus {
namespace {

void FuzzOne(absl::string_view bytes) {
  const absl::StatusOr<SafetensorsFile> file = ParseSafetensors(bytes, "fuzz.safetensors");
  if (!file.ok()) {
    GRADUS_CHECK(absl::StartsWith(file.status().message(), "fuzz.safetensors: "));
    GRADUS_CHECK(IsUtf8(file.status().message()));
    return;
  }
  for (const NamedTensor& named : file->tensors) {
    GRADUS_CHECK(file->Find(named.name) == &named.tensor);
  }
  const absl::StatusOr<std::string> written = SerializeSafetensors(*file);
  GRADUS_CHECK(written.ok());
  const absl::StatusOr<SafetensorsFile> again = ParseSafetensors(*written, "again");
  GRADUS_CHECK(again.ok() && again->metadata == file->metadata);
  GRADUS_CHECK(*SerializeSafetensors(*again) == *written);
}

}  // namespace
}  // namespace gradus

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  gradus::FuzzOne(absl::string_view(reinterpret_cast<const char*>(data), size));
  return 0;
}
