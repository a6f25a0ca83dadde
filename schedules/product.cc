// Several schedules at the same time, multiplied.
//
//   value(t) = factor_0(t) factor_1(t) ...
//
// PyTorch's ChainedScheduler, when all of its schedulers are multiplicative; one of the factors has
// the rate, the others are around 1.
//
//   learning_rate {
//     product {
//       factor { linear { initial_learning_rate: 0.1 end_learning_rate: 1 decay_steps: 4 } }
//       factor { cosine_decay { initial_learning_rate: 0.1 decay_steps: 6 } }
//     }
//   }

#include <algorithm>
#include <memory>
#include <vector>

#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class Product final : public Schedule {
 public:
  Product(const ScheduleConfig::Product& config, ScheduleScope* scope) {
    for (int i = 0; i < config.factor_size(); ++i) {
      factors_.push_back(scope->Make(config.factor(i), scope->path().Child("factor", i, "")));
    }
  }

  double At(const ScheduleTime& time) const override {
    double value = 1;
    for (const auto& factor : factors_) value *= factor->At(time);
    return value;
  }

  double length() const override {
    double longest = 0;
    for (const auto& factor : factors_) longest = std::max(longest, factor->length());
    return longest;
  }

 private:
  std::vector<std::unique_ptr<Schedule>> factors_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.product", Product, ScheduleConfig::Product);

}  // namespace
}  // namespace gradus
