// What of a training state is tensors: parameters, what rules remember, states, snapshots. Each has a
// name, and its place in memory.

#ifndef GRADUS_TRAIN_STATE_TENSORS_H_
#define GRADUS_TRAIN_STATE_TENSORS_H_

#include <string>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/train/safetensors.h"
#include "gradus/train/train_state.h"

namespace gradus {

// Parameters and states by their names, slots as "<parameter>/<slot>"; those of a snapshot have
// "@<snapshot>/" in front, and weights that are evaluated and are not those that are trained
// "@evaluation/"; the rows of the epoch so far that a metric keeps "@epoch_rows/<its place>".
absl::StatusOr<SafetensorsFile> TensorsOf(const TrainState& state);
bool IsEvaluationTensor(absl::string_view name);
bool IsEpochRowsTensor(absl::string_view name);

// Whether a file has exactly the tensors of a state, but for what is evaluated, which is a function of
// the rest, and an epoch's rows, which may be any number; the error names all that are missing, other or too many. `path` is the file's in it.
absl::Status CheckTensors(const SafetensorsFile& file, const TrainState& state,
                          const std::string& path);
// CheckTensors must have found nothing. Of the epoch's sums there are only the rows then.
void WriteTensors(const SafetensorsFile& file, TrainState* state);

// Parameters and states alone: those that were evaluated, where a file has them. What else there is
// is the optimizer's affair.
absl::Status WriteWeights(SafetensorsFile file, const std::string& path, ParameterStore* store);

}  // namespace gradus

#endif  // GRADUS_TRAIN_STATE_TENSORS_H_
