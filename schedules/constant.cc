// The same rate at every update.
//
//   learning_rate { constant: 0.001 }

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Constant final : public Schedule {
 public:
  explicit Constant(double value) : value_(value) {}
  double At(const ScheduleTime&) const override { return value_; }

 private:
  const double value_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.constant", Constant, double);

}  // namespace
}  // namespace gradus
