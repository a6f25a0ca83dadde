// A logistic curve.
//
//   rate(k) = base_learning_rate / (1 + exp(-gamma (k - step_size)))
//
// Caffe's `sigmoid`. It rises with gamma above 0, which is all that Caffe accepts, and falls with
// gamma below 0.
//
//   learning_rate { sigmoid { base_learning_rate: 0.1 gamma: -0.01 step_size: 5000 } }

#include <cmath>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Sigmoid final : public Schedule {
 public:
  explicit Sigmoid(const schedule::Sigmoid& config)
      : base_(config.base_learning_rate()), gamma_(config.gamma()), middle_(config.step_size()) {}

  double At(const ScheduleTime& time) const override {
    return base_ / (1 + std::exp(-gamma_ * (time.elapsed() - middle_)));
  }

 private:
  const double base_, gamma_, middle_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.sigmoid", Sigmoid, schedule::Sigmoid);

}  // namespace
}  // namespace gradus
