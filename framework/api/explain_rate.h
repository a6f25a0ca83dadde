// Why a number of a run is what it is, at any update: what each layer of its chain made of it, and
// what changed it last. Put together from the run's folder (run.pbtxt, events.jsonl), also while
// another process trains in it.
//
//   ExplainedRates all = *ExplainRate("runs/fashion-1", {4312});
//   for (const ExplainedRate& one : all.rates) ... one.chain.back().out ...

#ifndef GRADUS_API_EXPLAIN_RATE_H_
#define GRADUS_API_EXPLAIN_RATE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "gradus/train/hyperparameters.h"

namespace gradus {

struct ExplainOptions {
  absl::optional<int64_t> step;  // An update, counted from 0; the next one when unset.
  std::string group;             // Empty: every one that has parameters.
  std::string field = "learning_rate";
};

struct ExplainedRate {
  std::string group;  // "model" for a number of no group.
  std::string field;
  double value = 0;
  std::vector<Hyperparameters::Why> chain;  // The last one's `out` is the value.
  // What changed it last, at or before this update, beside its schedule's own curve.
  absl::optional<RateEvent> last_change;
};

struct ExplainedRates {
  int64_t step = 0;
  // How far the run has come as its files say. Of later updates this is what holds as things stand
  // now: controllers and commands may change it.
  int64_t updates_done = 0;
  std::vector<ExplainedRate> rates;
};

absl::StatusOr<ExplainedRates> ExplainRate(const std::string& run,
                                           const ExplainOptions& options = {});

}  // namespace gradus

#endif  // GRADUS_API_EXPLAIN_RATE_H_
