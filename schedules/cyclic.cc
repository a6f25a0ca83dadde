// Up and down between two values for ever. In cycle c, counted from 0, with h rising from 0 to 1 in
// step_size_up and falling to 0 in step_size_down:
//
//   rate(k) = base_learning_rate + (max_learning_rate - base_learning_rate) h S
//
//   TRIANGULAR   S = 1
//   TRIANGULAR2  S = 2^-c
//   EXP_RANGE    S = gamma^k
//
// PyTorch's CyclicLR; Smith 2017, arXiv:1506.01186. Its momentum runs the other way: a curve of its
// own whose base_learning_rate is max_momentum and whose max_learning_rate is base_momentum.
//
//   learning_rate {
//     cyclic { base_learning_rate: 0.001 max_learning_rate: 0.006 step_size_up: 2000 }
//   }

#include <algorithm>
#include <cmath>

#include "gradus/schedule_cycle.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Cyclic final : public Schedule {
 public:
  using Config = schedule::Cyclic;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (!config.has_gamma() || config.mode() == Config::EXP_RANGE) return;
    diagnostics->Error("conflict", path.Child("gamma"),
                       "cyclic: gamma is set, but only mode: EXP_RANGE uses it");
  }

  explicit Cyclic(const Config& config)
      : base_(config.base_learning_rate()),
        height_(config.max_learning_rate() - config.base_learning_rate()),
        up_(config.step_size_up()),
        down_(config.has_step_size_down() ? config.step_size_down() : config.step_size_up()),
        gamma_(config.gamma()),
        mode_(config.mode()) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed(), total = up_ + down_;
    const double cycle = WholePeriods(elapsed, total);
    const double since = std::min(std::max(elapsed - cycle * total, 0.0), total);
    const double height = height_ * (since <= up_ ? since / up_ : (total - since) / down_);
    if (height == 0) return base_;  // Also where the scale overflows.
    switch (mode_) {
      case Config::TRIANGULAR:
        break;
      case Config::TRIANGULAR2:
        return base_ + height * std::exp2(-cycle);
      case Config::EXP_RANGE:
        return base_ + height * std::pow(gamma_, elapsed);
    }
    return base_ + height;
  }

 private:
  const double base_, height_, up_, down_, gamma_;
  const Config::Mode mode_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.cyclic", Cyclic, schedule::Cyclic);

}  // namespace
}  // namespace gradus
