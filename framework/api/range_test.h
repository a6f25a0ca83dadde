// The range test: the loss of batches while the rate rises. find_learning_rate.h says what it is
// for.

#ifndef GRADUS_API_RANGE_TEST_H_
#define GRADUS_API_RANGE_TEST_H_

#include "gradus/api/find_learning_rate.h"
#include "gradus/api/rate_trials.h"

namespace gradus {

// Fills in the curve of the range and what is read off it. `plan` says how many updates an epoch
// has. An error when the first loss is not finite already.
absl::Status RunRangeTest(const RateTrials& trials, const Timeline::Plan& plan,
                          const FindRateOptions& options, RateRange* range);

// Whether the mean falls by more than 2%: less is no descent to rely on.
bool Falls(const RateRange::Curve& curve);

}  // namespace gradus

#endif  // GRADUS_API_RANGE_TEST_H_
