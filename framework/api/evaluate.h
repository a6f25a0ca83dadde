// Loss and metrics of a saved model on raw examples: what `gradus eval` prints.

#ifndef GRADUS_API_EVALUATE_H_
#define GRADUS_API_EVALUATE_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/data/dataset.h"
#include "gradus/data/new_examples.h"
#include "gradus/data/preprocessing.h"
#include "gradus/api/training_dialect.h"
#include "gradus/train/metric_sums.h"

namespace gradus {

struct EvaluateOptions {
  std::string split =
      "test";  // "test", "validation" or "train" of the run's own configuration, or ...
  std::string
      csv;  // ... a CSV file with the columns that the model was trained on, labels included, or ...
  // ... examples from anywhere, as PredictOptions::input and inputs, labels included.
  std::string data;
  std::vector<NewPlace> inputs;
  GivenDialect dialect;  // How tables are written.
  int64_t batch_size = 256;
  std::string checkpoint;  // As PredictorOptions::checkpoint.
};

struct EvaluationReport {
  std::string examples_from;  // "test", or the file
  std::string weights;        // "best checkpoint, step 1200", "saved model"
  int64_t examples = 0;
  double loss = 0;
  std::vector<std::pair<std::string, double>> metrics;
  std::vector<NamedTable> tables;  // Of metrics that count in tables,
  std::vector<std::vector<std::string>> classes;  // and the names of their classes, or none.
};

// `run` is a run folder (for splits), or any folder with a saved model (for a CSV file). The
// preprocessing is the model's.
absl::StatusOr<EvaluationReport> EvaluateModel(const std::string& run,
                                               const EvaluateOptions& options);

// The examples of a split of a run folder's configuration, as its model takes them.
absl::StatusOr<std::shared_ptr<const Dataset>> OpenSplit(const std::string& run,
                                                         const std::string& split,
                                                         absl::Span<const FieldSpec> fields,
                                                         const Preprocessing& preprocessing);

}  // namespace gradus

#endif  // GRADUS_API_EVALUATE_H_
