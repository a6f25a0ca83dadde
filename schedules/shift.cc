// A schedule that begins later or earlier.
//
//   value(t) = schedule(max(t - by, 0))
//
// optax' transition_begin. libtorch's StepLR is Python's with `by: 1`: its step() looks at the
// counter before it moves.
//
//   learning_rate {
//     shift {
//       by: 2
//       schedule { exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 }
//       }
//     }
//   }

#include <algorithm>
#include <memory>

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Shift final : public Schedule {
 public:
  Shift(const ScheduleConfig::Shift& config, ScheduleScope* scope)
      : by_(config.by()),
        schedule_(scope->Make(config.schedule(), scope->path().Child("schedule"))) {}

  double At(const ScheduleTime& time) const override {
    if (by_ < 0) return schedule_->At({time.now - by_, time.start});
    const double start = time.start + by_;
    return schedule_->At({std::max(time.now, start), start});
  }

  double length() const override { return std::max(0.0, schedule_->length() + by_); }

 private:
  const double by_;
  const std::unique_ptr<Schedule> schedule_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.shift", Shift, ScheduleConfig::Shift);

}  // namespace
}  // namespace gradus
