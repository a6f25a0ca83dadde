// A schedule outside of Gradus' tree: rate(t) = initial_learning_rate / sqrt(1 + t / decay_steps). The clock, the checks of the
// proto's ranges, pictures, resuming and what stands around it in a text are the framework's.

#include <cmath>

#include "gradus/train/schedule.h"
#include "square_root_decay.pb.h"

namespace acme {
namespace {

class SquareRoot final : public gradus::Schedule {
 public:
  explicit SquareRoot(const SquareRootDecay& config)
      : initial_(config.initial_learning_rate()), steps_(config.decay_steps()) {}

  double At(const gradus::ScheduleTime& time) const override {
    return initial_ / std::sqrt(1 + time.elapsed() / steps_);
  }

 private:
  const double initial_, steps_;
};

GRADUS_REGISTER_SCHEDULE("acme.square_root_decay", SquareRoot, SquareRootDecay);

}  // namespace
}  // namespace acme
