// Exponential decay.
//
//   rate(k) = initial_learning_rate decay_rate^(k / decay_steps)
//
// with the exponent rounded down when staircase. Keras' ExponentialDecay, in double. With
// end_learning_rate it stops there as optax' exponential_decay does: never below it when decay_rate
// is below 1, never above it otherwise.
//
//   learning_rate {
//     exponential_decay { initial_learning_rate: 0.01 decay_steps: 1000 decay_rate: 0.96 }
//   }

#include <algorithm>
#include <cmath>
#include <limits>

#include "gradus/base/status.h"
#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class ExponentialDecay final : public Schedule {
 public:
  using Config = schedule::ExponentialDecay;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (!config.has_end_learning_rate()) return;
    const double initial = config.initial_learning_rate(), end = config.end_learning_rate();
    const bool falls = config.decay_rate() < 1;
    if (falls ? end <= initial : end >= initial) return;
    diagnostics->Error(
        "conflict", path.Child("end_learning_rate"),
        absl::StrCat("exponential_decay: end_learning_rate ", ShortestNumber(end), " is ",
                     falls ? "above" : "below", " initial_learning_rate ", ShortestNumber(initial),
                     ", which decay_rate ", ShortestNumber(config.decay_rate()),
                     falls ? " only lowers" : " does not lower"));
  }

  explicit ExponentialDecay(const Config& config)
      : initial_(config.initial_learning_rate()),
        steps_(config.decay_steps()),
        // 0 stays 0, where a power that overflows would make it NaN.
        rate_(initial_ == 0 ? 1 : config.decay_rate()),
        staircase_(config.staircase()),
        least_(rate_ < 1 && config.has_end_learning_rate() ? config.end_learning_rate() : 0),
        greatest_(rate_ > 1 && config.has_end_learning_rate() ? config.end_learning_rate()
                                                              : kInfinity) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    const double exponent = staircase_ ? WholePeriods(elapsed, steps_) : elapsed / steps_;
    return std::min(std::max(initial_ * std::pow(rate_, exponent), least_), greatest_);
  }

  double length() const override {
    const double end = rate_ < 1 ? least_ : greatest_;
    if (rate_ == 1 || end == 0 || end == kInfinity) return kInfinity;
    const double exponent = std::log(end / initial_) / std::log(rate_);
    return steps_ * (staircase_ ? std::ceil(SnapToWhole(exponent)) : exponent);
  }

 private:
  const double initial_, steps_, rate_;
  const bool staircase_;
  const double least_, greatest_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.exponential_decay", ExponentialDecay,
                         schedule::ExponentialDecay);

}  // namespace
}  // namespace gradus
