// What `gradus check` and `gradus graph` show of a model, as structs and as text.

#ifndef GRADUS_API_SUMMARY_H_
#define GRADUS_API_SUMMARY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "gradus/api/estimate.h"
#include "gradus/api/run_file.h"

namespace gradus {

struct LayerSummary {
  std::string name;
  std::string kind;    // "dense"
  std::string output;  // "[batch, 10]"
  int64_t parameters = 0;
  double flops = 0;   // Forward, per example.
  int64_t bytes = 0;  // Of the output, per example.
};

struct ModelSummary {
  std::string name;
  std::string examples;  // SplitInWords (resolve_model.h); empty without data.
  std::vector<LayerSummary> layers;
  int64_t parameters = 0;
  int64_t parameter_bytes = 0;
  double forward_flops = 0;    // Per example.
  int64_t training_bytes = 0;  // Arena and scratch of a training step at the batch size, all
                               // threads; 0 for a model that cannot be trained.
  int64_t batch_size = 0;
  absl::optional<TrainingEstimate> estimate;  // Of a model that can be trained.
  std::vector<std::string> warnings;
};

// Validates everything in the file (data included) and describes the model.
// `measure_seconds`: also trains for about so long to see what an update takes.
absl::StatusOr<ModelSummary> Summarize(RunFile file, double measure_seconds = 0);
std::string ToTable(const ModelSummary& summary);

enum class GraphFormat { kText, kDot };
struct GraphDump {
  std::string stage;  // "forward", "gradients", then the passes' names
  std::string text;
};
// The graph as it is built, differentiated, and after each pass. Where a shape is left to the training data, it is opened; when that cannot be,
// and no layer reads such an input, an example has one number of each.
absl::StatusOr<std::vector<GraphDump>> DumpGraphs(RunFile file, bool training, GraphFormat format);

}  // namespace gradus

#endif  // GRADUS_API_SUMMARY_H_
