// What the trial process consists of: the libraries of this one.

#include <dlfcn.h>
#include <elf.h>
#include <link.h>

#include <algorithm>
#include <climits>
#include <cstdint>
#include <cstdlib>
#include <cstring>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/plugin_trial.h"
#include "gradus/base/file.h"

#if defined(__x86_64__)
extern "C" void gradus_plugin_trial();  // plugin_trial_main.cc
#endif

extern char** environ;

namespace gradus {
namespace {

std::string Resolved(const char* path) {
  char resolved[PATH_MAX];
  return realpath(path, resolved) == nullptr ? "" : resolved;
}

struct Libraries {
  std::string loader = "/lib64/ld-linux-x86-64.so.2";
  std::vector<std::string> folders;  // Each once, in the order of the libraries.
};

int AddLibrary(dl_phdr_info* info, size_t, void* data) {
  auto* libraries = static_cast<Libraries*>(data);
  if (info->dlpi_name == nullptr || std::strchr(info->dlpi_name, '/') == nullptr) return 0;
  const std::string path = Resolved(info->dlpi_name);
  // As it was found, and as it is: a folder of links leads to many folders.
  for (const std::string& folder : {FolderOf(info->dlpi_name), FolderOf(path)}) {
    if (path.empty() || folder.find_first_of(":;") != std::string::npos || folder[0] != '/')
      continue;
    if (std::find(libraries->folders.begin(), libraries->folders.end(), folder) ==
        libraries->folders.end()) {
      libraries->folders.push_back(folder);
    }
  }
  const absl::string_view name = absl::string_view(info->dlpi_name);
  if (absl::StartsWith(name.substr(name.rfind('/') + 1), "ld-linux-x86-64.so")) {
    libraries->loader = info->dlpi_name;
  }
  return 0;
}

}  // namespace

TrialLoader LoaderOfThisProcess() {
  Libraries libraries;
  dl_iterate_phdr(AddLibrary, &libraries);
  const char* path = std::getenv("LD_LIBRARY_PATH");
  if (path != nullptr && *path != '\0') libraries.folders.push_back(path);
  return {libraries.loader, absl::StrJoin(libraries.folders, ":")};
}

// What has another entry point is a program with the framework inside.
absl::StatusOr<std::string> TrialLibrary() {
#if defined(__x86_64__)
  const auto entry = reinterpret_cast<uintptr_t>(&gradus_plugin_trial);
  Dl_info info;
  if (dladdr(reinterpret_cast<void*>(entry), &info) != 0 && info.dli_fbase != nullptr) {
    const auto* header = static_cast<const Elf64_Ehdr*>(info.dli_fbase);
    if (reinterpret_cast<uintptr_t>(info.dli_fbase) + header->e_entry == entry) {
      const std::string path = Resolved(info.dli_fname);
      if (!path.empty()) return path;
      return absl::InternalError(absl::StrCat("cannot be tried: ", info.dli_fname,
                                              " is not where this program found it any more"));
    }
  }
  return absl::UnimplementedError(
      "cannot be loaded: this program has Gradus built in; plugins need libgradus.so");
#else
  return absl::UnimplementedError("cannot be loaded: plugins are for x86-64 only");
#endif
}

std::vector<std::string> TrialEnvironment() {
  std::vector<std::string> environment;
  std::string options = "ASAN_OPTIONS=";
  for (char** entry = environ; entry != nullptr && *entry != nullptr; ++entry) {
    if (absl::StartsWith(*entry, "LD_LIBRARY_PATH=")) continue;  // Part of --library-path.
    if (absl::StartsWith(*entry, "ASAN_OPTIONS=")) {
      options = absl::StrCat(*entry, ":");
    } else {
      environment.push_back(*entry);
    }
  }
  environment.push_back(absl::StrCat(options, "detect_leaks=0"));
  return environment;
}

}  // namespace gradus
