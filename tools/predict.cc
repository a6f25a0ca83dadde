// gradus predict: raw examples in, predictions out.

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gradus/api/predict_files.h"
#include "tools/command.h"
#include "tools/dialect_flags.h"
#include "tools/place_flags.h"

namespace gradus {
namespace {

int Predict(const PredictOptions& options) {
  const absl::StatusOr<PredictReport> report = PredictFiles(options);
  if (!report.ok()) return Fail(report.status());
  // Beside the predictions, which may go to standard output.
  std::fprintf(stderr, "weights  %s\n", report->weights.c_str());
  for (const std::string& line : report->inputs) {
    std::fprintf(stderr, "input    %s\n", line.c_str());
  }
  if (options.output != "-") {
    std::printf("%s rows written to %s\n", absl::StrCat(report->rows).c_str(),
                options.output.c_str());
  }
  return kOk;
}

}  // namespace

void AddPredict(CLI::App* app, RunFunction* run) {
  auto options = std::make_shared<PredictOptions>();
  options->output = "-";
  CLI::App* command =
      app->add_subcommand("predict",
                          "Predicts from raw examples (a CSV file, arrays, a folder of PNG images): "
                          "class names and probabilities, or numbers in the target's own units.");
  command->add_option("model", options->model, "A run's folder, or any folder with a saved model.")
      ->required();
  command->add_option(
      "path", options->input,
      "CSV with the columns that the model was trained on, an array (NPY, IDX, safetensors), a PNG "
      "image or a folder of them; the target is not needed.");
  AddPlaceFlags(command, &options->inputs);
  command
      ->add_option(
          "--out,--output", options->output,
          "Where the predictions go: CSV, or an array in NumPy's format when it ends in .npy; - is "
          "standard output.")
      ->capture_default_str();
  command->add_option("--id_column", options->id_column,
                      "A column of the table that is written before the predictions as it is. Images "
                      "have the names of their files there, arrays the numbers of their rows.");
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
