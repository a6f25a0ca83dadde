// Where the examples of a run came from, for other examples that are given to its model.

#ifndef GRADUS_API_TRAINING_SOURCE_H_
#define GRADUS_API_TRAINING_SOURCE_H_

#include <string>

#include "absl/status/statusor.h"
#include "gradus/data.pb.h"

namespace gradus {

// The training source that the folder's `run.pbtxt` has; an empty one where there is no run.pbtxt, as
// beside a model that was saved by itself. Its files are not looked at: they may be gone.
absl::StatusOr<SourceConfig> ReadTrainingSource(const std::string& run);

}  // namespace gradus

#endif  // GRADUS_API_TRAINING_SOURCE_H_
