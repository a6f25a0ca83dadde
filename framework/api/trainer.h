// Training as a service uses it: one step at a time, or a whole run. Prints nothing, takes no
// signals, needs no folder.
//
//   auto trainer = *gradus::Trainer::FromFile("xor.pbtxt");
//   for (...) report = *trainer->Step({{"x", x}, {"label", label}});
//   trainer->SaveModel("xor");
//
// Thread safety: a Trainer is used by one thread at a time, but for Command; several may live in one process.

#ifndef GRADUS_API_TRAINER_H_
#define GRADUS_API_TRAINER_H_

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/api/model_file.h"
#include "gradus/api/run_file.h"
#include "gradus/base/tensor.h"
#include "gradus/base/thread_pool.h"
#include "gradus/data/memory.h"
#include "gradus/data/open_data.h"
#include "gradus/train/memory_match.h"
#include "gradus/train/train_loop.h"
#include "gradus/train_state.pb.h"

namespace gradus {

struct TrainerOptions {
  MemoryDatasets datasets;        // What `memory { name }` in the data part refers to.
  std::string checkpoint_folder;  // Where Train() saves states; empty: nowhere.
  bool check_numerics = false;    // Looks at every value of every step; slow.
  PassOptions passes;
  // How many examples make an epoch for a program that steps by itself, without a data part: what schedules that count
  // epochs need. 0: not known.
  int64_t examples_per_epoch = 0;
  // False: the data is not opened, wherever it is now. Such a trainer answers for the numbers of a run, and does not
  // train. How many examples there are is what the checkpoint says, or examples_per_epoch.
  bool open_data = true;
};

// What Step says of one batch; means over its examples, before the update.
struct StepResult {
  int64_t step = 0;  // Updates done, this one included.
  double loss = 0;
  std::vector<std::pair<std::string, double>> metrics;
  double learning_rate = 0;
  // A controller has given this batch up and gone back to the last good state.
  bool restored = false;
  // Why the update was left out, if it was (skip_non_finite).
  std::string skipped;
  // What commands and controllers did to the numbers that change.
  std::vector<RateEvent> events;
};

class Trainer {
 public:
  // Everything that is wrong with model, optimizer and data comes in one Status, a line each.
  static absl::StatusOr<std::unique_ptr<Trainer>> Create(RunFile file,
                                                         const TrainerOptions& options = {});
  static absl::StatusOr<std::unique_ptr<Trainer>> FromFile(
      const std::string& path, absl::Span<const std::string> settings = {},
      const TrainerOptions& options = {});
  // Goes on from a checkpoint (a folder made by Train) exactly where it stood.
  // `settings` (PATH=VALUE) may change how it goes on: run.*, optimizer.*, plugin and data.batch_size. A run that has ended
  // early goes on when they are about its end (run.epochs, run.max_steps, run.early_stopping), or when Command gives it
  // total_steps; its patience begins afresh then. With other rules, groups or averages what is remembered goes over
  // where it means the same (train/carry_state.h), and memory_match() says what did.
  static absl::StatusOr<std::unique_ptr<Trainer>> Resume(
      const std::string& checkpoint, const TrainerOptions& options = {},
      absl::Span<const std::string> settings = {});
  ~Trainer();

  // One update on a batch given by input name; all tensors [rows, ...] of the model's types. Labels
  // too. An error leaves the state as it was, except an IsNonFinite one about gradients or weights.
  absl::StatusOr<StepResult> Step(const std::map<std::string, Tensor>& batch);
  // The same into a result that the caller keeps: nothing is allocated after the first step of each
  // number of rows.
  absl::Status Step(const std::map<std::string, Tensor>& batch, StepResult* result);

  // The whole run of the configuration, from where the state stands. Needs data.
  absl::StatusOr<LoopEnd> Train(absl::Span<TrainObserver* const> observers = {});

  // Changes a number of a run from outside: takes effect at the next step boundary, or at its at_step. Any thread may call
  // it while another trains. An error when it can be seen now that it would be refused; what can only be seen then is
  // told by TrainObserver::OnCommand, or is the error of Step.
  absl::Status Command(const RateCommand& command);

  // Loss and metrics of a dataset in inference mode; null datasets are an error.
  absl::StatusOr<MetricLine> Evaluate(const std::shared_ptr<const Dataset>& dataset,
                                      absl::string_view split);

  // What became of the optimizer's memory where a resume had settings for the optimizer; else empty.
  const MemoryMatch& memory_match() const { return match_; }

  // Where Train() saves states from now on; empty: nowhere.
  void set_checkpoint_folder(const std::string& folder) { options_.checkpoint_folder = folder; }

  // ---- What it knows.
  const RunConfig& config() const { return config_; }  // With absolute paths.
  const DataSplits& data() const { return data_; }
  const TrainState& state() const { return state_; }
  const TrainStep& step() const { return *step_; }
  const Timeline& timeline() const { return step_->numbers().timeline(); }
  int threads() const { return pool_->threads(); }
  int64_t parameter_count() const;
  // Updates of a whole run as it is planned now, or 0 when it has no end.
  int64_t planned_steps() const;
  std::vector<std::string> warnings() const { return warnings_; }
  // The tables that it has read for the first time, by their checksums, as settings: what a record of the settings
  // that it was made with needs beside them.
  const std::vector<std::string>& sealed_tables() const { return sealed_; }

  // ---- Parameters and states by name ("hidden_1/kernel"), plain row-major.
  // A parameter may be set between any two steps, and is then what is evaluated and saved, too: what the optimizer
  // keeps as a copy of the weights (an average, slow weights, Schedule-Free's z) begins again from there. The rest
  // of its memory, momentum say, and states to go back to stay as they are.
  absl::StatusOr<Tensor> Parameter(const std::string& name) const;
  absl::Status SetParameter(const std::string& name, const Tensor& value);
  absl::StatusOr<WeightsMatch> LoadWeights(const std::string& path);

  absl::Status SaveModel(const std::string& folder) const;
  // Saves the state now, beside those that Train saves; the path of the new folder.
  absl::StatusOr<std::string> SaveState(const std::string& folder) const;

 private:
  Trainer() = default;
  // `header`: of the checkpoint that the run goes on from, or null.
  static absl::StatusOr<std::unique_ptr<Trainer>> Make(RunFile file, const TrainerOptions& options,
                                                       const TrainStateHeader* header);
  std::shared_ptr<const Timeline> MakeTimeline(const TrainStateHeader* header) const;
  CheckpointContext Context() const;
  // A resume goes on exactly only with the examples that the checkpoint was made with.
  absl::Status NeedsData(absl::string_view what) const;
  absl::Status CheckSameData(const TrainStateHeader& header) const;
  absl::Status CarryOver(const std::string& checkpoint, const TrainStateHeader& header,
                         const RunConfig& config);

  RunConfig config_;
  TrainerOptions options_;
  std::vector<FieldSpec> fields_;
  std::unique_ptr<ThreadPool> pool_;
  DataSplits data_;
  std::unique_ptr<TrainStep> step_;
  std::unique_ptr<Evaluation> evaluation_;
  TrainState state_;
  MemoryMatch match_;
  std::unique_ptr<Watcher> watcher_;
  RateInbox inbox_;
  std::vector<CommandAnswer> answers_;
  std::vector<std::string> warnings_, sealed_;
  std::vector<const void*> inputs_;
  StepReport report_;
};

}  // namespace gradus

#endif  // GRADUS_API_TRAINER_H_
