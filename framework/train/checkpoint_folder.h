// The folder of a run's checkpoints: what they are called, which may go, which is the best.

#ifndef GRADUS_TRAIN_CHECKPOINT_FOLDER_H_
#define GRADUS_TRAIN_CHECKPOINT_FOLDER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/status/statusor.h"

namespace gradus {

// "step-0000001234"
std::string StepFolderName(int64_t step);
// Beside its place, and this process's own.
std::string TemporaryName(const std::string& path);

// Names of checkpoint folders, oldest first.
absl::StatusOr<std::vector<std::string>> StepFolders(const std::string& folder);

// Removes all but the newest `keep` up to and including `written` (0 keeps all), and what a process
// that was killed left behind. A later step than the written one belongs to a run that was given
// up, damaged perhaps: it neither counts nor goes.
absl::Status RemoveOldCheckpoints(const std::string& folder, const std::string& written,
                                  int64_t keep);

}  // namespace gradus

#endif  // GRADUS_TRAIN_CHECKPOINT_FOLDER_H_
