// Reproducible noise on a schedule.
//
//   value(t) = schedule(t) (1 + n(seed, t)),  |n| <= pct
//
// n is a counter-based random number (gradus/base/random.h) of the seed and of what the clock
// shows: of the update on STEPS, one for each epoch on WHOLE_EPOCHS. So the noise of an update does
// not depend on what was asked before, and a resumed run has the same. It is timm's noise: a normal
// number that is drawn again until it lies within pct, or a uniform one; the numbers themselves are
// of another generator than torch's. Repetitions of a schedule around it have different noise.
//
//   learning_rate {
//     noise {
//       pct: 0.1 seed: 7 begin: 500
//       schedule { cosine_decay { initial_learning_rate: 0.1 decay_steps: 9500 } }
//     }
//   }

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <memory>

#include "gradus/base/random.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Noise final : public Schedule {
 public:
  using Config = ScheduleConfig::Noise;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (!config.has_end() || config.end() > config.begin()) return;
    diagnostics->Error(
        "order", path.Child("end"),
        absl::StrCat("noise: end ", config.end(), " must be after begin ", config.begin()));
  }

  Noise(const Config& config, ScheduleScope* scope)
      : schedule_(scope->Make(config.schedule(), scope->path().Child("schedule"))),
        pct_(config.pct()),
        normal_(config.distribution() == Config::NORMAL),
        seed_(config.seed()),
        begin_(config.begin()),
        end_(config.has_end() ? config.end() : std::numeric_limits<double>::infinity()) {}

  double At(const ScheduleTime& time) const override {
    const double value = schedule_->At(time);
    if (!Reached(time.elapsed(), begin_) || Reached(time.elapsed(), end_)) return value;
    return value * (1 + NoiseAt(time.now));
  }

  double length() const override {
    return std::isfinite(end_) ? std::max(end_, schedule_->length()) : end_;
  }

 private:
  // A normal number within the bound, by rejection: a point under the bell's flat part. More than
  // four in five are taken, since the bound is at most one deviation.
  double NoiseAt(double now) const {
    uint64_t index;
    std::memcpy(&index, &now, sizeof index);
    for (uint64_t stream = 0;; ++stream) {
      const auto random = Philox(seed_, stream, index);
      const double n = pct_ * (2 * UnitDouble(random[0], random[1]) - 1);
      if (!normal_) return n;
      const double height = UnitDouble(random[2], random[3]);
      // exp(-x) is at least 1 - x, which decides nearly always.
      if (height < 1 - 0.5 * n * n || height < std::exp(-0.5 * n * n)) return n;
    }
  }

  const std::unique_ptr<Schedule> schedule_;
  const double pct_;
  const bool normal_;
  const uint64_t seed_;
  const double begin_, end_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.noise", Noise, ScheduleConfig::Noise);

}  // namespace
}  // namespace gradus
