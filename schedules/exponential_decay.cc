// Exponential decay.
//
//   rate(k) = initial_learning_rate * decay_rate ^ (k / decay_steps)
//
// with the exponent rounded down when staircase. Keras' ExponentialDecay, in double. It has no end
// and no floor.
//
//   learning_rate {
//     exponential_decay { initial_learning_rate: 0.01 decay_steps: 1000 decay_rate: 0.96 }
//   }

#include <cmath>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class ExponentialDecay final : public Schedule {
 public:
  explicit ExponentialDecay(const schedule::ExponentialDecay& config)
      : initial_(config.initial_learning_rate()),
        steps_(config.decay_steps()),
        rate_(config.decay_rate()),
        staircase_(config.staircase()) {}

  double At(const Progress& progress) const override {
    const double exponent = static_cast<double>(progress.update) / steps_;
    return initial_ * std::pow(rate_, staircase_ ? std::floor(exponent) : exponent);
  }

 private:
  const double initial_, steps_, rate_;
  const bool staircase_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.exponential_decay", ExponentialDecay,
                         schedule::ExponentialDecay);

}  // namespace
}  // namespace gradus
