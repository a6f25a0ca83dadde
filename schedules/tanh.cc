// A hyperbolic tangent. With E = end_learning_rate and f = k / decay_steps:
//
//   k < decay_steps:  rate(k) = E + (initial_learning_rate - E) (1 - tanh(x)) / 2,
//                     x = (1 - f) lower_bound + f upper_bound
//   otherwise:        rate(k) = E
//
// timm's TanhLRScheduler; Hsueh et al. 2018, arXiv:1806.01593. It begins a little below
// initial_learning_rate and jumps a little down at its end: tanh reaches its bounds nowhere.
//
//   learning_rate { tanh { initial_learning_rate: 0.1 decay_steps: 10000 } }

#include <cmath>

#include "gradus/base/status.h"
#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Tanh final : public Schedule {
 public:
  using Config = schedule::Tanh;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (config.upper_bound() > config.lower_bound()) return;
    diagnostics->Error(
        "order", path.Child("upper_bound"),
        absl::StrCat("tanh: upper_bound ", ShortestNumber(config.upper_bound()),
                     " must be above lower_bound ", ShortestNumber(config.lower_bound())));
  }

  explicit Tanh(const Config& config)
      : initial_(config.initial_learning_rate()),
        end_(config.end_learning_rate()),
        steps_(config.decay_steps()),
        lower_(config.lower_bound()),
        upper_(config.upper_bound()) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    if (Reached(elapsed, steps_)) return end_;
    const double fraction = elapsed / steps_;
    const double argument = (1 - fraction) * lower_ + fraction * upper_;
    return end_ + (initial_ - end_) * 0.5 * (1 - std::tanh(argument));
  }

  double length() const override { return steps_; }

 private:
  const double initial_, end_, steps_, lower_, upper_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.tanh", Tanh, schedule::Tanh);

}  // namespace
}  // namespace gradus
