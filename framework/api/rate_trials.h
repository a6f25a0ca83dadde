// A run's model, data and optimizer, tried with other rates. Everything that changes (weights,
// slots, states, progress) is a trial's own, so the trainer whose run it is stays what it is, also
// when a trial fails in the middle.
//
// Trial `seed` 0 is the run itself: its first weights, its order of the data. Others have another
// order and other first weights.

#ifndef GRADUS_API_RATE_TRIALS_H_
#define GRADUS_API_RATE_TRIALS_H_

#include <functional>
#include <memory>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "gradus/api/trainer.h"

namespace gradus {

class RateTrials {
 public:
  // The trainer must outlive it and must not train meanwhile. With `present_weights` every trial
  // begins with the trainer's weights and states (the optimizer's slots begin anew); otherwise with
  // those of a new run. `cancelled` is asked after every update; when it says true the trial ends
  // with Cancelled.
  static absl::StatusOr<std::unique_ptr<RateTrials>> Create(const Trainer& trainer,
                                                            bool present_weights,
                                                            std::function<bool()> cancelled);

  // The greatest rate that the file plans for the first group that has parameters, its scale left
  // out: what a trial's rate stands in the place of.
  double peak() const { return peak_; }
  int64_t planned_steps() const { return planned_steps_; }
  bool validates() const { return trainer_.data().validation != nullptr; }

  // One batch at each of these rates, without controllers; of the other numbers that change each
  // stays where it is now. Every group's rate keeps its proportion to that of the others. `losses`:
  // of each batch before its update; it ends when `stop` says so of the loss, or where a number is
  // not finite.
  absl::Status Ramp(int seed, absl::Span<const double> rates,
                    const std::function<bool(double)>& stop, std::vector<double>* losses) const;

  // Trains for so many updates on the file's schedules, all rates multiplied so that the peak is
  // `rate`; in fewer updates than are planned the schedules are shrunk to fit. Gives the loss of
  // the validation examples in the end, or the mean training loss of the last epoch that was begun
  // when there are none; nothing when a number was not finite.
  absl::StatusOr<absl::optional<double>> Train(int seed, double rate, int64_t steps) const;

 private:
  struct Setup;

  explicit RateTrials(const Trainer& trainer) : trainer_(trainer) {}
  absl::Status FindPeaks();
  absl::Status MakeSetup(int seed, bool with_controllers, Setup* setup) const;
  bool Cancelled() const { return cancelled_ != nullptr && cancelled_(); }

  const Trainer& trainer_;
  bool present_weights_ = false;
  std::function<bool()> cancelled_;
  // Of its own: the trainer's is its own. As many threads, so that the sums have the same bits.
  std::unique_ptr<ThreadPool> pool_;
  std::shared_ptr<const Timeline> timeline_;
  int64_t planned_steps_ = 0;
  double peak_ = 0;
  std::vector<double> proportions_;  // By group: its rate, scale and all, when the peak's is 1.
};

}  // namespace gradus

#endif  // GRADUS_API_RATE_TRIALS_H_
