// Goes back to the last good state with a smaller rate when training diverges. With L the loss of
// an update and m its moving average before it, without a bias to its start:
//
//   divergence:  L is not finite (nor is it when gradients or weights were not), or, once m is made
//   of settle_steps losses,
//                L - m > (spike_factor - 1) |m|
//   restore:     scale <- scale * factor;  m begins anew
//   rate(k) = in * scale * min(1, (k - restored_at + 1) / warmup_steps)
//
// For a positive m the spike is L > spike_factor * m; the magnitude makes it right for negative
// losses. The first update after a restore has 1 / warmup_steps of the rate, not 0. After
// max_restores nothing is asked for any more: a loss that is not finite then ends the run as it
// would without a guard.
//
// No library has this as a controller; by hand it is common practice: Chowdhery et al. 2022,
// "PaLM", arXiv:2204.02311, section 5.1, go back about 100 steps before a spike and leave out the
// batches that were seen since.
//
//   controller { divergence_guard { factor: 0.5 warmup_steps: 100 spike_factor: 3 } }

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "gradus/controller_rule.pb.h"
#include "gradus/train/controller.h"

namespace gradus {
namespace {

// The memory, in the order of State().
enum Number {
  kScale,
  kRestores,
  kRestoredAt,  // Updates done at the last restore; none before it.
  kSettled,     // Losses in the moving average.
  kAverage,
  kWeight,  // The moving average is their quotient.
};

class DivergenceGuard final : public Controller {
 public:
  using Config = controller::DivergenceGuard;

  DivergenceGuard(const Config& config, ControllerScope*) : config_(config) {}

  std::vector<ControllerNumber> State() const override {
    return {{"scale", 1.0},   {"restores", 0.0}, {"restored_at", {}},
            {"settled", 0.0}, {"average", 0.0},  {"weight", 0.0}};
  }

  bool Watches(Section section) const override { return section == Section::kBatch; }
  int64_t SnapshotEverySteps() const override { return config_.snapshot_every_steps(); }

  Verdict Observe(const Observation& observation, ControllerNumbers* numbers,
                  std::string* cause) const override {
    ControllerNumbers& state = *numbers;
    const double loss = observation.values[0];
    const double average = *state[kWeight] > 0 ? *state[kAverage] / *state[kWeight] : 0;
    const bool spike = config_.has_spike_factor() &&
                       *state[kSettled] >= static_cast<double>(config_.settle_steps()) &&
                       loss - average > (config_.spike_factor() - 1) * std::abs(average);
    if (std::isfinite(loss) && !spike) {
      Add(loss, &state);
      return Verdict::kGoOn;
    }
    if (*state[kRestores] >= static_cast<double>(config_.max_restores())) {
      if (std::isfinite(loss)) Add(loss, &state);
      return Verdict::kGoOn;
    }
    state[kScale] = std::max(*state[kScale] * config_.factor(), 1e-300);
    state[kRestores] = *state[kRestores] + 1;
    state[kRestoredAt] = static_cast<double>(observation.progress.update);
    state[kSettled] = 0.0;
    state[kAverage] = 0.0;
    state[kWeight] = 0.0;
    *cause =
        absl::StrCat(std::isfinite(loss)
                         ? absl::StrCat("batch/loss ", loss, " is far above its average ", average)
                         : "the loss, the gradients or the weights are not finite",
                     ": restore ", *state[kRestores], " of at most ", config_.max_restores());
    return Verdict::kRestore;
  }

  double Apply(double in, const Progress& progress,
               const ControllerNumbers& numbers) const override {
    double rate = in * *numbers[kScale];
    if (!numbers[kRestoredAt].has_value()) return rate;
    const double since = static_cast<double>(progress.update) - *numbers[kRestoredAt];
    const double length = static_cast<double>(config_.warmup_steps());
    if (since >= 0 && since + 1 < length) rate *= (since + 1) / length;
    return rate;
  }

 private:
  void Add(double loss, ControllerNumbers* numbers) const {
    ControllerNumbers& state = *numbers;
    const double old = config_.smoothing();
    state[kAverage] = old * *state[kAverage] + (1 - old) * loss;
    state[kWeight] = old * *state[kWeight] + (1 - old);
    state[kSettled] = *state[kSettled] + 1;
  }

  const Config config_;
};

GRADUS_REGISTER_CONTROLLER("gradus.ControllerConfig.divergence_guard", DivergenceGuard);

}  // namespace
}  // namespace gradus
