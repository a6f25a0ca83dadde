// Loss and metrics of a model over a whole dataset, in inference mode; sums over examples, so that
// a short last batch counts for what it is. Also the forward pass that predicts.

#ifndef GRADUS_TRAIN_EVALUATION_H_
#define GRADUS_TRAIN_EVALUATION_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/diagnostics.h"
#include "gradus/data/dataset.h"
#include "gradus/graph/build_graph.h"
#include "gradus/runtime/executor.h"
#include "gradus/train/parameter_store.h"
#include "gradus/train/train_step.h"

namespace gradus {

class Evaluation {
 public:
  // `layout` is the geometry of the stores that it will be given, when their parameters have
  // groups.
  static absl::StatusOr<std::unique_ptr<Evaluation>> Create(
      const ModelConfig& model, const StepOptions& options, Diagnostics* diagnostics,
      const ParameterLayout* layout = nullptr);

  // FinishSums makes numbers of the sums. `batch_size` rows at a time, in file order. A store made for another
  // graph of the same model serves.
  absl::StatusOr<MetricSums> Run(const std::shared_ptr<const Dataset>& dataset, int64_t batch_size,
                                 const ParameterStore& store);

  const ModelGraph& model() const { return model_; }

 private:
  Evaluation() = default;

  ModelGraph model_;
  ParameterLayout layout_;
  std::unique_ptr<Executor> executor_;
  Executor::ContextPtr context_;
  std::vector<double> scalars_, loss_weights_;
  std::vector<std::vector<float>> values_;
  Results results_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_EVALUATION_H_
