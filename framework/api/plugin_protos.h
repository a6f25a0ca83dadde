// A plugin's messages before they are linked: protobuf ends the process when a library brings a file, a name or an extension number
// that is there already, so all of that is looked for first. Internal to loading plugins.

#ifndef GRADUS_API_PLUGIN_PROTOS_H_
#define GRADUS_API_PLUGIN_PROTOS_H_

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "google/protobuf/descriptor.h"
#include "google/protobuf/descriptor.pb.h"

namespace gradus {

struct PluginProtos {
  google::protobuf::FileDescriptorSet set;
  // The set's files, on top of what is linked.
  std::unique_ptr<google::protobuf::DescriptorPool> pool;
  std::vector<const google::protobuf::FileDescriptor*> files;
  // Of the framework's messages that can be extended, in all files.
  std::vector<const google::protobuf::FieldDescriptor*> extensions;
};

// Who brought the file of this name, for messages: "the plugin /x/acme_lion.so", or "" when it was no plugin.
using ProtoOwner = std::function<std::string(const std::string& file)>;

// Builds the set's files and compares them with the generated pool. An error says what is wrong, as the end of a sentence that begins
// with the library's name: InvalidArgument for files that are no good by themselves, AlreadyExists for clashes.
absl::StatusOr<PluginProtos> CheckPluginProtos(const std::string& descriptor_set,
                                               const ProtoOwner& owner);

// The names of all files that are linked, sorted. It reads a table of protobuf that has no lock, as dlopen writes to it.
std::vector<std::string> LinkedProtoFiles();
// Once the library is loaded: its code must hold those very files. `before` is what LinkedProtoFiles gave before it was loaded. For
// the trial process.
absl::Status CheckLinkedProtos(const PluginProtos& protos, const std::vector<std::string>& before);

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_PROTOS_H_
