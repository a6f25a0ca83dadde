// gradus new: the skeleton of a plugin.

#include <cstdio>
#include <filesystem>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/api/new_plugin.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct NewFlags {
  std::string name, out;
};

// What pkg-config must be told to find this program's own tree: " PKG_CONFIG_PATH=...", or "" where it looks by itself or this program is
// not installed.
std::string PkgConfigPath() {
  std::error_code none;
  const std::filesystem::path prefix =
      std::filesystem::canonical("/proc/self/exe", none).parent_path().parent_path();
  const std::filesystem::path folder = prefix / "lib/pkgconfig";
  if (prefix == "/usr" || prefix == "/usr/local") return "";
  if (!std::filesystem::exists(folder / "gradus.pc", none)) return "";
  return absl::StrCat(" PKG_CONFIG_PATH=", ShellWord(folder.string()));
}

int New(PluginKind kind, const NewFlags& flags) {
  const absl::StatusOr<PluginSkeleton> skeleton = NewPlugin(kind, flags.name);
  if (!skeleton.ok()) return FailUsage(skeleton.status());
  const std::string folder = flags.out.empty() ? skeleton->name : flags.out;
  const absl::Status written = WritePlugin(*skeleton, folder);
  if (!written.ok()) return Fail(written);
  std::vector<std::string> names;
  for (const PluginFile& file : skeleton->files) names.push_back(file.path);
  std::printf("wrote %s in %s; next:\n", absl::StrJoin(names, ", ").c_str(), folder.c_str());
  std::printf("    make -C %s test%s\n", ShellWord(folder).c_str(), PkgConfigPath().c_str());
  const std::string library = absl::StrCat(folder, "/", skeleton->library, ".so");
  std::printf("    gradus list --plugin %s %s\n", ShellWord(library).c_str(), flags.name.c_str());
  return kOk;
}

}  // namespace

void AddNew(CLI::App* app, RunFunction* run) {
  CLI::App* command = app->add_subcommand(
      "new",
      "Writes the skeleton of an optimizer or schedule of your own, which builds and passes.");
  command->require_subcommand(1);
  const struct {
    PluginKind kind;
    const char* name;
    const char* what;
  } kinds[] = {
      {PluginKind::kOptimizer, "optimizer",
       "An update rule: proto, source, test with the conformance kit, Makefile, BUILD."},
      {PluginKind::kSchedule, "schedule", "A schedule: proto, source, test, Makefile, BUILD."}};
  for (const auto& each : kinds) {
    auto flags = std::make_shared<NewFlags>();
    CLI::App* one = command->add_subcommand(each.name, each.what);
    one->add_option("name", flags->name, "Package and name: acme.lion.")->required();
    one->add_option("--out", flags->out, "The folder; ./lion when not given.");
    one->callback(
        [flags, run, kind = each.kind] { *run = [flags, kind] { return New(kind, *flags); }; });
  }
}

}  // namespace gradus
