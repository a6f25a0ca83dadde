// gradus report: a run as one HTML page.

#include "gradus/api/report.h"

#include <cstdio>
#include <memory>
#include <string>

#include "gradus/base/file.h"
#include "tools/command.h"

namespace gradus {
namespace {

struct ReportFlags {
  std::string run, out;
  ReportOptions options;
};

int WriteReport(const ReportFlags& flags) {
  const absl::StatusOr<std::string> page = RenderReport(flags.run, flags.options);
  if (!page.ok()) return Fail(page.status());
  const std::string out = flags.out.empty() ? JoinPath(flags.run, "report.html") : flags.out;
  const absl::Status written = WriteFile(out, *page);
  if (!written.ok()) return Fail(written);
  std::printf("report  %s\n", out.c_str());
  return kOk;
}

}  // namespace

void AddReport(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<ReportFlags>();
  CLI::App* command = app->add_subcommand(
      "report", "Writes a run as one HTML page: curves, layers, mistakes, configuration.");
  command->footer(
      "The page needs nothing beside it and runs no script. It is light or dark as the reader's\n"
      "system is. Predictions are those of the weights that the run keeps: its best checkpoint, "
      "or\n"
      "its saved model.");
  command->add_option("run", flags->run, "The folder of the run.")->required();
  command->add_option("--out", flags->out,
                      "The file; report.html in the run's folder when not given.");
  command
      ->add_option("--split", flags->options.split,
                   "Whose examples are looked at: validation, test or train; validation when not "
                   "given, test where there is none.")
      ->check(CLI::IsMember({"train", "validation", "test"}));
  command->add_option("--worst", flags->options.worst, "How many of the highest losses are shown.")
      ->check(CLI::Range(0, 1000))
      ->capture_default_str();
  command->add_option("--smooth", flags->options.smooth, "As `gradus plot` has it.")
      ->check(CLI::Range(0.0, 0.9999));
  command->callback([flags, run] { *run = [flags] { return WriteReport(*flags); }; });
}

}  // namespace gradus
