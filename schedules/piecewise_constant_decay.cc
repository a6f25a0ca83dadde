// Constant pieces.
//
//   rate(k) = values[i], i the number of boundaries b that lie behind: k > b
//
// Keras' PiecewiseConstantDecay: at a boundary the earlier value still holds. With at_boundary: NEW
// the next one holds already, k >= b, as it does in PyTorch, optax and Caffe.
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
                                      ShortestNumber(config.boundaries(i)), " follows ",
                                      ShortestNumber(config.boundaries(i - 1))));
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
        values_(config.values().begin(), config.values().end()),
        new_at_boundary_(config.at_boundary() == Config::NEW) {}

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    const auto is_behind = [&](double boundary) {
      return new_at_boundary_ ? Reached(elapsed, boundary) : !Reached(boundary, elapsed);
    };
    const auto next = std::partition_point(boundaries_.begin(), boundaries_.end(), is_behind);
    return values_[static_cast<size_t>(next - boundaries_.begin())];
  }

  double length() const override { return boundaries_.back(); }

 private:
  const std::vector<double> boundaries_, values_;
  const bool new_at_boundary_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.piecewise_constant_decay", PiecewiseConstantDecay,
                         schedule::PiecewiseConstantDecay);

}  // namespace
}  // namespace gradus
