// What is probably not meant in the rates of a run, found before anything is trained: by looking at
// the schedules' values and lengths, not at their names.
//
//   fashion.pbtxt:41:5: the rate is 0 at the first update, which does nothing
//   [optimizer.learning_rate] fashion.pbtxt:41:5: cosine_decay ends after 10 steps, and the run has
//   6330 of them (15 epochs); if epochs were meant, write clock: EPOCHS [optimizer.learning_rate]
//
// Codes: "out-of-range" (an error: training would end there); warnings "zero-rate", "rate-jump",
// "horizon", "epochs-as-steps".

#ifndef GRADUS_API_RATE_CHECKS_H_
#define GRADUS_API_RATE_CHECKS_H_

#include "gradus/base/diagnostics.h"
#include "gradus/run.pb.h"
#include "gradus/train/hyperparameters.h"

namespace gradus {

// Looks at some thousand updates, however long the run is: all of a short one. A run without an end
// is looked at for its first hundred thousand updates. Controllers and what is asked for from
// outside are left out.
void CheckRates(const Hyperparameters& numbers, const OptimizerConfig& config,
                Diagnostics* diagnostics);

}  // namespace gradus

#endif  // GRADUS_API_RATE_CHECKS_H_
