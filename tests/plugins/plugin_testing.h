// What the tests of loading share: the libraries of tests/plugins/libraries, changed copies of them, and whether a host is as it was.

#ifndef GRADUS_TESTS_PLUGINS_PLUGIN_TESTING_H_
#define GRADUS_TESTS_PLUGINS_PLUGIN_TESTING_H_

#include <sys/types.h>

#include <functional>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"
#include "google/protobuf/descriptor.pb.h"
#include "gradus/api/plugin.h"

namespace gradus {

// The path of "acme_tilt" and others.
std::string Library(const std::string& name);
std::string BytesOf(const std::string& path);
// A file in the test's own folder.
std::string WriteBytes(const std::string& name, const std::string& bytes);

// The library with one text in the place of another of the same length, which it must have.
std::string Replaced(std::string bytes, absl::string_view from, absl::string_view to);
// The library with other contents of its section, behind its end.
std::string WithSection(const std::string& library, const std::string& section);
// The same with a manifest for this program around these protos.
std::string WithProtos(const std::string& library,
                       const google::protobuf::FileDescriptorSet& protos);
// The protos in a library's manifest.
google::protobuf::FileDescriptorSet ProtosOf(const std::string& library);

// Tells the library "hostile" what to do while it is loaded.
class Hostile {
 public:
  explicit Hostile(const std::string& what);
  ~Hostile();
};

// What a host is, as far as a library could change it; compared before and after.
struct HostState {
  std::vector<std::string> keys;        // Of all registries.
  std::vector<std::string> extensions;  // Of OptimizerConfig and ScheduleConfig.
  std::vector<std::string> objects;     // Loaded libraries.
  std::vector<std::string> files;       // Open files.
  unsigned floating_point = 0;
  std::string locale, folder;
  std::vector<std::string> environment;
  std::vector<std::string> signals;  // What each does, and whether it is held back.
  mode_t file_mask = 0;
  std::string update;  // What an update of adam makes, in all digits.

  static HostState Now();
  bool operator==(const HostState& other) const;
};

// The message of what LoadPlugin says to the file, which must be an error that leaves the host as it was.
std::string Refused(const std::string& path, const PluginOptions& options = {});

}  // namespace gradus

#endif  // GRADUS_TESTS_PLUGINS_PLUGIN_TESTING_H_
