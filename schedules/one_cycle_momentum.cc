// The momentum that goes with one_cycle: low while the rate is high. The values at the corners of
// one_cycle_shape.h:
//
//   two phases     max_momentum, base_momentum, final_momentum
//   three phases   max_momentum, base_momentum, max_momentum, final_momentum
//
// PyTorch's OneCycleLR with cycle_momentum, where final_momentum is max_momentum; fastai's `moms`
// are the three. Give it the same total_steps, pct_start, anneal_strategy, three_phase, pct_final
// and corners as the one_cycle that it goes with.
//
//   schedule { field: "momentum" follow { one_cycle_momentum { total_steps: 10000 } } }

#include "gradus/train/schedule.h"
#include "schedules/one_cycle_shape.h"

namespace gradus {
namespace {

class OneCycleMomentum final : public Schedule {
 public:
  using Config = schedule::OneCycleMomentum;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    OneCycleShape::Check(config, "one_cycle_momentum", path, diagnostics);
  }

  explicit OneCycleMomentum(const Config& config)
      : shape_(config, config.max_momentum(), config.base_momentum(), config.max_momentum(),
               config.has_final_momentum() ? config.final_momentum() : config.max_momentum()) {}

  double At(const ScheduleTime& time) const override { return shape_.At(time.elapsed()); }
  double length() const override { return shape_.length(); }

 private:
  const OneCycleShape shape_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.one_cycle_momentum", OneCycleMomentum,
                         schedule::OneCycleMomentum);

}  // namespace
}  // namespace gradus
