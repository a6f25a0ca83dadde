// What may be set when a run goes on from a checkpoint: run.*, optimizer.*, plugin and data.batch_size.
// Anything else would make the state that it goes on from meaningless. And what must be there.

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
// Whether one of them concerns what the optimizer's memory is made of.
bool ConcernOptimizer(absl::Span<const std::string> settings);
// Loads the plugins that the configuration of a checkpoint names. A rule of it that is not there is an
// error which says what to do.
absl::Status LoadRulesOf(const std::string& checkpoint);
// An end that was moved from outside goes before the configuration's, so changing that would do
// nothing.
absl::Status CheckEndMayMove(const RunSettings& before, const RunSettings& now,
                             const RateState& rates);
// Whether one of them lets a run go on that has ended early.
bool MoveEnd(absl::Span<const std::string> settings);

}  // namespace gradus

#endif  // GRADUS_API_RESUME_SETTINGS_H_
