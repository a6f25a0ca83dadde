// A schedule, multiplied.
//
//   value(t) = factor schedule(t)
//
//   learning_rate {
//     scale { factor: 0.5 schedule { cosine_decay { initial_learning_rate: 0.1 decay_steps: 6 } } }
//   }

#include <memory>

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Scale final : public Schedule {
 public:
  Scale(const ScheduleConfig::Scale& config, ScheduleScope* scope)
      : factor_(config.factor()),
        schedule_(scope->Make(config.schedule(), scope->path().Child("schedule"))) {}

  double At(const ScheduleTime& time) const override { return factor_ * schedule_->At(time); }
  double length() const override { return schedule_->length(); }

 private:
  const double factor_;
  const std::unique_ptr<Schedule> schedule_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.scale", Scale, ScheduleConfig::Scale);

}  // namespace
}  // namespace gradus
