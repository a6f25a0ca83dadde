// The one-cycle policy: up to a top, down again and further. The values at the corners of
// one_cycle_shape.h, with low = max_learning_rate / div_factor:
//
//   two phases     low, max_learning_rate, final
//   three phases   low, max_learning_rate, low, final
//
// final = low / final_div_factor (PyTorch, optax), or max_learning_rate / final_div_factor with
// final_div_factor_of: MAXIMUM (fastai); it holds afterwards. Half cosines, or straight lines, lead
// from corner to corner. The defaults are PyTorch's OneCycleLR; after its last update that would
// give one value on the way up again and then fail.
// Smith & Topin 2018, arXiv:1708.07120.
//
//   learning_rate { one_cycle { max_learning_rate: 0.1 total_steps: 10000 } }

#include "gradus/train/schedule.h"
#include "schedules/one_cycle_shape.h"

namespace gradus {
namespace {

class OneCycle final : public Schedule {
 public:
  using Config = schedule::OneCycle;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    OneCycleShape::Check(config, "one_cycle", path, diagnostics);
  }

  explicit OneCycle(const Config& config)
      : shape_(config, Low(config), config.max_learning_rate(), Low(config), Final(config)) {}

  double At(const ScheduleTime& time) const override { return shape_.At(time.elapsed()); }
  double length() const override { return shape_.length(); }

 private:
  static double Low(const Config& config) {
    return config.max_learning_rate() / config.div_factor();
  }
  static double Final(const Config& config) {
    const bool of_maximum = config.final_div_factor_of() == Config::MAXIMUM;
    return (of_maximum ? config.max_learning_rate() : Low(config)) / config.final_div_factor();
  }

  const OneCycleShape shape_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.one_cycle", OneCycle, schedule::OneCycle);

}  // namespace
}  // namespace gradus
