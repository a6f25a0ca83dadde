// The skeleton of a plugin: examples/optimizer_plugin and examples/schedule_plugin under another name. They are complete, build and
// pass as they stand, and an author puts his own arithmetic in the place of theirs. `gradus new` writes it.

#ifndef GRADUS_API_NEW_PLUGIN_H_
#define GRADUS_API_NEW_PLUGIN_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"

namespace gradus {

enum class PluginKind { kOptimizer, kSchedule };

struct PluginFile {
  std::string path;  // In its folder.
  std::string text;
};

struct PluginSkeleton {
  std::string name;  // "lion": what its files are called after.
  std::string
      library;  // "acme_lion": what `plugin:` of a run file calls it; the file is acme_lion.so.
  std::vector<PluginFile> files;
};

// `full_name` is what a text gives in brackets: the package and the name, "acme.lion". InvalidArgument says what a name may not be.
absl::StatusOr<PluginSkeleton> NewPlugin(PluginKind kind, absl::string_view full_name);

// Writes the files, and makes the folder where there is none. AlreadyExists names what is there, and then nothing is written.
absl::Status WritePlugin(const PluginSkeleton& skeleton, const std::string& folder);

// The extension number that goes with a name, for ever: with the name's 64-bit FNV-1a hash h,
//
//   n = 1000 + h mod 536868912,   n + 1000 where n >= 19000
//
// which is every number from 1000 to 536870911 but 19000 to 19999, which are protobuf's own. Among a hundred plugins two have the same
// with a probability of 1e-5; that is found when the second is loaded, and its author takes another number.
int32_t ExtensionNumber(absl::string_view full_name);

}  // namespace gradus

#endif  // GRADUS_API_NEW_PLUGIN_H_
