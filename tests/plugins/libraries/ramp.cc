// Two schedules, one of a message and one of a number.

#include <algorithm>

#include "acme/ramp.pb.h"
#include "gradus/base/plugin.h"
#include "gradus/train/schedule.h"

GRADUS_PLUGIN("ramp.descriptor_set");

namespace acme {
namespace {

class RampSchedule final : public gradus::Schedule {
 public:
  explicit RampSchedule(const Ramp& config) : height_(config.height()), length_(config.length()) {}
  double At(const gradus::ScheduleTime& time) const override {
    return height_ * std::min(1.0, time.elapsed() / length_);
  }

 private:
  const double height_, length_;
};

class Half final : public gradus::Schedule {
 public:
  explicit Half(double value) : value_(value / 2) {}
  double At(const gradus::ScheduleTime&) const override { return value_; }

 private:
  const double value_;
};

GRADUS_REGISTER_SCHEDULE("acme.ramp", RampSchedule, Ramp);
GRADUS_REGISTER_SCHEDULE("acme.half", Half, double);

}  // namespace
}  // namespace acme
