// What may be set when a run goes on from a checkpoint: run.*, optimizer.* and data.batch_size.
// Anything else would make the state that it goes on from meaningless.

#ifndef GRADUS_API_RESUME_SETTINGS_H_
#define GRADUS_API_RESUME_SETTINGS_H_

#include <string>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gradus/run.pb.h"
#include "gradus/train/hyperparameters.h"

namespace gradus {

// Each is PATH=VALUE.
absl::Status CheckResumeSettings(absl::Span<const std::string> settings);
// An end that was moved from outside goes before the configuration's, so changing that would do
// nothing.
absl::Status CheckEndMayMove(const RunSettings& before, const RunSettings& now,
                             const RateState& rates);
// Whether one of them lets a run go on that has ended early.
bool MoveEnd(absl::Span<const std::string> settings);

}  // namespace gradus

#endif  // GRADUS_API_RESUME_SETTINGS_H_
