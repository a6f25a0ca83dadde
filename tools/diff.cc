// gradus diff: in what the configurations of two runs or files differ.

#include <cstdio>
#include <memory>
#include <string>

#include "gradus/api/config_diff.h"
#include "gradus/api/run_file.h"
#include "gradus/api/run_folder.h"
#include "gradus/base/file.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct DiffFlags {
  std::string before, after;
};

// A run's configuration, or a file's, with its paths as a run has them.
absl::StatusOr<RunConfig> ReadEither(const std::string& path) {
  RunFolder folder;
  folder.path = path;
  const bool run = Exists(folder.configuration());
  absl::StatusOr<RunFile> file = RunFile::Read(run ? folder.configuration() : path);
  if (!file.ok()) return file.status();
  const absl::Status status = file->diagnostics().ToStatus();
  if (!status.ok()) return status;
  return WithAbsolutePaths(file->config(), file->directory());
}

int Diff(const DiffFlags& flags) {
  const absl::StatusOr<RunConfig> before = ReadEither(flags.before);
  if (!before.ok()) return Fail(before.status());
  const absl::StatusOr<RunConfig> after = ReadEither(flags.after);
  if (!after.ok()) return Fail(after.status());
  std::fputs(ToText(DiffConfigs(*before, *after)).c_str(), stdout);
  return kOk;
}

}  // namespace

void AddDiff(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<DiffFlags>();
  CLI::App* command = app->add_subcommand(
      "diff", "Shows in what the configurations of two runs or files differ, by address.");
  command->footer(
      "  optimizer.adam.beta1  0.9 (default) -> 0.95      a field, with the default where it is "
      "unset\n"
      "  model.layer[noise]    + dropout { rate: 0.2 }    only in the second\n"
      "  model.layer[noise]    - dropout { rate: 0.2 }    only in the first\n"
      "Layers and other elements with names are compared by them. Nothing is printed when there "
      "is\n"
      "no difference.");
  command->add_option("before", flags->before, "The folder of a run, or a .pbtxt file.")
      ->required();
  command->add_option("after", flags->after, "Likewise.")->required();
  command->callback([flags, run] { *run = [flags] { return Diff(*flags); }; });
}

}  // namespace gradus
