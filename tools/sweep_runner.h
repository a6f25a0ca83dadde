// The trials of a sweep in its folder, from where it stands to its end: processes are started as the
// strategy asks for them, each end is written down and told in a line, and the table comes last.

#ifndef GRADUS_TOOLS_SWEEP_RUNNER_H_
#define GRADUS_TOOLS_SWEEP_RUNNER_H_

#include <string>

#include "absl/status/statusor.h"
#include "gradus/api/sweep.h"

namespace gradus {

// The folder holds the plan, and its lock is the caller's. `parallel` trials run at once; 0: as many
// as the cores are enough for. Gives the exit code: kOk at the end, kStopped when it was told to
// stop.
absl::StatusOr<int> RunTrials(Sweep sweep, const std::string& folder, int parallel);

}  // namespace gradus

#endif  // GRADUS_TOOLS_SWEEP_RUNNER_H_
