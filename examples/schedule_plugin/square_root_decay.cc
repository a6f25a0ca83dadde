// A schedule: falls with the square root of time, for ever or up to a horizon.
//
//   rate(t) = end + (initial_learning_rate - end) / sqrt(1 + min(t, horizon) / decay_steps)
//
//   learning_rate { [acme.square_root_decay] { initial_learning_rate: 0.1 decay_steps: 100 } }
//
// At is a pure function of time, and what it counts (updates, epochs, examples, ...) is the clock's
// business. Checks of the proto's ranges, pictures, resuming and what stands around it in a text are
// the framework's; gradus/train/schedule.h tells what else a schedule may have.

#include <algorithm>
#include <cmath>
#include <limits>

#include "acme/square_root_decay.pb.h"
#include "gradus/base/plugin.h"
#include "gradus/train/schedule.h"

// What is read before anything of this library runs. Once in a library.
GRADUS_PLUGIN("square_root_decay.descriptor_set");

namespace acme {
namespace {

class SquareRootDecaySchedule final : public gradus::Schedule {
 public:
  using Config = ::acme::SquareRootDecay;

  // Rules between fields; those of single ones are in the proto.
  static void Check(const Config& config, const gradus::ConfigPath& path,
                    gradus::Diagnostics* diagnostics) {
    if (config.end_learning_rate() > config.initial_learning_rate()) {
      diagnostics->Error("conflict", path.Child("end_learning_rate"),
                         "square_root_decay: end_learning_rate is above initial_learning_rate",
                         "it only falls");
    }
  }

  explicit SquareRootDecaySchedule(const Config& config)
      : initial_(config.initial_learning_rate()),
        end_(config.end_learning_rate()),
        steps_(config.decay_steps()),
        horizon_(config.has_horizon() ? config.horizon()
                                      : std::numeric_limits<double>::infinity()) {}

  double At(const gradus::ScheduleTime& time) const override {
    const double elapsed = std::min(time.elapsed(), horizon_);
    return end_ + (initial_ - end_) / std::sqrt(1 + elapsed / steps_);
  }
  double length() const override { return horizon_; }

 private:
  const double initial_, end_, steps_, horizon_;
};

GRADUS_REGISTER_SCHEDULE("acme.square_root_decay", SquareRootDecaySchedule,
                         ::acme::SquareRootDecay);

}  // namespace
}  // namespace acme
