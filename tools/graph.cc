// gradus graph: the graph of a model as text or Graphviz dot, before and after each pass.

#include <cstdio>
#include <memory>
#include <string>
#include <vector>

#include "gradus/api/graphviz.h"
#include "gradus/api/summary.h"
#include "gradus/base/file.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct GraphFlags {
  std::string file, format = "text", mode = "training", stage, svg;
  std::vector<std::string> settings;
};

int PrintGraph(GraphFlags flags) {
  if (!flags.svg.empty()) {
    flags.format = "dot";
    // With gradients and updates a graph is nothing for the eye, unless it is asked for.
    if (flags.stage.empty()) flags.stage = "forward";
    if (flags.stage == "all") {
      return FailUsage(absl::InvalidArgumentError("--svg is of one stage; --stage names it"));
    }
  }
  absl::StatusOr<RunFile> file = RunFile::Read(flags.file, flags.settings);
  if (!file.ok()) return Fail(file.status());
  const absl::StatusOr<std::vector<GraphDump>> dumps =
      DumpGraphs(*std::move(file), flags.mode == "training",
                 flags.format == "dot" ? GraphFormat::kDot : GraphFormat::kText);
  if (!dumps.ok()) return Fail(dumps.status());
  bool found = false;
  for (const GraphDump& dump : *dumps) {
    const bool wanted = flags.stage == "all" || dump.stage == flags.stage ||
                        (flags.stage.empty() && &dump == &dumps->back());
    if (!wanted) continue;
    found = true;
    if (!flags.svg.empty()) {
      const absl::StatusOr<std::string> picture = DotToSvg(dump.text);
      if (!picture.ok()) return Fail(picture.status());
      const absl::Status written = WriteFile(flags.svg, *picture);
      if (!written.ok()) return Fail(written);
      continue;
    }
    std::printf("%s %s\n%s", flags.format == "dot" ? "//" : "#", dump.stage.c_str(),
                dump.text.c_str());
  }
  if (found) return kOk;
  std::string stages;
  for (const GraphDump& dump : *dumps) stages += " " + dump.stage;
  return Fail(absl::InvalidArgumentError("there is no stage \"" + flags.stage +
                                         "\"; there are: all" + stages));
}

}  // namespace

void AddGraph(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<GraphFlags>();
  CLI::App* command =
      app->add_subcommand("graph", "Prints a model's graph, before and after every pass.");
  command->add_option("file", flags->file, "The run: a .pbtxt file (gradus.RunConfig).")
      ->required();
  command->add_option("--format", flags->format, "How it is printed.")
      ->check(CLI::IsMember({"text", "dot"}))
      ->capture_default_str();
  command
      ->add_option("--mode", flags->mode,
                   "Which graph: with losses and gradients, or for prediction.")
      ->check(CLI::IsMember({"training", "inference"}))
      ->capture_default_str();
  command->add_option("--svg", flags->svg,
                      "Writes a picture of it, which Graphviz draws; of the forward graph when no "
                      "--stage is given.");
  command->add_option(
      "--stage", flags->stage,
      "forward, gradients, a pass's name, or all; what the last pass leaves when not given.");
  command
      ->add_option("--set", flags->settings,
                   "PATH=VALUE sets a field by its address; may be repeated.")
      ->take_all()
      ->allow_extra_args(false);
  command->callback([flags, run] { *run = [flags] { return PrintGraph(*flags); }; });
}

}  // namespace gradus
