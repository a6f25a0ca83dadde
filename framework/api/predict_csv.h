// Predictions for a file of raw rows: what `gradus predict` does.

#ifndef GRADUS_API_PREDICT_CSV_H_
#define GRADUS_API_PREDICT_CSV_H_

#include <cstdint>
#include <string>

#include "absl/status/statusor.h"

namespace gradus {

struct PredictCsvOptions {
  std::string model;  // A folder with a saved model.
  std::string input;  // CSV with a header; the columns that the model was trained on, in any order.
                      // Labels are not needed.
  std::string output;  // CSV, written whole or not at all; "-" writes to standard output.
  int64_t batch_size = 1024;
  std::string checkpoint;  // As PredictorOptions::checkpoint.
};

struct PredictCsvReport {
  int64_t rows = 0;
  std::string weights;  // "best checkpoint, step 1200", "saved model"
};

// One row per row of the input; a column per output, `name` or `name[i]` for several numbers.
// Numbers have nine significant digits, which give the same float back. 
absl::StatusOr<PredictCsvReport> PredictCsv(const PredictCsvOptions& options);

}  // namespace gradus

#endif  // GRADUS_API_PREDICT_CSV_H_
