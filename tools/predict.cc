// gradus predict: raw rows in, predictions out.

#include <cstdio>
#include <memory>

#include "absl/strings/str_cat.h"
#include "gradus/api/predict_csv.h"
#include "tools/command.h"

namespace gradus {
namespace {

int Predict(const PredictCsvOptions& options) {
  const absl::StatusOr<int64_t> rows = PredictCsv(options);
  if (!rows.ok()) return Fail(rows.status());
  if (options.output != "-") {
    std::printf("%s rows written to %s\n", absl::StrCat(*rows).c_str(), options.output.c_str());
  }
  return kOk;
}

}  // namespace

void AddPredict(CLI::App* app, RunFunction* run) {
  auto options = std::make_shared<PredictCsvOptions>();
  options->output = "-";
  CLI::App* command = app->add_subcommand("predict", "Predicts from the raw rows of a CSV file.");
  command->add_option("model", options->model, "A run's folder, or any folder with a saved model.")
      ->required();
  command->add_option("input", options->input, "CSV with a header; labels are not needed.")
      ->required();
  command
      ->add_option("--output", options->output,
                   "Where the predictions go, as CSV; - is standard output.")
      ->capture_default_str();
  command->add_option("--batch_size", options->batch_size, "Rows at a time.")
      ->check(CLI::Range(1, 1 << 20))
      ->capture_default_str();
  command->callback([options, run] { *run = [options] { return Predict(*options); }; });
}

}  // namespace gradus
