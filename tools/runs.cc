// gradus runs: a table of the runs below a folder.

#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gradus/api/run_table.h"
#include "gradus/api/text_plot.h"
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
  if (isatty(STDOUT_FILENO) != 0) {
    const bool known = ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 && size.ws_col > 0;
    flags.options.columns = known ? size.ws_col : 80;
    flags.options.utf8 = TextPlotOptionsFor(STDOUT_FILENO).utf8;
  }
  const absl::StatusOr<RunTable> table = MakeRunTable(runs, flags.options);
  if (!table.ok()) return Fail(table.status());
  const absl::Status columns = CheckColumns(*table, flags.options);
  if (!columns.ok()) return Fail(columns);
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
      "killed.\n"
      "On a terminal long values are cut, and columns that have no room are left out; in a pipe or "
      "a\n"
      "file everything is there.");
  command->add_option("folder", flags->folder,
                      "A folder with runs in it, or below it; runs when not given.");
  command->add_option("--sort", flags->options.sort,
                      "The best of this measure first, such as validation/loss.");
  command
      ->add_option("--direction", flags->direction,
                   "What the best is, min or max; as the runs say of the measure when not given.")
      ->check(CLI::IsMember({"min", "max"}));
  CLI::Option* columns =
      command
          ->add_option("--columns", flags->options.shown,
                       "What is shown beside the run, in this order: a title, a measure (its best "
                       "and last) or the address of a field, such as state,validation/loss,units.")
          ->delimiter(',')
          ->allow_extra_args(false);
  CLI::Option* csv =
      command->add_flag("--csv", flags->csv, "As CSV, with every measure.")->excludes(columns);
  command->add_flag("--json", flags->json, "As JSON, with every measure.")
      ->excludes(csv)
      ->excludes(columns);
  command->callback([flags, run] { *run = [flags] { return ShowRuns(*flags); }; });
}

}  // namespace gradus
