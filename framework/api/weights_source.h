// Which weights a folder is evaluated or predicted with: those that were saved at the end, or a
// checkpoint's.

#ifndef GRADUS_API_WEIGHTS_SOURCE_H_
#define GRADUS_API_WEIGHTS_SOURCE_H_

#include <string>

#include "absl/status/status.h"
#include "absl/status/statusor.h"
#include "gradus/saved_model.pb.h"
#include "gradus/run.pb.h"
#include "gradus/train/parameter_store.h"
#include "gradus/train/train_state.h"

namespace gradus {

struct WeightsSource {
  std::string folder;
  SavedModel saved;        // The model, and what preprocessing learned.
  std::string checkpoint;  // Its folder; empty: the saved model's weights.
  std::string label;       // For people: "best checkpoint, step 1200", "saved model"

  // Parameters and states. Tensors that the model has and the file has not, or of another shape,
  // are an error naming them, and so are tensors of a saved model that the store has no place for,
  // unless the store is `smaller` on purpose: without what only losses read.
  absl::Status Load(ParameterStore* store, bool smaller = false) const;
};

// `which` is "best", "last", a number of updates, or empty: the best when the run keeps one,
// otherwise the saved model.
absl::StatusOr<WeightsSource> FindWeights(const std::string& folder, const std::string& which);

// Which weights a run that has come to its end was tested and is saved with, where others may be taken
// for them: those of a best measurement, or the last ones beside a best checkpoint. Otherwise empty.
std::string FinalWeightsInWords(const RunSettings& settings, const TrainState& state);

}  // namespace gradus

#endif  // GRADUS_API_WEIGHTS_SOURCE_H_
