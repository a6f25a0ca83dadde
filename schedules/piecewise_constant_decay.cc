// Constant pieces.
//
//   rate(k) = values[i], i the smallest with k <= boundaries[i]; beyond all of them the last value
//
// Keras' PiecewiseConstantDecay: an update at a boundary still has the earlier value.
//
//   learning_rate {
//     piecewise_constant_decay { boundaries: [1000, 2000] values: [0.1, 0.05, 0.01] }
//   }

#include <algorithm>
#include <vector>

#include "gradus/base/status.h"
#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"

namespace gradus {
namespace {

class PiecewiseConstantDecay final : public Schedule {
 public:
  using Config = schedule::PiecewiseConstantDecay;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    for (int i = 1; i < config.boundaries_size(); ++i) {
      if (config.boundaries(i) > config.boundaries(i - 1)) continue;
      diagnostics->Error("order", path.Child("boundaries"),
                         absl::StrCat("piecewise_constant_decay: boundaries must increase, but ",
                                      config.boundaries(i), " follows ", config.boundaries(i - 1)));
      break;
    }
    if (config.boundaries_size() > 0 && config.values_size() > 0 &&
        config.values_size() != config.boundaries_size() + 1) {
      diagnostics->Error(
          "count", path.Child("values"),
          absl::StrCat("piecewise_constant_decay: ", config.boundaries_size(), " boundaries need ",
                       config.boundaries_size() + 1, " values, there are ", config.values_size()));
    }
  }

  explicit PiecewiseConstantDecay(const Config& config)
      : boundaries_(config.boundaries().begin(), config.boundaries().end()),
        values_(config.values().begin(), config.values().end()) {}

  double At(const Progress& progress) const override {
    const double update = static_cast<double>(progress.update);
    const auto piece = std::lower_bound(boundaries_.begin(), boundaries_.end(), update);
    return values_[static_cast<size_t>(piece - boundaries_.begin())];
  }

 private:
  const std::vector<double> boundaries_, values_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.piecewise_constant_decay", PiecewiseConstantDecay,
                         schedule::PiecewiseConstantDecay);

}  // namespace
}  // namespace gradus
