// A linear warm-up, then one over the square root of the time. With W = warmup_steps, s = timescale
// (W when unset, or 10000 without a warm-up) and t = k + count_from:
//
//   t < W:      rate(k) = initial_learning_rate + (peak_learning_rate - initial_learning_rate) t /
//   W otherwise:  rate(k) = peak_learning_rate sqrt(s / (t - W + s))
//
// transformers' inverse_sqrt. The schedule of Vaswani et al. 2017, arXiv:1706.03762 ("Noam"),
// d^-0.5 min(n^-0.5, n W^-1.5) with n from 1, is count_from: 1 and a peak of (d W)^-0.5.
//
//   learning_rate { inverse_sqrt { peak_learning_rate: 0.0007 warmup_steps: 4000 count_from: 1 } }

#include <cmath>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class InverseSqrt final : public Schedule {
 public:
  explicit InverseSqrt(const schedule::InverseSqrt& config)
      : peak_(config.peak_learning_rate()),
        initial_(config.initial_learning_rate()),
        warmup_(config.warmup_steps()),
        timescale_(config.has_timescale() ? config.timescale()
                   : warmup_ > 0          ? warmup_
                                          : 10000),
        count_from_(config.count_from()) {}

  double At(const ScheduleTime& time) const override {
    const double count = time.elapsed() + count_from_;
    if (count < warmup_) return initial_ + (peak_ - initial_) * count / warmup_;
    return peak_ * std::sqrt(timescale_ / (count - warmup_ + timescale_));
  }

 private:
  const double peak_, initial_, warmup_, timescale_, count_from_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.inverse_sqrt", InverseSqrt, schedule::InverseSqrt);

}  // namespace
}  // namespace gradus
