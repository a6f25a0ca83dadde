// A schedule between bounds.
//
//   value(t) = min(max(schedule(t), min), max)
//
// optax' end_value of exponential_decay is `min` when the rate falls and `max` when it rises.
//
//   learning_rate {
//     clamp {
//       min: 0.03
//       schedule { exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 }
//       }
//     }
//   }

#include <algorithm>
#include <limits>
#include <memory>

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();

class Clamp final : public Schedule {
 public:
  using Config = ScheduleConfig::Clamp;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (!config.has_min() && !config.has_max()) {
      diagnostics->Error("missing", path, "clamp: neither min nor max is set", "set one or both");
    }
    if (config.has_min() && config.has_max() && config.min() > config.max()) {
      diagnostics->Error("order", path.Child("min"),
                         absl::StrCat("clamp: min ", config.min(), " is above max ", config.max()));
    }
  }

  Clamp(const Config& config, ScheduleScope* scope)
      : min_(config.has_min() ? config.min() : -kInfinity),
        max_(config.has_max() ? config.max() : kInfinity),
        schedule_(scope->Make(config.schedule(), scope->path().Child("schedule"))) {}

  double At(const ScheduleTime& time) const override {
    return std::min(std::max(schedule_->At(time), min_), max_);
  }
  double length() const override { return schedule_->length(); }

 private:
  const double min_, max_;
  const std::unique_ptr<Schedule> schedule_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.clamp", Clamp, ScheduleConfig::Clamp);

}  // namespace
}  // namespace gradus
