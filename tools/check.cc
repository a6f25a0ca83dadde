// gradus check: validates a file and shows what it describes, without training.

#include <cstdio>
#include <memory>
#include <vector>

#include "gradus/api/summary.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct CheckFlags {
  std::string file;
  std::vector<std::string> settings;
  double seconds = 1;
};

int Check(const CheckFlags& flags) {
  absl::StatusOr<RunFile> file = RunFile::Read(flags.file, flags.settings);
  if (!file.ok()) return Fail(file.status());
  const absl::StatusOr<ModelSummary> summary = Summarize(*std::move(file), flags.seconds);
  if (!summary.ok()) return Fail(summary.status());
  for (const std::string& warning : summary->warnings) {
    std::fprintf(stderr, "gradus: warning: %s\n", warning.c_str());
  }
  std::fputs(ToTable(*summary).c_str(), stdout);
  return kOk;
}

}  // namespace

void AddCheck(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<CheckFlags>();
  CLI::App* command = app->add_subcommand(
      "check",
      "Validates a file and prints the model's layers, parameters, FLOPs, and what training "
      "takes of memory and time.");
  command->add_option("file", flags->file, "The run: a .pbtxt file (gradus.RunConfig).")
      ->required();
  command
      ->add_option("--set", flags->settings,
                   "PATH=VALUE sets a field by its address; may be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  command
      ->add_option("--seconds", flags->seconds,
                   "For how long it trains to measure what an update takes; 0: not at all.")
      ->check(CLI::Range(0.0, 3600.0))
      ->capture_default_str();
  command->callback([flags, run] { *run = [flags] { return Check(*flags); }; });
}

}  // namespace gradus
