// One step of training, as a list that can be read from top to bottom:
//
//   numbers that change <- chains(progress)
//   batch by batch of the update:
//     loss, metrics, gradients, next states <- executor(parameters, states, batch, scalars)
//     refuse a loss that is not finite
//   gradients <- their sum
//   gradients <- those of the same batches at other weights (sharpness_aware)
//   slots, parameters, average <- centralising, clipping, decay, rules, lookahead, averaging
//                                 (train/updater.h)
//   states <- next states
//   progress <- progress + 1 update
//   controllers that watch batches see it
//
// The loss of the step is the weighted mean over the examples of the update, before it. With
// gradient accumulation (gradient_accumulation_steps) an update has several batches, and each of
// their examples counts the same, in a shorter last batch too; what a large batch would not give is
// only that statistics over a batch (batch_norm) are those of each batch, one after another.

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
#include "gradus/train/group_report.h"
#include "gradus/train/parameter_store.h"
#include "gradus/train/sharpness.h"
#include "gradus/train/train_state.h"
#include "gradus/train/updater.h"

namespace gradus {

struct StepOptions {
  uint64_t seed = 0;
  ThreadPool* pool = nullptr;  // Null: one thread. Not owned.
  int64_t block_rows = 0;      // As in RunSettings; 0: cut evenly.
  PassOptions passes;
  // How many examples a batch has where an update has several; 0: those of an update are divided
  // evenly.
  int64_t batch_size = 0;
  // Evaluates every step node by node first and names the first that is not finite.
  bool check_numerics = false;
  // What the clocks of schedules count by; null: nothing but steps is known.
  std::shared_ptr<const Timeline> timeline;
  // Whether there will be validation, for what controllers may watch.
  bool validates = false;
  // Checked for what they watch, together with everything else, and asked how often groups are
  // reported; null: there are none.
  const RunSettings* settings = nullptr;
  // After every so many updates a report has its groups; 0: never.
  int64_t report_groups_every_steps = 0;
  // What the data says of the model; not kept.
  BuildOptions build = {};
};

struct StepReport {
  int64_t step = 0;             // Updates done, this one included.
  double learning_rate = 0;     // What this update used, of the first group that has parameters.
  std::vector<double> numbers;  // Everything that changes, as TrainStep::numbers() counts it.
  MetricSums sums;              // Of this batch, before the update.
  // What the update did to each group that is trained; empty when it is not this one's turn.
  std::vector<GroupReport> groups;
  // What controllers did after it.
  std::vector<RateEvent> events;
  // Whether the update was given up and the last good state restored: then `step` is what it was
  // and the loss may be not finite.
  bool restored = false;
  // Why the update was left out, if it was (skip_non_finite): then `step` is what it was, too.
  std::string skipped;

  // Whether there was no update.
  bool left_out() const { return restored || !skipped.empty(); }
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
  // What changes during the run, and the geometry of the parameters by group.
  const Hyperparameters& numbers() const { return *numbers_; }
  const MonitorTable& monitors() const { return monitors_; }
  const ParameterLayout& layout() const { return layout_; }
  const UpdateRules& rules() const { return *rules_; }
  // The rules' slots and numbers, then the framework's slots.
  const MemorySpec& memory() const { return rules_->memory(); }
  // Where a run begins.
  absl::StatusOr<TrainState> NewState() const;

  // How many batches an update is made of.
  int64_t batches_per_update() const { return batches_per_update_; }

  // Makes state.store.evaluated() what the state says now, where others are evaluated and saved than
  // the weights that are trained. To be called before either.
  absl::Status RefreshEvaluation(const TrainState& state) const;

  // `inputs` are dense buffers of `rows` rows, all examples of the update, in the order of the
  // model's inputs. An update that is left out because of skip_non_finite is no error. On an error
  // nothing has been updated, except that an error of the update itself, IsNonFinite about
  // gradients or weights or what a rule says, leaves parameters and slots unusable.
  absl::Status Run(absl::Span<const void* const> inputs, int64_t rows, TrainState* state,
                   StepReport* report);

 private:
  // What was found to be not finite.
  enum class Watched { kValue, kLoss, kState, kGradient, kWeight };

  TrainStep() = default;
  absl::Status TakeNumbers(const TrainState& state, StepReport* report);
  absl::Status Try(absl::Span<const void* const> inputs, int64_t rows, TrainState* state,
                   StepReport* report);
  absl::Status KeepSnapshot(TrainState* state) const;
  // Whether an update that failed so may be left out; counts it.
  bool MaySkip(const absl::Status& status, TrainState* state) const;
  // Shows the batch to the controllers; restores when they ask for it.
  Verdict Observe(TrainState* state, StepReport* report);
  // The gradients and sums of all batches; states are those after all but the last.
  absl::Status ComputeBatches(absl::Span<const void* const> inputs, int64_t rows,
                              ParameterStore* store, StepReport* report);
  absl::Status ComputeBatch(const Bindings& bindings, float* gradients, ParameterStore* store,
                            const StepReport& report);
  absl::StatusOr<UpdateWatch> Update(absl::Span<const void* const> inputs, int64_t rows,
                                     ParameterStore* store, StepReport* report);
  void KeepStates(ParameterStore* store);
  void ReturnStates(ParameterStore* store) const;
  absl::Status Sharpen(absl::Span<const void* const> inputs, int64_t rows, ParameterStore* store,
                       const StepReport& report);
  absl::StatusOr<double> TryLoss(absl::Span<const void* const> inputs, int64_t rows,
                                 ParameterStore* store, const StepReport& report);
  // The cosine between the gradient and the last change of the weights, turned round.
  absl::optional<double> Alignment(ParameterStore* store) const;
  absl::Status ExplainNonFinite(const Bindings& bindings, Watched watched,
                                const StepReport& report) const;
  absl::Status ExplainUpdate(const ParameterStore& store, Watched watched,
                             const StepReport& report) const;
  absl::Status NonFinite(Watched watched, const StepReport& report, absl::string_view where) const;

  StepOptions options_;
  ModelGraph model_;
  std::unique_ptr<Executor> executor_;
  Executor::ContextPtr context_;
  std::unique_ptr<Hyperparameters> numbers_;
  MonitorTable monitors_;
  ParameterLayout layout_;
  std::unique_ptr<UpdateRules> rules_;
  std::unique_ptr<Updater<float>> updater_;
  std::unique_ptr<Sharpness> sharpness_;    // Where it is asked for, or null.
  std::unique_ptr<GroupMeasure> measure_;  // Likewise.
  int first_group_ = 0;        // That has parameters to train.
  int last_change_slot_ = -1;  // For controllers that ask where the last change of the weights led.
  std::vector<double> loss_weights_;
  // Of the numbers that are scalars of the model: position in scalars_ and in loss_weights_, or -1.
  struct ScalarPlace {
    int number, scalar, loss;
  };
  std::vector<ScalarPlace> scalar_places_;
  std::vector<std::string> gradient_nodes_;  // By parameter: the node that gives its gradient.
  int64_t batches_per_update_ = 1;
  std::vector<int64_t> row_bytes_;  // By input.

  // Buffers of a step, sized for the largest batch so far.
  std::vector<double> scalars_;
  std::vector<int> seed_scalars_;  // Position in scalars_ of each loss's seed.
  int step_scalar_ = -1, row_offset_scalar_ = -1;
  int64_t rows_ = 0;
  std::vector<std::vector<float>> values_;  // One per loss, then rows of each metric.
  Results results_;
  // Of one batch of several.
  std::vector<const void*> batch_inputs_;
  MetricSums batch_sums_;
  // Of evaluations of the loss at other weights.
  StepReport trial_report_;
  std::vector<float> trial_states_;
  AlignedBuffer batch_gradients_;
  std::vector<float> first_states_;  // To go back to.
  int64_t most_skipped_ = 0;  // In a row.
  bool updated_ = false;      // Whether weights have been changed for the present update.
  std::vector<GroupNumbers> group_numbers_;  // Of the present update.
  std::vector<double> observed_;
  absl::optional<double> alignment_;
};

// The scalars of a model's graph in its order with the configuration's numbers: seed, dropout
// rates, ...; others are 0.
std::vector<double> InitialScalars(const ModelGraph& model, uint64_t seed);
// What the configuration multiplies a loss by.
double LossWeight(const ModelGraph& model, const ModelLoss& loss);
// Position of a scalar by name, or -1.
int FindScalar(const Graph& graph, absl::string_view name);

}  // namespace gradus

#endif  // GRADUS_TRAIN_TRAIN_STEP_H_
