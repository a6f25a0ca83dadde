// What several curves need.

#ifndef GRADUS_SCHEDULES_CURVE_H_
#define GRADUS_SCHEDULES_CURVE_H_

#include <cmath>
#include <string>

#include "gradus/base/config_path.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"

namespace gradus {

// From 1 at 0 to 0 at 1, level at both; at 2 it is 1 again.
inline double HalfCosine(double fraction) {
  constexpr double kPi = 3.14159265358979323846;
  return 0.5 * (1 + std::cos(kPi * fraction));
}

// Most powers are 1 or 2.
inline double Power(double base, double exponent) {
  if (exponent == 1) return base;
  return exponent == 2 ? base * base : std::pow(base, exponent);
}

// The value that a config with the fields `alpha` and `end_learning_rate` ends at: at a fraction of
// `peak`, or at a value of its own.
template <class Config>
double EndValue(const Config& config, double peak) {
  return config.has_end_learning_rate() ? config.end_learning_rate() : config.alpha() * peak;
}

template <class Config>
void CheckEndValue(const Config& config, const std::string& name, const ConfigPath& path,
                   Diagnostics* diagnostics) {
  if (!config.has_alpha() || !config.has_end_learning_rate()) return;
  diagnostics->Error(
      "conflict", path.Child("end_learning_rate"),
      absl::StrCat(name, ": alpha and end_learning_rate both say where it ends; leave one out"));
}

}  // namespace gradus

#endif  // GRADUS_SCHEDULES_CURVE_H_
