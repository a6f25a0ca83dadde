// gradus plot: curves of runs, as a picture or in the terminal.

#include <unistd.h>

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/plot_runs.h"
#include "gradus/api/svg_plot.h"
#include "gradus/api/text_plot.h"
#include "gradus/base/file.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct PlotFlags {
  std::vector<std::string> runs;
  std::string x, out;
  PlotRunsOptions options;
};

int Plot(PlotFlags flags) {
  if (!flags.out.empty() && !absl::EndsWithIgnoreCase(flags.out, ".svg")) {
    return FailUsage(absl::InvalidArgumentError(
        absl::StrCat("--out ", flags.out, ": the picture is SVG, and its file ends in .svg")));
  }
  std::vector<RunRecord> runs;
  for (const std::string& path : flags.runs) {
    absl::StatusOr<RunRecord> run = ReadRun(path);
    if (!run.ok()) return Fail(run.status());
    runs.push_back(*std::move(run));
  }
  if (flags.x == "step") flags.options.x = PlotRunsOptions::kStep;
  if (flags.x == "epoch") flags.options.x = PlotRunsOptions::kEpoch;
  if (flags.x == "time") flags.options.x = PlotRunsOptions::kTime;
  if (runs.size() == 1) flags.options.title = runs[0].path;
  const absl::StatusOr<PlotPage> page = PlotRuns(runs, flags.options);
  if (!page.ok()) return Fail(page.status());
  if (flags.out.empty()) {
    TextPlotOptions text = TextPlotOptionsFor(STDOUT_FILENO);
    text.rows = page->panels.size() > 1 ? 10 : 16;
    std::fputs(RenderTextPage(*page, text).c_str(), stdout);
    return kOk;
  }
  const absl::Status written = WriteFile(flags.out, RenderSvgPage(*page));
  if (!written.ok()) return Fail(written);
  return kOk;
}

}  // namespace

void AddPlot(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<PlotFlags>();
  CLI::App* command = app->add_subcommand(
      "plot", "Draws the curves of runs, one over another: in the terminal, or as SVG.");
  command->footer(
      "Training is drawn thin, validation strong, and changes of the rate, restores and stops as\n"
      "lines across. A run that is still training shows how far it has come.");
  command->add_option("runs", flags->runs, "Folders of runs.")->required();
  command
      ->add_option("--y", flags->options.measures,
                   "What is drawn, a panel each: loss, learning_rate, a metric, or validation/loss "
                   "for one split; the loss and the first metric when not given.")
      ->delimiter(',')
      ->allow_extra_args(false);
  command->add_option("--x", flags->x, "Over what: step, epoch or time.")
      ->check(CLI::IsMember({"step", "epoch", "time"}));
  command
      ->add_option("--smooth", flags->options.smooth,
                   "Smooths training: how much of the mean before it stays at each point, 0.9 when "
                   "no number is given.")
      ->expected(0, 1)
      ->default_str("0.9")
      ->check(CLI::Range(0.0, 0.9999));
  command->add_flag("--log", flags->options.log, "Losses on a logarithmic axis.");
  command->add_option("--out", flags->out, "Writes an SVG file instead.");
  command->callback([flags, run] { *run = [flags] { return Plot(*flags); }; });
}

}  // namespace gradus
