// Predictions for examples in files: what `gradus predict` does. A table, arrays, a folder of images,
// or a place for each input (data/new_examples.h).

#ifndef GRADUS_API_PREDICT_FILES_H_
#define GRADUS_API_PREDICT_FILES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/training_dialect.h"
#include "gradus/data/new_examples.h"

namespace gradus {

struct PredictOptions {
  std::string model;  // A folder with a saved model.
  // Where the examples are; labels are not needed. Of a table: a CSV file with the columns that the model was trained on, in any order.
  std::string input;
  std::vector<NewPlace>
      inputs;  // Places of single inputs; `input` feeds those that are not named, and is empty when all are.
  GivenDialect dialect;  // How tables are written.
  // CSV, or an array in NumPy's format when it ends in .npy; written whole or not at all. "-" writes CSV to standard output.
  std::string output;
  // A column of the table that is written before the predictions as it is. When empty: the file of an image, the row of an array, nothing
  // of a table.
  std::string id_column;
  // What the network gives, instead of what it means (prediction_table.h): logits, standardised numbers.
  bool raw = false;
  int64_t batch_size = 1024;
  std::string checkpoint;  // As PredictorOptions::checkpoint.
};

struct PredictReport {
  int64_t rows = 0;
  std::string weights;              // "best checkpoint, step 1200", "saved model"
  std::vector<std::string> inputs;  // NewExamples::lines.
};

// One row per example, in their order, in memory that does not grow with their number where the reader's does not; an array [rows, ...] has the
// probabilities, or the numbers in the target's units, and takes a model with one output.
absl::StatusOr<PredictReport> PredictFiles(const PredictOptions& options);

}  // namespace gradus

#endif  // GRADUS_API_PREDICT_FILES_H_
