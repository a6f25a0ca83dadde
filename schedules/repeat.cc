// A schedule that begins again and again. With the length l:
//
//   value(t) = factor^i schedule(t - i l),  i = floor(t / l)
//
// After `times` repetitions the end of the last one holds. The schedule's own end, schedule(l), is
// only seen there: everywhere else its place is taken by the next beginning, as in optax'
// sgdr_schedule and in all restarts.
//
//   learning_rate {
//     repeat {
//       times: 3 factor: 0.5
//       schedule { cosine_decay { initial_learning_rate: 0.1 decay_steps: 100 } }
//     }
//   }

#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Repeat final : public Schedule {
 public:
  using Config = ScheduleConfig::Repeat;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    if (config.factor() <= 1) return;
    if (!config.has_times()) {
      diagnostics->Error("conflict", path.Child("factor"),
                         absl::StrCat("repeat: factor ", config.factor(),
                                      " grows without end when times is unset"),
                         "set times, or a factor of at most 1");
    } else if (std::isinf(std::pow(config.factor(), static_cast<double>(config.times())))) {
      diagnostics->Error("out-of-range", path.Child("factor"),
                         absl::StrCat("repeat: factor ", config.factor(), " to the power of times ",
                                      config.times(), " is too large for a number"));
    }
  }

  Repeat(const Config& config, ScheduleScope* scope)
      : schedule_(scope->Make(config.schedule(), scope->path().Child("schedule"))),
        length_(config.length()),
        last_(config.has_times() ? static_cast<double>(config.times() - 1)
                                 : std::numeric_limits<double>::infinity()),
        factor_(config.factor()) {
    if (config.has_length() || schedule_ == nullptr) return;
    length_ = schedule_->length();
    if (std::isfinite(length_) && length_ > 0) return;
    scope->diagnostics()->Error("missing", scope->path().Child("length"),
                                "repeat: length is missing: the schedule has none of its own");
  }

  double At(const ScheduleTime& time) const override {
    const double i = std::min(WholePeriods(time.elapsed(), length_), last_);
    const double offset = i * length_;
    const double within = std::min(std::max(time.elapsed() - offset, 0.0), length_);
    const double start = time.start + offset;
    const double value = schedule_->At({start + within, start});
    return factor_ == 1 ? value : value * std::pow(factor_, i);
  }

  double length() const override { return (last_ + 1) * length_; }

 private:
  const std::unique_ptr<Schedule> schedule_;
  double length_;
  const double last_;  // The number of the last repetition, counted from 0.
  const double factor_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.repeat", Repeat, ScheduleConfig::Repeat);

}  // namespace
}  // namespace gradus
