// Finds a learning rate for a run: its own model, data, optimizer and schedule.
//
//   const RateRange range = *FindLearningRate(*trainer, {});
//   range.suggestion    // 0.00178
//
// First a range test (Smith 2015, arXiv:1506.01186; fastai's lr_find): the rate rises exponentially
// from batch to batch, with several seeds. It shows where the loss falls fastest and where training
// breaks, and costs a few hundred updates. What it does not know is what a rate is worth at the end
// of a run: a small net that is trained for long wants a tenth of the rate that falls fastest. So
// it only says where to look, and trials say the rest:
//
//   1. range test  middle = steepest descent / sqrt(10), on a lattice of four rates a decade
//   2. scan        an eighth of a trial each, with every seed, at 7 rates, two a decade, from
//   middle / 30 to middle * 30; the
//                  lowest rate whose mean loss is within 5% of the best
//   3. climb       whole trials there and at half a decade and a decade below, then on from the
//   best, half a decade at a
//                  time, until both neighbours are worse. Below, because where a net overfits a run
//                  that is 8 times as long wants an eighth of the rate
//   4. refine      whole trials a quarter of a decade to both sides
//   5. other seeds the best, half a decade to both sides, and what is within 2% of the best
//
// A trial trains as the file says, with its schedule scaled so that the peak is the rate; what
// counts is the validation loss in the end, of the run's own seed. Rates whose losses are within 2%
// of the best are told apart by the other seeds.
//
// The loss of the range test is smoothed by a bias-corrected moving average whose memory is a third
// of a decade of the rate, however many updates that is. fastai's factor, 0.98 of the batch before,
// would remember 50 batches, which of 150 over 7 decades are more than two decades: the curve would
// come that much too late. What is left of the noise goes away in the mean over the seeds.

#ifndef GRADUS_API_FIND_LEARNING_RATE_H_
#define GRADUS_API_FIND_LEARNING_RATE_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "gradus/api/trainer.h"

namespace gradus {

// A whole run's training, or a part of it, at one rate.
struct RateTrial {
  double rate = 0;
  int seed = 0;       // 0: the run's own.
  int64_t steps = 0;  // Updates.
  // Of the validation examples in the end; none when a number was not finite.
  absl::optional<double> loss;
};

struct FindRateOptions {
  // The range test: from, to, and in how many updates; 0: those of an epoch, at least 100 and at
  // most 200.
  double start = 1e-6, end = 10;
  int64_t steps = 0;
  // Seed 0 is the run's own; each of the others has another order of the data and other first
  // weights.
  int seeds = 3;
  // How many whole trials there may be, those with other seeds included; 8 of the scan count as
  // one. 0: the range test alone.
  int trials = 20;
  // The updates of a whole trial. 0: those of the run, at most 10000. Shorter ones than the run
  // shrink its schedule.
  int64_t trial_steps = 0;
  // Begins with the trainer's weights instead of new ones.
  bool present_weights = false;
  // Told of what has been done: the seeds of the range test that are done, then each trial.
  std::function<void(int seeds_done)> on_range_test;
  std::function<void(const RateTrial& trial)> on_trial;
  // Asked after every update; the search ends with Cancelled when it says true.
  std::function<bool()> cancelled;
};

enum class RateConfidence { kLow, kMedium, kHigh };

struct RateRange {
  // The range test. A curve ends where a seed's loss is 4 times its least one, or not finite.
  struct Curve {
    std::vector<double> rates, low, mean, high;  // Smoothed losses, over the seeds.
  };
  Curve curve;
  double steepest = 0;              // Where the mean falls fastest with the logarithm of the rate.
  double lowest = 0;                // Where the mean is least.
  absl::optional<double> diverges;  // Where the first seed broke off; none when none did.
  std::vector<RateTrial> trials;    // In the order in which they were made.
  bool validated = false;           // Whether the trials' losses are of validation examples.

  double suggestion = 0;
  RateConfidence confidence = RateConfidence::kLow;
  std::string because;  // "with 2 other seeds no rate that was tried is better by more than 5%"
  // What makes the file's schedule peak there: settings for `--set`, and the text for the file when
  // that is one line.
  std::vector<std::string> settings;
  std::string text;
};

// Deterministic for a configuration and its options. The trainer is only read: weights, slots,
// states, progress and rates stay what they are, also when the search fails or is cancelled.
absl::StatusOr<RateRange> FindLearningRate(const Trainer& trainer, const FindRateOptions& options);

// "high", "medium", "low"
const char* Name(RateConfidence confidence);

// The settings that multiply every rate of the schedules in `config` so that one whose peak is
// `peak` has its peak at `rate`.
std::vector<std::string> ScaleRates(const OptimizerConfig& config, double peak, double rate);

}  // namespace gradus

#endif  // GRADUS_API_FIND_LEARNING_RATE_H_
