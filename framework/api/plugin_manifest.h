// What a plugin library says about itself, read from its file as data (base/plugin.h has the layout). Nothing of the file is
// trusted: every offset and size is checked, and whatever is wrong is a Status. Internal to loading plugins.

#ifndef GRADUS_API_PLUGIN_MANIFEST_H_
#define GRADUS_API_PLUGIN_MANIFEST_H_

#include <cstdint>
#include <functional>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace gradus {

// A file that is read in pieces: a library may be large, and its manifest is small.
struct PieceReader {
  uint64_t size = 0;
  // Reads `count` bytes from `offset`; both have been checked against the size.
  std::function<absl::StatusOr<std::string>(uint64_t offset, uint64_t count)> read;
};
PieceReader ReaderOf(std::string bytes);
// Of an open file, which must stay open.
PieceReader ReaderOf(int file_descriptor, uint64_t size);

struct PluginManifest {
  std::vector<std::pair<std::string, std::string>> lines;
  std::string descriptor_set;
};

// InvalidArgument says what is wrong with the file, as the end of a sentence that begins with its name.
absl::StatusOr<PluginManifest> ReadPluginManifest(const PieceReader& file);

// The lines that a plugin compiled like this library has.
std::vector<std::pair<std::string, std::string>> OwnManifestLines();

// FailedPrecondition names every line that differs from `own`.
absl::Status CheckPluginManifest(const PluginManifest& manifest,
                                 absl::Span<const std::pair<std::string, std::string>> own);

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_MANIFEST_H_
