// Up to what another schedule gives, and then that. With W = steps, p = (t + first) / W, f the
// shape (p, (1 - cos(pi p)) / 2 or 1 - sqrt(1 - p)), and `from` perhaps a fraction of the target:
//
//   p < 1:      value(t) = from + (target - from) f(p), or from (target / from)^p when EXPONENTIAL
//   otherwise:  value(t) = then(t - (W - first)), or then(t) when they overlap
//
//   the target: BEGINNING  then(0)
//               JOINT      what `then` gives where the warm-up ends
//               PRESENT    when they overlap, then(t)
//
// Which library does what: without any of the fields, Hugging Face's warm-ups and timm's with
// warmup_prefix. `overlap: true` is timm without it (the rate falls at the end of the warm-up), and
// with `target: JOINT` timm's tanh. `overlap: true target: PRESENT` is a factor on the schedule, as
// PyTorch's LinearLR in a ChainedScheduler. `first: 1` is Schedule-Free's and Hugging Face's
// cosine_warmup_with_min_lr: the first update has 1 / W, and `then` begins at update W - 1.
// Goyal et al. 2017, arXiv:1706.02677.
//
//   learning_rate {
//     warmup { steps: 500 then { cosine_decay { initial_learning_rate: 0.1 decay_steps: 9500 } } }
//   }

#include <algorithm>
#include <cmath>
#include <memory>

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

constexpr double kPi = 3.14159265358979323846;

class Warmup final : public Schedule {
 public:
  using Config = ScheduleConfig::Warmup;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (config.has_from() && config.has_from_fraction()) {
      diagnostics->Error("conflict", path.Child("from_fraction"),
                         "warmup: from and from_fraction are both set", "keep one of them");
    }
    const double from = config.has_from_fraction() ? config.from_fraction() : config.from();
    if (config.shape() == Config::EXPONENTIAL && !(from > 0)) {
      diagnostics->Error("conflict", path.Child("shape"), "warmup: EXPONENTIAL cannot begin at 0",
                         "set from or from_fraction");
    }
    if (config.has_first() && config.first() > config.steps()) {
      diagnostics->Error(
          "out-of-range", path.Child("first"),
          absl::StrCat("warmup: first ", config.first(), " is more than steps ", config.steps()));
    }
    if (config.target() == Config::PRESENT && !config.overlap()) {
      diagnostics->Error("conflict", path.Child("target"),
                         "warmup: PRESENT needs a schedule that runs during the warm-up",
                         "set overlap: true");
    }
  }

  Warmup(const Config& config, ScheduleScope* scope)
      : then_(scope->Make(config.then(), scope->path().Child("then"))),
        shape_(config.shape()),
        target_(config.target()),
        from_(config.has_from_fraction() ? config.from_fraction() : config.from()),
        from_is_fraction_(config.has_from_fraction()),
        overlap_(config.overlap()),
        steps_(config.steps()),
        first_(config.first()),
        end_(config.steps() - config.first()) {}

  double At(const ScheduleTime& time) const override {
    const double start = overlap_ ? time.start : time.start + end_;
    if (Reached(time.elapsed(), end_)) return then_->At({std::max(time.now, start), start});
    const double target = then_->At({TargetTime(time, start), start});
    const double from = from_is_fraction_ ? from_ * target : from_;
    const double part = (time.elapsed() + first_) / steps_;
    switch (shape_) {
      case Config::LINEAR:
        return from + (target - from) * part;
      case Config::COSINE:
        return from + (target - from) * 0.5 * (1 - std::cos(kPi * part));
      case Config::ONE_MINUS_SQRT:
        return from + (target - from) * (1 - std::sqrt(1 - part));
      case Config::EXPONENTIAL:
        return from > 0 ? from * std::pow(target / from, part) : 0;
    }
    return 0;
  }

  double length() const override {
    return overlap_ ? std::max(end_, then_->length()) : end_ + then_->length();
  }

 private:
  double TargetTime(const ScheduleTime& time, double start) const {
    if (!overlap_ || target_ == Config::BEGINNING) return start;
    return target_ == Config::JOINT ? time.start + end_ : time.now;
  }

  const std::unique_ptr<Schedule> then_;
  const Config::Shape shape_;
  const Config::Target target_;
  const double from_;
  const bool from_is_fraction_, overlap_;
  const double steps_, first_, end_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.warmup", Warmup, ScheduleConfig::Warmup);

}  // namespace
}  // namespace gradus
