// Inverse time decay.
//
//   rate(k) = initial_learning_rate / (1 + decay_rate k / decay_steps)^power
//
// with k / decay_steps rounded down when staircase. Keras' InverseTimeDecay with power 1, Caffe's
// `inv` with decay_steps 1 and gamma as the decay_rate.
//
//   learning_rate {
//     inverse_time_decay { initial_learning_rate: 0.1 decay_steps: 1000 decay_rate: 0.5 }
//   }

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"
#include "schedules/curve.h"

namespace gradus {
namespace {

class InverseTimeDecay final : public Schedule {
 public:
  explicit InverseTimeDecay(const schedule::InverseTimeDecay& config)
      : initial_(config.initial_learning_rate()),
        steps_(config.decay_steps()),
        rate_(config.decay_rate()),
        power_(config.power()),
        staircase_(config.staircase()) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    const double periods = staircase_ ? WholePeriods(elapsed, steps_) : elapsed / steps_;
    return initial_ / Power(1 + rate_ * periods, power_);
  }

 private:
  const double initial_, steps_, rate_, power_;
  const bool staircase_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.inverse_time_decay", InverseTimeDecay,
                         schedule::InverseTimeDecay);

}  // namespace
}  // namespace gradus
