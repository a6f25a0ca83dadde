// A factor every so many updates.
//
//   rate(k) = initial_learning_rate gamma^floor(k / step_size)
//
// PyTorch's StepLR, Caffe's `step`, timm's StepLRScheduler. libtorch's StepLR is one call late: a
// `shift` by 1 gives its numbers.
//
//   learning_rate { step { initial_learning_rate: 0.1 step_size: 30 gamma: 0.1 } }

#include <cmath>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Step final : public Schedule {
 public:
  explicit Step(const schedule::Step& config)
      : initial_(config.initial_learning_rate()),
        step_size_(config.step_size()),
        gamma_(initial_ == 0 ? 1 : config.gamma()) {}  // 0 stays 0, never 0 times infinity.

  double At(const ScheduleTime& time) const override {
    return initial_ * std::pow(gamma_, WholePeriods(time.elapsed(), step_size_));
  }

 private:
  const double initial_, step_size_, gamma_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.step", Step, schedule::Step);

}  // namespace
}  // namespace gradus
