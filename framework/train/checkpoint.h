// A TrainState on disk: a folder with `state.pbtxt` (gradus.TrainStateHeader), `run.pbtxt` (the
// configuration as it was resolved; in the header up to format 3) and `state.safetensors`, whose
// tensors are
//
//   <parameter>           its weights                "hidden_1/kernel"
//   <parameter>/<slot>    a slot of the optimizer    "hidden_1/kernel/momentum"
//   <state>               a state leaf               "norm/moving_mean"
//   @<snapshot>/...       the same of a state to go back to: "@good/hidden_1/kernel"
//   @epoch_rows/<i>       what metric i keeps of the epoch so far, where that is no sums
//
// as plain row-major arrays. It is written to a temporary folder beside its place, fsynced and
// renamed, the header last, so that a folder with its final name is whole. `--resume` needs nothing
// else but the plugins of its rules; who only predicts or evaluates does not read what the rules are,
// and needs none.

#ifndef GRADUS_TRAIN_CHECKPOINT_H_
#define GRADUS_TRAIN_CHECKPOINT_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/train/train_state.h"
#include "gradus/train_state.pb.h"

namespace gradus {

constexpr int kCheckpointVersion = 5;

// Fields that rules stand in, which may be a plugin's: what neither predicts nor evaluates.
constexpr absl::string_view kFieldsOfRules[] = {"gradus.RunConfig.optimizer",
                                                "gradus.TrainStateHeader.command"};
enum class CheckpointText { kAll, kWithoutRules };

// What is saved and not in the state: configuration, preprocessing, threads, block_rows, the
// names of sums.
struct CheckpointContext {
  RunConfig config;
  google::protobuf::RepeatedPtrField<InputPreprocessing> preprocessing;
  int threads = 1;
  int64_t training_rows = 0;
  std::vector<std::string> sum_names;  // Of the metrics' sums (SumNames).
  // Say how a state is written, and read.
  const Hyperparameters* numbers = nullptr;
  const Watcher* watcher = nullptr;
};

// Writes `<folder>/step-0000001234`, then removes all but the newest `keep` (0 keeps all). Returns
// the path.
absl::StatusOr<std::string> SaveCheckpoint(const std::string& folder, const TrainState& state,
                                           const CheckpointContext& context, int64_t keep);

// Makes `<folder>/best` a link to a checkpoint in it, in one go. SaveCheckpoint does not remove the
// one that it leads to.
absl::Status MarkBest(const std::string& folder, const std::string& path);

// Where `gradus eval --checkpoint WHICH` finds its weights: "best", "last", or a number of updates.
absl::StatusOr<std::string> FindCheckpoint(const std::string& folder, const std::string& which);

// Reads the texts alone: the header, with its `config` whatever file that is in. A newer format or a
// missing file is an error that names it. Without rules: kFieldsOfRules are left out.
absl::StatusOr<TrainStateHeader> ReadCheckpointHeader(const std::string& path,
                                                      CheckpointText text = CheckpointText::kAll);
// The checkpoint's run.pbtxt; none of formats 1 to 3.
std::string CheckpointConfigPath(const std::string& path);

// Fills a state that was made for the same model and optimizer. A tensor that is missing,
// unexpected, or of another shape is an error naming it, all of them at once; the state is
// unchanged then.
absl::Status LoadCheckpoint(const std::string& path, const Hyperparameters& numbers,
                            const Watcher& watcher, TrainState* state);

// Parameters and states alone, of a checkpoint of the same model with whatever optimizer.
absl::Status LoadCheckpointWeights(const std::string& path, ParameterStore* store);

// The newest whole checkpoint in a folder; NotFound when there is none. Broken ones are skipped and
// named in `skipped`.
absl::StatusOr<std::string> NewestCheckpoint(const std::string& folder,
                                             std::vector<std::string>* skipped);

}  // namespace gradus

#endif  // GRADUS_TRAIN_CHECKPOINT_H_
