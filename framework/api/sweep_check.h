// The configurations of a sweep's trials, checked before anything runs. Internal to sweep.

#ifndef GRADUS_API_SWEEP_CHECK_H_
#define GRADUS_API_SWEEP_CHECK_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/direction.pb.h"

namespace gradus {

// A trial's settings are those of `settings` with its number. Finds everything that starting the
// trials would find. One line for each finding, each once: `trials 0, 3: FINDING`. The data is read
// once for all trials that have the same data part. `metric` is a monitor that every trial must
// produce; the result is which way it gets better: as `direction` says, or, with AUTO, as it says
// itself.
absl::StatusOr<Direction> CheckTrials(const std::string& file,
                                      absl::Span<const std::vector<std::string>> settings,
                                      const std::string& metric, Direction direction);

}  // namespace gradus

#endif  // GRADUS_API_SWEEP_CHECK_H_
