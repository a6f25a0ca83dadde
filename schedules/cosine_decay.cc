// Half a cosine after an optional linear warm-up, then constant. With L = initial_learning_rate and
// peak = warmup_target, or L without one:
//
//   k < warmup_steps:  rate(k) = L + (warmup_target - L) k / warmup_steps
//   otherwise:         rate(k) = peak ((1 - alpha) (1 + cos(pi j / decay_steps)) / 2 + alpha),
//                      j = min(k - warmup_steps, decay_steps)
//
// Keras' CosineDecay: decay_steps does not count the warm-up, alpha is a fraction of the peak.
// Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts.
// NOTE: Keras ignores warmup_steps without warmup_target; here that is an error.
//
//   learning_rate {
//     cosine_decay {
//       initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 500 decay_steps: 9500
//     }
//   }

#include <algorithm>
#include <cmath>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

constexpr double kPi = 3.14159265358979323846;

class CosineDecay final : public Schedule {
 public:
  using Config = schedule::CosineDecay;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (config.warmup_steps() > 0 && !config.has_warmup_target()) {
      diagnostics->Error("conflict", path.Child("warmup_steps"),
                         "cosine_decay: warmup_steps is set, but no warmup_target",
                         "write warmup_target: the peak that the warm-up reaches");
    }
  }

  explicit CosineDecay(const Config& config)
      : initial_(config.initial_learning_rate()),
        peak_(config.has_warmup_target() ? config.warmup_target() : config.initial_learning_rate()),
        warmup_(config.warmup_steps()),
        decay_(config.decay_steps()),
        alpha_(config.alpha()) {}

  double At(const Progress& progress) const override {
    const double update = static_cast<double>(progress.update);
    if (update < warmup_) return initial_ + (peak_ - initial_) * update / warmup_;
    const double fraction = std::min(update - warmup_, decay_) / decay_;
    return peak_ * ((1 - alpha_) * 0.5 * (1 + std::cos(kPi * fraction)) + alpha_);
  }

 private:
  const double initial_, peak_, warmup_, decay_, alpha_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.cosine_decay", CosineDecay, schedule::CosineDecay);

}  // namespace
}  // namespace gradus
