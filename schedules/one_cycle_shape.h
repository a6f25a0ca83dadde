// The shape that one_cycle and one_cycle_momentum share: values at corners, and what leads from
// corner to corner. With N = total_steps, p = pct_start and f = pct_final the corners are at
//
//   FROM_FIRST_TO_LAST_UPDATE   0, p N - 1,    (2 p N - 2,    or f N - 1,)    N - 1   PyTorch
//   ROUNDED_DOWN                0, floor(p N), (2 floor(p N), or floor(f N),) N       optax
//   EXACT                       0, p N,        (2 p N,        or f N,)        N       fastai
//
// those in parentheses when there are three phases.

#ifndef GRADUS_SCHEDULES_ONE_CYCLE_SHAPE_H_
#define GRADUS_SCHEDULES_ONE_CYCLE_SHAPE_H_

#include <cmath>
#include <string>
#include <utility>
#include <vector>

#include "gradus/schedule_cycle.pb.h"
#include "gradus/train/schedule.h"
#include "schedules/curve.h"

namespace gradus {

class OneCycleShape {
 public:
  template <class Config>
  static void Check(const Config& config, const std::string& name, const ConfigPath& path,
                    Diagnostics* diagnostics) {
    if (config.has_pct_final() && !config.three_phase()) {
      diagnostics->Error("conflict", path.Child("pct_final"),
                         name + ": pct_final is set, but there are only two phases",
                         "write three_phase: true, or leave pct_final out");
    }
    if (!(config.total_steps() > 0 && config.pct_start() > 0 && config.pct_start() < 1)) return;
    const std::vector<double> corners = Corners(config);
    std::string shown = "0";
    bool increasing = true;
    for (size_t i = 1; i < corners.size(); ++i) {
      increasing = increasing && corners[i] > corners[i - 1];
      absl::StrAppend(&shown, i + 1 < corners.size() ? ", " : " and ", ShortestNumber(corners[i]));
    }
    if (increasing) return;
    diagnostics->Error("order", path.Child("pct_start"),
                       absl::StrCat(name, ": pct_start ", ShortestNumber(config.pct_start()),
                                    " of total_steps ", ShortestNumber(config.total_steps()),
                                    " puts the corners at ", shown, ", which must increase"));
  }

  // The values of a three-phase shape's corners; one with two phases has no `third`.
  template <class Config>
  OneCycleShape(const Config& config, double first, double second, double third, double last)
      : at_(Corners(config)),
        values_{first, second, third, last},
        linear_(config.anneal_strategy() == schedule::LINEAR) {
    if (!config.three_phase()) values_.erase(values_.begin() + 2);
  }

  double At(double elapsed) const {
    for (size_t i = 1; i < at_.size(); ++i) {
      if (Reached(elapsed, at_[i])) continue;
      const double fraction = (elapsed - at_[i - 1]) / (at_[i] - at_[i - 1]);
      return values_[i] +
             (values_[i - 1] - values_[i]) * (linear_ ? 1 - fraction : HalfCosine(fraction));
    }
    return values_.back();
  }

  double length() const { return at_.back(); }

 private:
  template <class Config>
  static std::vector<double> Corners(const Config& config) {
    const double top = config.pct_start() * config.total_steps();
    const double final_corner = config.pct_final() * config.total_steps();
    std::vector<double> at = {0, top, config.has_pct_final() ? final_corner : 2 * top,
                              config.total_steps()};
    if (config.corners() == schedule::FROM_FIRST_TO_LAST_UPDATE) {
      at = {0, top - 1, config.has_pct_final() ? final_corner - 1 : 2 * top - 2,
            config.total_steps() - 1};
    } else if (config.corners() == schedule::ROUNDED_DOWN) {
      at[1] = std::floor(top);
      at[2] = config.has_pct_final() ? std::floor(final_corner) : 2 * at[1];
    }
    if (!config.three_phase()) at.erase(at.begin() + 2);
    return at;
  }

  const std::vector<double> at_;
  std::vector<double> values_;
  const bool linear_;
};

}  // namespace gradus

#endif  // GRADUS_SCHEDULES_ONE_CYCLE_SHAPE_H_
