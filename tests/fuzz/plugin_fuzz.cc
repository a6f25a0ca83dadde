// A plugin's file and its descriptor set, which are read before anything else is known of them: whatever stands there, it is a Status.
// The first byte says which of the two the rest is.

#include <cstddef>
#include <cstdint>
#include <string>

#include "gradus/api/plugin_manifest.h"
#include "gradus/api/plugin_protos.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  std::string bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const auto nobody = [](const std::string&) { return ""; };
  if (data[0] % 2 == 0) {
    gradus::CheckPluginProtos(bytes, nobody).status().IgnoreError();
    return 0;
  }
  const auto manifest = gradus::ReadPluginManifest(gradus::ReaderOf(std::move(bytes)));
  if (!manifest.ok()) return 0;
  gradus::CheckPluginManifest(*manifest, gradus::OwnManifestLines()).IgnoreError();
  gradus::CheckPluginProtos(manifest->descriptor_set, nobody).status().IgnoreError();
  return 0;
}
