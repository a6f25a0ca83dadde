// gradus eval: loss and metrics of a trained model.

#include <algorithm>
#include <cstdio>
#include <memory>
#include <string>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/evaluate.h"
#include "gradus/base/text_escape.h"
#include "tools/command.h"
#include "tools/dialect_flags.h"
#include "tools/place_flags.h"

namespace gradus {
namespace {

struct EvalFlags {
  std::string run;
  EvaluateOptions options;
};

// A line per label, a column per prediction. Classes are called by their numbers over the columns, and by their names, when they have
// any, before the lines.
void PrintTable(const NamedTable& named, const std::vector<std::string>& classes) {
  const size_t columns = static_cast<size_t>(named.table.columns);
  const size_t lines = named.table.values.size() / columns;
  size_t width = absl::StrCat(columns - 1).size();
  for (const double count : named.table.values) {
    width = std::max(width, absl::StrFormat("%.0f", count).size());
  }
  std::vector<std::string> labels;
  size_t label_width = 0;
  for (size_t i = 0; i < lines; ++i) {
    labels.push_back(absl::StrCat(i));
    if (i < classes.size()) absl::StrAppend(&labels.back(), "  ", Escaped(classes[i]));
    label_width = std::max(label_width, labels.back().size());
  }
  const int w = static_cast<int>(width), label = static_cast<int>(label_width);
  std::printf("\n%s, a line per label, a column per prediction\n%*s", named.name.c_str(), label, "");
  for (size_t k = 0; k < columns; ++k) std::printf("  %*s", w, absl::StrCat(k).c_str());
  for (size_t i = 0; i < named.table.values.size(); ++i) {
    if (i % columns == 0) std::printf("\n%-*s", label, labels[i / columns].c_str());
    std::printf("  %*.0f", w, named.table.values[i]);
  }
  std::printf("\n");
}

int Eval(const EvalFlags& flags) {
  const absl::StatusOr<EvaluationReport> report = EvaluateModel(flags.run, flags.options);
  if (!report.ok()) return Fail(report.status());
  size_t width = 8;
  for (const auto& metric : report->metrics) width = std::max(width, metric.first.size());
  const int w = static_cast<int>(width);
  std::printf("%-*s  %s (%s examples)\n", w, "split", report->examples_from.c_str(),
              absl::StrCat(report->examples).c_str());
  std::printf("%-*s  %s\n", w, "weights", report->weights.c_str());
  std::printf("%-*s  %.6f\n", w, "loss", report->loss);
  for (const auto& metric : report->metrics) {
    std::printf("%-*s  %.6f\n", w, metric.first.c_str(), metric.second);
  }
  for (size_t i = 0; i < report->tables.size(); ++i) {
    PrintTable(report->tables[i], report->classes[i]);
  }
  return kOk;
}

}  // namespace

void AddEval(CLI::App* app, RunFunction* run) {
  auto flags = std::make_shared<EvalFlags>();
  CLI::App* command = app->add_subcommand("eval", "Prints loss and metrics of a trained model.");
  command->add_option("run", flags->run, "The run's folder.")->required();
  command->add_option("--split", flags->options.split, "Which examples of the run's data.")
      ->check(CLI::IsMember({"train", "validation", "test"}))
      ->capture_default_str();
  command->add_option(
      "--csv", flags->options.csv,
      "Raw rows instead: a CSV file with the columns that the model was trained on.");
  command->add_option(
      "--data", flags->options.data,
      "Other examples instead, labels included: a CSV file, an array, a folder of images.");
  AddPlaceFlags(command, &flags->options.inputs);
  // One answer to where the examples come from.
  for (const char* place : {"--csv", "--data", "--input"}) {
    command->get_option(place)->excludes(command->get_option("--split"));
    if (place != std::string("--csv")) {
      command->get_option(place)->excludes(command->get_option("--csv"));
    }
  }
  AddDialectFlags(command, &flags->options.dialect);
  command->add_option("--batch_size", flags->options.batch_size, "Rows at a time.")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option("--checkpoint", flags->options.checkpoint,
                      "best, last or a number of updates; the best when the run keeps one, else the "
                      "saved model.");
  command->callback([flags, run] { *run = [flags] { return Eval(*flags); }; });
}

}  // namespace gradus
