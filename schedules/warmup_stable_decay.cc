// Up, level, down. With p the part that is done of the present stretch (warmup_steps, stable_steps,
// decay_steps) and end = alpha peak_learning_rate or end_learning_rate:
//
//   up:     initial_learning_rate + (peak_learning_rate - initial_learning_rate) u(p)
//   level:  peak_learning_rate
//   down:   end + (peak_learning_rate - end) d(p), then end
//
//                    u(p)                 d(p)
//   LINEAR           p                    1 - p
//   COSINE           (1 - cos(pi p)) / 2  (1 + cos(2 pi num_cycles p)) / 2
//   ONE_MINUS_SQRT   1 - sqrt(1 - p)      1 - sqrt(p)
//
// transformers' warmup_stable_decay, whose warm-up begins at the end value. Hu et al. 2024,
// arXiv:2404.06395.
//
//   learning_rate {
//     warmup_stable_decay {
//       peak_learning_rate: 0.01 warmup_steps: 500 stable_steps: 8000 decay_steps: 1500
//     }
//   }

#include <algorithm>
#include <cmath>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"
#include "schedules/curve.h"

namespace gradus {
namespace {

class WarmupStableDecay final : public Schedule {
 public:
  using Config = schedule::WarmupStableDecay;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (config.has_num_cycles() && config.decay_type() != Config::COSINE) {
      diagnostics->Error(
          "conflict", path.Child("num_cycles"),
          "warmup_stable_decay: num_cycles is set, but only decay_type: COSINE uses it");
    }
    CheckEndValue(config, "warmup_stable_decay", path, diagnostics);
  }

  explicit WarmupStableDecay(const Config& config)
      : initial_(config.initial_learning_rate()),
        peak_(config.peak_learning_rate()),
        end_(EndValue(config, peak_)),
        warmup_(config.warmup_steps()),
        decay_begin_(warmup_ + config.stable_steps()),
        decay_(config.decay_steps()),
        half_cycles_(2 * config.num_cycles()),
        up_(config.warmup_type()),
        down_(config.decay_type()) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    if (elapsed < warmup_) return initial_ + (peak_ - initial_) * Up(elapsed / warmup_);
    if (elapsed <= decay_begin_) return peak_;
    return end_ + (peak_ - end_) * Down(std::min((elapsed - decay_begin_) / decay_, 1.0));
  }

  double length() const override { return decay_begin_ + decay_; }

 private:
  double Up(double part) const {
    switch (up_) {
      case Config::LINEAR:
        break;
      case Config::COSINE:
        return HalfCosine(1 - part);
      case Config::ONE_MINUS_SQRT:
        return 1 - std::sqrt(1 - part);
    }
    return part;
  }

  double Down(double part) const {
    switch (down_) {
      case Config::LINEAR:
        break;
      case Config::COSINE:
        return HalfCosine(half_cycles_ * part);
      case Config::ONE_MINUS_SQRT:
        return 1 - std::sqrt(part);
    }
    return 1 - part;
  }

  const double initial_, peak_, end_, warmup_, decay_begin_, decay_, half_cycles_;
  const Config::Shape up_, down_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.warmup_stable_decay", WarmupStableDecay,
                         schedule::WarmupStableDecay);

}  // namespace
}  // namespace gradus
