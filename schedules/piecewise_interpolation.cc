// Through given points (a0, v0), (a1, v1), ... Between two of them, with f the part of the way from
// one to the next that is done:
//
//   LINEAR   rate = v0 + (v1 - v0) f
//   COSINE   rate = v1 + (v0 - v1) (1 + cos(pi f)) / 2
//
// Before the first point its value holds, after the last that of the last. optax'
// piecewise_interpolate_schedule, with values instead of factors.
//
//   learning_rate {
//     piecewise_interpolation {
//       point { at: 0 value: 0 } point { at: 500 value: 0.1 } point { at: 10000 value: 0.001 }
//     }
//   }

#include <algorithm>
#include <vector>

#include "gradus/schedule.pb.h"
#include "gradus/train/schedule.h"
#include "schedules/curve.h"

namespace gradus {
namespace {

class PiecewiseInterpolation final : public Schedule {
 public:
  using Config = schedule::PiecewiseInterpolation;

  static void Check(const Config& config, const ConfigPath& path, Diagnostics* diagnostics) {
    for (int i = 1; i < config.point_size(); ++i) {
      if (!config.point(i).has_at() || config.point(i).at() > config.point(i - 1).at()) continue;
      diagnostics->Error("order", path.Child("point", i, "").Child("at"),
                         absl::StrCat("piecewise_interpolation: the times of its points must "
                                      "increase, but ",
                                      ShortestNumber(config.point(i).at()), " follows ",
                                      ShortestNumber(config.point(i - 1).at())));
      return;
    }
  }

  explicit PiecewiseInterpolation(const Config& config)
      : linear_(config.interpolation() == Config::LINEAR) {
    for (const Config::Point& point : config.point())
      points_.push_back({point.at(), point.value()});
  }

  double At(const ScheduleTime& time) const override {
    const double elapsed = time.elapsed();
    const auto next = std::partition_point(points_.begin(), points_.end(),
                                           [&](const Point& point) { return point.at <= elapsed; });
    if (next == points_.begin()) return next->value;
    const Point& last = *(next - 1);
    if (next == points_.end()) return last.value;
    const double fraction = (elapsed - last.at) / (next->at - last.at);
    return next->value +
           (last.value - next->value) * (linear_ ? 1 - fraction : HalfCosine(fraction));
  }

  double length() const override { return points_.back().at; }

 private:
  struct Point {
    double at, value;
  };
  std::vector<Point> points_;
  const bool linear_;
};

GRADUS_REGISTER_SCHEDULE("gradus.ScheduleConfig.piecewise_interpolation", PiecewiseInterpolation,
                         schedule::PiecewiseInterpolation);

}  // namespace
}  // namespace gradus
