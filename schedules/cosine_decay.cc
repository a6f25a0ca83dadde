// Half a cosine after a linear warm-up, if wanted. With L = initial_learning_rate, W =
// warmup_steps, D = decay_steps, peak = warmup_target, or L without one, and end = alpha peak or
// end_learning_rate:
//
//   k < W:      rate(k) = L + (peak - L) k / W
//   otherwise:  rate(k) = end + (peak - end) ((1 + cos(2 pi num_cycles f)) / 2)^exponent,
//               f = (min(k - W, D) / D)^k_decay
//
// Loshchilov & Hutter 2017, arXiv:1608.03983, without restarts. The defaults are Keras'
// CosineDecay. `warmup` says what D has to do with W: IN_DECAY_STEPS puts D - W for D, as optax and
// transformers do; OVER_DECAY puts k for k - W, as timm does without warmup_prefix, and so jumps at
// W. With after_end: CONTINUE, k - W is not cut at D: PyTorch's CosineAnnealingLR climbs back.
// k_decay is timm's (Zhang & Li 2020, arXiv:2004.05909).
// NOTE: Keras ignores warmup_steps without warmup_target; here that is an error.
//
//   learning_rate {
//     cosine_decay {
//       initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 500 decay_steps: 9500
//     }
//   }

#include <algorithm>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"
#include "schedules/curve.h"

namespace gradus {
namespace {

class CosineDecay final : public Schedule {
 public:
  using Config = schedule::CosineDecay;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (config.warmup_steps() > 0 && !config.has_warmup_target()) {
      diagnostics->Error("conflict", path.Child("warmup_steps"),
                         "cosine_decay: warmup_steps is set, but no warmup_target",
                         "write warmup_target: the peak that the warm-up reaches");
    }
    if (config.warmup() != Config::BEFORE_DECAY_STEPS &&
        config.warmup_steps() >= config.decay_steps()) {
      diagnostics->Error(
          "conflict", path.Child("warmup_steps"),
          absl::StrCat("cosine_decay: warmup_steps ", ShortestNumber(config.warmup_steps()),
                       " leave nothing of ", "decay_steps ", ShortestNumber(config.decay_steps()),
                       ", which count them with warmup: ", Config::Warmup_Name(config.warmup())));
    }
    CheckEndValue(config, "cosine_decay", path, diagnostics);
  }

  explicit CosineDecay(const Config& config)
      : initial_(config.initial_learning_rate()),
        peak_(config.has_warmup_target() ? config.warmup_target() : config.initial_learning_rate()),
        end_(EndValue(config, peak_)),
        warmup_(config.warmup_steps()),
        begin_(config.warmup() == Config::OVER_DECAY ? 0 : warmup_),
        decay_(config.warmup() == Config::IN_DECAY_STEPS ? config.decay_steps() - warmup_
                                                         : config.decay_steps()),
        exponent_(config.exponent()),
        half_cycles_(2 * config.num_cycles()),
        k_decay_(config.k_decay()),
        wave_(2 * decay_ / half_cycles_),
        hold_(config.after_end() == Config::HOLD) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    if (!Reached(elapsed, warmup_)) return initial_ + (peak_ - initial_) * elapsed / warmup_;
    double since = std::max(elapsed - begin_, 0.0);
    if (hold_) {
      since = std::min(since, decay_);
    } else if (k_decay_ == 1) {
      since -= wave_ * WholePeriods(since, wave_);  // Exact however large it is.
    }
    const double fraction = Power(since / decay_, k_decay_);
    return end_ + (peak_ - end_) * Power(HalfCosine(half_cycles_ * fraction), exponent_);
  }

  double length() const override { return begin_ + decay_; }

 private:
  const double initial_, peak_, end_, warmup_, begin_, decay_, exponent_, half_cycles_, k_decay_;
  const double wave_;  // How long the cosine takes to come back to where it is, with k_decay 1.
  const bool hold_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.cosine_decay", CosineDecay, schedule::CosineDecay);

}  // namespace
}  // namespace gradus
