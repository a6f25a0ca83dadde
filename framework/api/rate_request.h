// The other end of RateControl: asks a run, which trains in another process or has stopped, for
// another rate. What `gradus rate` does.

#ifndef GRADUS_API_RATE_REQUEST_H_
#define GRADUS_API_RATE_REQUEST_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/time/time.h"
#include "gradus/rate_command.pb.h"
#include "gradus/train/hyperparameters.h"

namespace gradus {

struct RateReply {
  enum Kind {
    kDone,      // It has taken effect.
    kLater,     // It will, at its at_step.
    kWaits,     // The run has stopped; it will when the run goes on.
    kNoAnswer,  // The run has not come to it; it will be done as soon as it does.
  };
  Kind kind = kNoAnswer;
  int64_t step = 0;                // The first update that uses the new values.
  std::vector<RateEvent> changes;  // Of kDone and kWaits: group, field, step, old and new value.
  std::string note;                // Of kWaits: what else it does, for people; mostly empty.
};

// The schedule of a command for this run. Errors have positions in a file called `name`.
absl::StatusOr<ScheduleConfig> ParseRunSchedule(const std::string& run, absl::string_view text,
                                                const std::string& name);

// Gives a command to the run in this folder. A run that trains says itself whether it accepts it,
// for which this waits; what a stopped one would refuse is refused now. A run that has ended, early
// or not, takes total_steps, and after that anything else.
absl::StatusOr<RateReply> RequestRate(const std::string& run, const RateCommand& command,
                                      absl::Duration wait);

}  // namespace gradus

#endif  // GRADUS_API_RATE_REQUEST_H_
