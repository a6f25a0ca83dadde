// Predictions for a table of raw rows: what `gradus predict` does.

#ifndef GRADUS_API_PREDICT_CSV_H_
#define GRADUS_API_PREDICT_CSV_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"
#include "gradus/api/training_dialect.h"

namespace gradus {

struct PredictCsvOptions {
  std::string model;  // A folder with a saved model.
  std::string
      input;  // CSV with the columns that the model was trained on, in any order. Labels are not needed.
  GivenDialect dialect;  // How it is written.
  // CSV, or an array in NumPy's format when it ends in .npy; written whole or not at all. "-" writes CSV to standard output.
  std::string output;
  std::string
      id_column;  // A column of `input` that is written before the predictions as it is; none when empty.
  // What the network gives, instead of what it means (prediction_table.h): logits, standardised numbers.
  bool raw = false;
  int64_t batch_size = 1024;
  std::string checkpoint;  // As PredictorOptions::checkpoint.
};

struct PredictCsvReport {
  int64_t rows = 0;
  std::string weights;  // "best checkpoint, step 1200", "saved model"
};

// One row per row of the input; an array [rows, ...] has the probabilities, or the numbers in the target's units, and takes a model with
// one output.
absl::StatusOr<PredictCsvReport> PredictCsv(const PredictCsvOptions& options);

}  // namespace gradus

#endif  // GRADUS_API_PREDICT_CSV_H_
