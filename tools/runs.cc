// gradus runs: a table of the runs below a folder.

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gradus/api/run_table.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct RunsFlags {
  std::string folder = "runs", direction;
  bool csv = false, json = false;
  RunTableOptions options;
};

int ShowRuns(RunsFlags flags) {
  const absl::StatusOr<std::vector<std::string>> folders = FindRuns(flags.folder);
  if (!folders.ok()) return Fail(folders.status());
  std::vector<RunRecord> runs;
  for (const std::string& folder : *folders) {
    absl::StatusOr<RunRecord> run = ReadRun(folder);
    if (!run.ok()) return Fail(run.status());
    runs.push_back(*std::move(run));
  }
  if (runs.empty() && !flags.csv && !flags.json) {
    return Fail(absl::NotFoundError(flags.folder + " has no run in it"));
  }
  if (flags.direction == "min") flags.options.direction = MIN;
  if (flags.direction == "max") flags.options.direction = MAX;
  winsize size = {};
  if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0) flags.options.columns = size.ws_col;
  const absl::StatusOr<RunTable> table = MakeRunTable(runs, flags.options);
  if (!table.ok()) return Fail(table.status());
  for (const std::string& note : table->notes) {
    std::fprintf(stderr, "gradus: warning: %s\n", note.c_str());
  }
  const std::string text = flags.csv    ? ToCsv(*table)
                           : flags.json ? ToJson(*table)
                                        : ToText(*table, flags.options);
  std::fputs(text.c_str(), stdout);
  return kOk;
}

}  // namespace

void AddRuns(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<RunsFlags>();
  CLI::App* command = app->add_subcommand(
      "runs", "Tabulates the runs in a folder: what differs between them, and what came of them.");
  command->footer(
      "Columns are what differs between the configurations, the best and the last of each measure\n"
      "(of validation, or of training where there is none), the last rate, epochs, updates, time "
      "of\n"
      "training, and the state: running, finished, stopped (its state is saved), failed, or "
      "killed.");
  command->add_option("folder", flags->folder,
                      "A folder with runs in it, or below it; runs when not given.");
  command->add_option("--sort", flags->options.sort,
                      "The best of this measure first, such as validation/loss.");
  command
      ->add_option("--direction", flags->direction,
                   "What the best is, min or max; by the measure's name when not given.")
      ->check(CLI::IsMember({"min", "max"}));
  CLI::Option* csv = command->add_flag("--csv", flags->csv, "As CSV, with every measure.");
  command->add_flag("--json", flags->json, "As JSON, with every measure.")->excludes(csv);
  command->callback([flags, run] { *run = [flags] { return ShowRuns(*flags); }; });
}

}  // namespace gradus
