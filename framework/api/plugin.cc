// From a file to rules that texts can name, or to a Status.

#include "gradus/api/plugin.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <climits>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <utility>

#include "absl/algorithm/container.h"
#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/strip.h"
#include "gradus/api/plugin_manifest.h"
#include "gradus/api/plugin_process_state.h"
#include "gradus/api/plugin_protos.h"
#include "gradus/api/plugin_rules.h"
#include "gradus/api/plugin_trial.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/file.h"
#include "gradus/base/registry.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

// Which file it is, and which state of it.
struct FileIdentity {
  dev_t device = 0;
  ino_t inode = 0;
  off_t size = 0;
  timespec modified = {}, changed = {};

  explicit FileIdentity(const struct stat& s)
      : device(s.st_dev),
        inode(s.st_ino),
        size(s.st_size),
        modified(s.st_mtim),
        changed(s.st_ctim) {}
  bool SameFile(const FileIdentity& other) const {
    return device == other.device && inode == other.inode;
  }
  bool operator==(const FileIdentity& other) const {
    const auto same = [](const timespec& a, const timespec& b) {
      return a.tv_sec == b.tv_sec && a.tv_nsec == b.tv_nsec;
    };
    return SameFile(other) && size == other.size && same(modified, other.modified) &&
           same(changed, other.changed);
  }
};

struct Loaded {
  LoadedPlugin plugin;
  FileIdentity identity;
  std::vector<std::string> proto_files;
};

// What plugins this process has. `loading` is held through a whole load, `mutex` only for the lists.
struct Plugins {
  std::mutex loading;
  std::mutex mutex;
  std::vector<Loaded> loaded;
  std::vector<std::string> folders;
};

Plugins& ThePlugins() {
  static Plugins* const plugins = new Plugins;  // Never destroyed, as what is in them.
  return *plugins;
}

// Where ".so" begins that ends a file's name or has a version behind it; npos without one.
size_t EndOfName(absl::string_view name) {
  for (size_t at = name.find(".so"); at != name.npos; at = name.find(".so", at + 1)) {
    if (at + 3 == name.size() || name[at + 3] == '.') return at;
  }
  return name.npos;
}

// "lib" and ".so" are the linker's business, and so is ".so.1.0".
std::string NameOfFile(absl::string_view path) {
  absl::string_view name = path.substr(path.rfind('/') + 1);
  name = name.substr(0, EndOfName(name));
  absl::ConsumePrefix(&name, "lib");
  return std::string(name);
}

class OpenFile {
 public:
  explicit OpenFile(const std::string& path)
      : number_(open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK)) {}
  ~OpenFile() {
    if (number_ >= 0) close(number_);
  }
  OpenFile(const OpenFile&) = delete;
  OpenFile& operator=(const OpenFile&) = delete;
  int get() const { return number_; }

 private:
  const int number_;
};

std::string Reason() { return std::strerror(errno); }

// One load; every error is the end of a sentence that begins with the library's name.
class Loading {
 public:
  Loading(std::string path, std::string given, const PluginOptions& options)
      : path_(std::move(path)), given_(std::move(given)), options_(options), file_(path_) {}

  absl::StatusOr<LoadedPlugin> Run() {
    struct stat stated;
    if (file_.get() < 0 || fstat(file_.get(), &stated) != 0) {
      return absl::NotFoundError(absl::StrCat("cannot be opened: ", Reason()));
    }
    if (!S_ISREG(stated.st_mode)) return absl::InvalidArgumentError("is no regular file");
    const FileIdentity identity(stated);
    const std::vector<Loaded> loaded = Copy();
    for (const Loaded& other : loaded) {
      if (other.identity == identity) return other.plugin;
      if (other.identity.SameFile(identity)) {
        return absl::FailedPreconditionError(
            "has changed since it was loaded; a new process loads it anew");
      }
    }

    GRADUS_ASSIGN_OR_RETURN(
        PluginManifest manifest,
        ReadPluginManifest(ReaderOf(file_.get(), static_cast<uint64_t>(stated.st_size))));
    GRADUS_RETURN_IF_ERROR(CheckPluginManifest(manifest, OwnManifestLines()));
    // Before its protos, which such a library has brought along.
    GRADUS_RETURN_IF_ERROR(CheckNotInProcess());
    const ProtoOwner owner = [&loaded](const std::string& file) -> std::string {
      for (const Loaded& other : loaded) {
        if (absl::c_linear_search(other.proto_files, file)) {
          return absl::StrCat("plugin ", other.plugin.path);
        }
      }
      return "";
    };
    GRADUS_ASSIGN_OR_RETURN(const PluginProtos protos,
                            CheckPluginProtos(manifest.descriptor_set, owner));
    GRADUS_ASSIGN_OR_RETURN(const std::vector<std::string> tried,
                            TryPlugin(path_, options_.timeout_seconds));
    GRADUS_RETURN_IF_ERROR(CheckSame(identity));

    GRADUS_ASSIGN_OR_RETURN(LoadedPlugin plugin, Load(protos, tried, identity));
    plugin.descriptor_set = std::move(manifest.descriptor_set);
    Loaded entry = {plugin, identity, {}};
    for (const auto* file : protos.files) entry.proto_files.push_back(file->name());
    Plugins& plugins = ThePlugins();
    const std::lock_guard<std::mutex> lock(plugins.mutex);
    plugins.loaded.push_back(std::move(entry));
    return plugin;
  }

 private:
  static std::vector<Loaded> Copy() {
    Plugins& plugins = ThePlugins();
    const std::lock_guard<std::mutex> lock(plugins.mutex);
    return plugins.loaded;
  }

  // A library that the program itself has linked or loaded has registered its rules already, unseen.
  absl::Status CheckNotInProcess() const {
    void* handle = dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL | RTLD_NOLOAD);
    if (handle == nullptr) return absl::OkStatus();
    dlclose(handle);  // Gives back the count that dlopen took.
    return absl::FailedPreconditionError(
        "is in this process already, but not as a plugin: it was linked to the program, or an "
        "earlier attempt to load it has failed at the last moment");
  }

  // dlopen takes a path, so that the library finds what lies beside it; that it is still the file that was looked at is seen from
  // its identity. /proc/self/fd/N would be the very file, but then $ORIGIN is a folder of /proc.
  absl::Status CheckSame(const FileIdentity& identity) const {
    struct stat stated;
    if (stat(path_.c_str(), &stated) == 0 && FileIdentity(stated) == identity) {
      return absl::OkStatus();
    }
    return absl::AbortedError("was replaced or written to while it was loaded; load it again");
  }

  absl::StatusOr<LoadedPlugin> Load(const PluginProtos& protos,
                                    const std::vector<std::string>& tried,
                                    const FileIdentity& identity) const {
    PendingRules pending;
    // Of the process only what is this thread's: other threads may be changing the rest, of which the trial has seen that the library
    // does not.
    const ThreadState before = ThreadState::Now();
    try {
      if (dlopen(path_.c_str(), RTLD_NOW | RTLD_LOCAL) == nullptr) {
        return absl::FailedPreconditionError(absl::StrCat("cannot be loaded: ", dlerror()));
      }
    } catch (...) {
      before.Restore();
      return StatusOfException("throws here, unlike in the process that tried it");
    }
    // From here on it stays in the process, whatever is wrong: protobuf and others know it.
    const std::string changed = before.Difference(ThreadState::Now());
    if (!changed.empty()) {
      before.Restore();
      return absl::FailedPreconditionError(
          absl::StrCat("changes ", changed, " here, unlike in the process that tried it"));
    }
    GRADUS_RETURN_IF_ERROR(CheckSame(identity));
    if (RegistrationsInWords(pending) != tried) {
      return absl::FailedPreconditionError(
          absl::StrCat("registers ", absl::StrJoin(RegistrationsInWords(pending), ", "),
                       " here, but ", absl::StrJoin(tried, ", "), " in the process that tried it"));
    }
    GRADUS_RETURN_IF_ERROR(CheckPluginRules(pending, protos));
    // Known to the pool from now on, also where all extensions of a message were asked for before.
    for (const auto* file : protos.files) {
      if (google::protobuf::DescriptorPool::generated_pool()->FindFileByName(file->name()) ==
          nullptr) {
        return absl::InternalError(absl::StrCat("has not linked ", Quoted(file->name())));
      }
    }
    LoadedPlugin plugin;
    plugin.path = path_;
    plugin.given = given_;
    plugin.name = NameOfFile(given_);
    for (const PendingRules::Entry& entry : pending.entries()) plugin.keys.push_back(entry.key);
    absl::c_sort(plugin.keys);
    GRADUS_RETURN_IF_ERROR(pending.Accept());
    return plugin;
  }

  const std::string path_, given_;
  const PluginOptions& options_;
  const OpenFile file_;
};

absl::Status Named(const absl::Status& status, const std::string& path) {
  return absl::Status(status.code(), absl::StrCat("plugin ", path, " ", status.message()));
}

absl::Status CheckBareName(const std::string& name) {
  const char* wrong = nullptr;
  if (name.empty()) {
    wrong = "is empty";
  } else if (name.find('/') != std::string::npos) {
    wrong = "is a path";
  } else if (name[0] == '.' || name.find("..") != std::string::npos) {
    wrong = name[0] == '.' ? "begins with a dot" : "has two dots";
  } else if (!absl::c_all_of(name, [](char c) {
               return absl::ascii_isalnum(static_cast<unsigned char>(c)) ||
                      absl::StrContains("_-.+", c);
             })) {
    wrong = "has characters other than letters, digits, \"_\", \"-\", \"+\" and \".\"";
  } else if (EndOfName(name) != name.npos) {
    wrong = absl::EndsWith(name, ".so") ? "ends in .so" : "has a version behind .so";
  }
  if (wrong == nullptr) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat("plugin ", Quoted(name), " ", wrong,
                   "; it is a bare name: acme_lion for acme_lion.so or libacme_lion.so in a folder "
                   "that --plugin_dir gives"));
}

}  // namespace

absl::StatusOr<LoadedPlugin> LoadPlugin(const std::string& path, const PluginOptions& options) try {
  const std::lock_guard<std::mutex> lock(ThePlugins().loading);
  char resolved[PATH_MAX];
  if (path.empty() || realpath(path.c_str(), resolved) == nullptr) {
    return absl::NotFoundError(
        absl::StrCat("plugin ", path.empty() ? Quoted(path) : path,
                     " cannot be opened: ", path.empty() ? "it has no name" : Reason()));
  }
  // The folder may be relative, the last name may be a link: to a version, or from a name of its user's.
  const size_t slash = path.rfind('/');
  char folder[PATH_MAX];
  if (realpath(slash == path.npos ? "." : path.substr(0, slash + 1).c_str(), folder) == nullptr) {
    return absl::NotFoundError(absl::StrCat("plugin ", path, " cannot be opened: ", Reason()));
  }
  absl::StatusOr<LoadedPlugin> loaded =
      Loading(resolved, JoinPath(folder, path.substr(slash + 1)), options).Run();
  if (!loaded.ok()) return Named(loaded.status(), path);
  return loaded;
} catch (...) {
  return StatusOfException(absl::StrCat("loading plugin ", path));
}

absl::StatusOr<LoadedPlugin> LoadPluginNamed(const std::string& name,
                                             const PluginOptions& options) try {
  GRADUS_RETURN_IF_ERROR(CheckBareName(name));
  for (const LoadedPlugin& plugin : LoadedPlugins()) {
    if (plugin.name == name || plugin.name == NameOfFile(name)) return plugin;
  }
  const std::vector<std::string> folders =
      options.folders.empty() ? PluginFolders() : options.folders;
  for (const std::string& folder : folders) {
    for (const std::string& file : {absl::StrCat(name, ".so"), absl::StrCat("lib", name, ".so")}) {
      const std::string path = JoinPath(folder, file);
      if (Exists(path)) return LoadPlugin(path, options);
    }
  }
  const std::string what = absl::StrCat("plugin ", Quoted(name), " is not loaded, and ");
  if (folders.empty()) {
    return absl::NotFoundError(absl::StrCat(
        what,
        "no folder is given to look for it in; --plugin_dir gives one, --plugin the file itself"));
  }
  return absl::NotFoundError(absl::StrCat(
      what, "neither ", name, ".so nor lib", name, ".so is in ", absl::StrJoin(folders, ", "),
      "; --plugin_dir gives another folder, --plugin the file itself"));
} catch (...) {
  return StatusOfException(absl::StrCat("loading plugin ", Quoted(name)));
}

std::vector<LoadedPlugin> LoadedPlugins() {
  Plugins& plugins = ThePlugins();
  const std::lock_guard<std::mutex> lock(plugins.mutex);
  std::vector<LoadedPlugin> all;
  for (const Loaded& loaded : plugins.loaded) all.push_back(loaded.plugin);
  return all;
}

void AddPluginFolder(const std::string& folder) {
  Plugins& plugins = ThePlugins();
  const std::lock_guard<std::mutex> lock(plugins.mutex);
  if (!absl::c_linear_search(plugins.folders, folder)) plugins.folders.push_back(folder);
}

std::vector<std::string> PluginFolders() {
  Plugins& plugins = ThePlugins();
  const std::lock_guard<std::mutex> lock(plugins.mutex);
  return plugins.folders;
}

}  // namespace gradus
