// One step of training, as a list that can be read from top to bottom:
//
//   rate <- chain(progress)
//   loss, metrics, gradients, next states <- executor(parameters, states, batch, scalars)
//   refuse a loss that is not finite
//   slots, parameters <- optimizer(gradients, rate)
//   states <- next states
//   progress <- progress + 1 update
//
// The loss of the step is the weighted mean over the batch before the update.

#ifndef GRADUS_TRAIN_TRAIN_STEP_H_
#define GRADUS_TRAIN_TRAIN_STEP_H_

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/thread_pool.h"
#include "gradus/graph/build_graph.h"
#include "gradus/model.pb.h"
#include "gradus/optimizer.pb.h"
#include "gradus/runtime/executor.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/parameter_store.h"
#include "gradus/train/rate.h"

namespace gradus {

struct StepOptions {
  uint64_t seed = 0;
  ThreadPool* pool = nullptr;  // Null: one thread. Not owned.
  int64_t block_rows = 0;      // As in RunSettings; 0: cut evenly.
  PassOptions passes;
  // Evaluates every step node by node first and names the first that is not finite.
  bool check_numerics = false;
};

// Sums over examples, so that means over any number of batches are exact.
struct MetricSums {
  double loss = 0;              // The weighted sum of losses, summed over examples.
  std::vector<double> metrics;  // In the order of MetricNames.
  int64_t examples = 0;

  void Add(const MetricSums& other);
};

struct StepReport {
  int64_t step = 0;          // Updates done, this one included.
  double learning_rate = 0;  // What this update used.
  MetricSums sums;           // Of this batch, before the update.
};

class TrainStep {
 public:
  // Builds and differentiates the training graph. Findings about the model and the optimizer go to
  // `diagnostics` and are the error.
  static absl::StatusOr<std::unique_ptr<TrainStep>> Create(const ModelConfig& model,
                                                           const OptimizerConfig& optimizer,
                                                           const StepOptions& options,
                                                           Diagnostics* diagnostics);
  ~TrainStep();

  // The forward graph with its names; the executor's program has the gradients too.
  const ModelGraph& model() const { return model_; }
  const Executor& executor() const { return *executor_; }
  const RateChain& learning_rate() const { return rate_; }
  std::vector<SlotSpec> Slots() const { return optimizer_->Slots(*rule_config_); }

  // `inputs` are dense buffers of `rows` rows in the order of the model's inputs. On an error
  // nothing has been updated, except that an IsNonFinite error about gradients or weights leaves
  // parameters and slots unusable.
  absl::Status Run(absl::Span<const void* const> inputs, int64_t rows, Progress* progress,
                   ParameterStore* store, StepReport* report);

 private:
  // What was found to be not finite.
  enum class Watched { kValue, kLoss, kState, kGradient, kWeight };

  TrainStep() = default;
  absl::Status Compute(const Bindings& bindings, ParameterStore* store, MetricSums* sums);
  UpdateWatch Update(const UpdateStep& step, ParameterStore* store);
  absl::Status ExplainNonFinite(const Bindings& bindings, const ParameterStore& store,
                                Watched watched, const StepReport& report) const;

  StepOptions options_;
  ModelGraph model_;
  std::unique_ptr<Executor> executor_;
  Executor::ContextPtr context_;
  RateChain rate_;
  const Optimizer* optimizer_ = nullptr;
  std::unique_ptr<google::protobuf::Message> rule_config_;
  std::vector<double> loss_weights_;
  std::vector<std::string> gradient_nodes_;  // By parameter: the node that gives its gradient.

  // Buffers of a step, sized for the largest batch so far.
  std::vector<double> scalars_;
  std::vector<int> seed_scalars_;  // Position in scalars_ of each loss's seed.
  int step_scalar_ = -1;
  int64_t rows_ = 0;
  std::vector<std::vector<float>> values_;  // One per loss, then one per metric.
  Results results_;
  std::vector<float*> slot_pointers_;
};

// The scalars of a model's graph in its order with the configuration's numbers: seed, dropout
// rates, ...; others are 0.
std::vector<double> InitialScalars(const ModelGraph& model, uint64_t seed);
// What the configuration multiplies a loss by.
double LossWeight(const ModelGraph& model, const ModelLoss& loss);
// Position of a scalar by name, or -1.
int FindScalar(const Graph& graph, absl::string_view name);

// Sums of losses (weighted) and metrics from their values by example: first the losses, then the
// metrics. Allocates nothing once `sums` has been through it.
void SumValues(absl::Span<const std::vector<float>> values, absl::Span<const double> loss_weights,
               int64_t rows, MetricSums* sums);

}  // namespace gradus

#endif  // GRADUS_TRAIN_TRAIN_STEP_H_
