// Plugins: shared libraries with optimizers, schedules and controllers that a running program learns. How one is written and built
// stands in gradus/base/plugin.h and examples/optimizer_plugin.
//
//   LoadPlugin("build/acme_lion.so")       -> texts may now say   optimizer { [acme.lion] { beta1: 0.95 } }
//
// Loading is a transaction: whatever is wrong with a library is a Status that names the file. After steps 1 to 3 the process is as it
// was; after step 4 it has the library's code and messages, but none of its rules.
//
// 1. The file is read as data. Its manifest must have been made by the very versions that this program has (base/plugin.h).
// 2. Its messages are tried in a descriptor pool of their own: names and extension numbers that are taken, which would end the
//    process inside dlopen, are found there. The package gradus is reserved.
// 3. A process is started that loads it, ends, and tells what happened: exit, signal, exception, no answer in time, a changed
//    floating-point mode, locale, signal, environment or stream, something printed to standard output, registrations that do not
//    belong to the library's messages, an end that is not one.
// 4. Only then it is loaded, and what it registers is accepted all at once. It is never unloaded: a library that behaves otherwise here
//    than in step 3 stays mapped, its messages stay linked, and it cannot be loaded again in this process. The floating-point mode and
//    the mask of signals of the thread are put back; the rest of the process is not compared, as other threads may be changing it.
//
// This protects from mistakes, not from malice: a plugin's code may do whatever the process may. A file that is replaced or
// written to meanwhile is refused.
//
// Thread safety: any thread, any time; loads go one after the other. But protobuf adds a library's messages to its tables without a
// lock, so no other thread may be reading configurations while a library is loaded. Training and predicting may go on.
// On anything but x86-64 Linux with libgradus.so as a shared library: Unimplemented.

#ifndef GRADUS_API_PLUGIN_H_
#define GRADUS_API_PLUGIN_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"

namespace gradus {

struct PluginOptions {
  // Where LoadPluginNamed looks, in this order. Empty: those of AddPluginFolder.
  std::vector<std::string> folders;
  // How long the trial process may take.
  double timeout_seconds = 30;
};

struct LoadedPlugin {
  std::string path;               // Absolute, without symbolic links.
  std::string given;              // Absolute, but with the name that the file was asked for by: what another process is to load.
  std::string name;               // As `plugin:` calls it: that name without "lib", ".so" and a version behind it.
  std::vector<std::string> keys;  // What it registered, sorted: "acme.lion".
  std::string descriptor_set;     // A serialized google.protobuf.FileDescriptorSet with comments.
};

// Loads a library; nothing happens for a file that is loaded already.
absl::StatusOr<LoadedPlugin> LoadPlugin(const std::string& path, const PluginOptions& options = {});

// Loads what a run file calls by its name: NAME.so or libNAME.so in the first folder that has it. A name that a loaded plugin has is
// that plugin, wherever it came from.
absl::StatusOr<LoadedPlugin> LoadPluginNamed(const std::string& name,
                                             const PluginOptions& options = {});

// All of them, in the order in which they were loaded.
std::vector<LoadedPlugin> LoadedPlugins();

// Where `plugin:` of a run file is looked for in this process, after the folders that were added before.
void AddPluginFolder(const std::string& folder);
std::vector<std::string> PluginFolders();

}  // namespace gradus

#endif  // GRADUS_API_PLUGIN_H_
