// A straight line, up or down, then constant.
//
//   rate(k) = initial_learning_rate + (end_learning_rate - initial_learning_rate) min(k / steps, 1)
//
// PyTorch's LinearLR with the two factors multiplied out; optax' linear_schedule.
//
//   learning_rate { linear { initial_learning_rate: 0.01 end_learning_rate: 0.1 steps: 500 } }

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Linear final : public Schedule {
 public:
  explicit Linear(const schedule::Linear& config)
      : initial_(config.initial_learning_rate()),
        end_(config.end_learning_rate()),
        steps_(config.steps()) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    return elapsed >= steps_ ? end_ : initial_ + (end_ - initial_) * elapsed / steps_;
  }

  double length() const override { return steps_; }

 private:
  const double initial_, end_, steps_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.linear", Linear, schedule::Linear);

}  // namespace
}  // namespace gradus
