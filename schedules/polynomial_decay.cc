// Polynomial decay. With L = initial_learning_rate, E = end_learning_rate and D = decay_steps:
//
//   rate(k) = E + (L - E) (1 - (j / D)^k_decay)^power,  j = min(k, D)
//
// Keras' PolynomialDecay; k_decay is timm's (Zhang & Li 2020, arXiv:2004.05909). With cycle, k is
// not cut but D is multiplied by the smallest n >= 1 with k <= n D: the rate reaches E at D, 2 D,
// ... and jumps up after each, but never back to L.
//
//   learning_rate {
//     polynomial_decay { initial_learning_rate: 0.1 decay_steps: 10000 end_learning_rate: 0.001 }
//   }

#include <algorithm>
#include <limits>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"
#include "schedules/curve.h"

namespace gradus {
namespace {

class PolynomialDecay final : public Schedule {
 public:
  explicit PolynomialDecay(const schedule::PolynomialDecay& config)
      : initial_(config.initial_learning_rate()),
        steps_(config.decay_steps()),
        end_(config.end_learning_rate()),
        power_(config.power()),
        k_decay_(config.k_decay()),
        cycle_(config.cycle()) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    double steps = steps_;
    if (cycle_) {
      const double periods = WholePeriods(elapsed, steps_);
      steps *= std::max(1.0, Reached(periods * steps_, elapsed) ? periods : periods + 1);
    }
    const double fraction = Power(std::min(elapsed / steps, 1.0), k_decay_);
    return end_ + (initial_ - end_) * Power(1 - fraction, power_);
  }

  double length() const override {
    return cycle_ ? std::numeric_limits<double>::infinity() : steps_;
  }

 private:
  const double initial_, steps_, end_, power_, k_decay_;
  const bool cycle_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.polynomial_decay", PolynomialDecay,
                         schedule::PolynomialDecay);

}  // namespace
}  // namespace gradus
