// gradus predict: raw rows in, predictions out.

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gradus/api/predict_csv.h"
#include "tools/command.h"
#include "tools/dialect_flags.h"

namespace gradus {
namespace {

int Predict(const PredictCsvOptions& options) {
  const absl::StatusOr<PredictCsvReport> report = PredictCsv(options);
  if (!report.ok()) return Fail(report.status());
  // Beside the predictions, which may go to standard output.
  std::fprintf(stderr, "weights  %s\n", report->weights.c_str());
  if (options.output != "-") {
    std::printf("%s rows written to %s\n", absl::StrCat(report->rows).c_str(),
                options.output.c_str());
  }
  return kOk;
}

}  // namespace

void AddPredict(CLI::App* app, RunFunction* run) {
  auto options = std::make_shared<PredictCsvOptions>();
  options->output = "-";
  CLI::App* command =
      app->add_subcommand("predict",
                          "Predicts from the raw rows of a CSV file: class names and "
                          "probabilities, or numbers in the target's own units.");
  command->add_option("model", options->model, "A run's folder, or any folder with a saved model.")
      ->required();
  command
      ->add_option("input", options->input,
                   "CSV with the columns that the model was trained on; the target is not needed.")
      ->required();
  command
      ->add_option(
          "--out,--output", options->output,
          "Where the predictions go: CSV, or an array in NumPy's format when it ends in .npy; - is "
          "standard output.")
      ->capture_default_str();
  command->add_option("--id_column", options->id_column,
                      "A column of the input that is written before the predictions as it is.");
  command->add_flag("--raw", options->raw,
                    "What the network gives, instead: logits, standardised numbers.");
  AddDialectFlags(command, &options->dialect);
  command->add_option("--batch_size", options->batch_size, "Rows at a time.")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->add_option(
      "--checkpoint", options->checkpoint,
      "best, last or a number of updates; the best when the run keeps one, else the "
      "saved model.");
  command->callback([options, run] { *run = [options] { return Predict(*options); }; });
}

}  // namespace gradus
