// What Adam's rules that find their rate by themselves (prodigy, dadapt_adam) have in common.

#ifndef GRADUS_OPTIMIZERS_FOUND_RATE_H_
#define GRADUS_OPTIMIZERS_FOUND_RATE_H_

#include <cmath>

#include "gradus/train/whole.h"

namespace gradus {

// A parameter's message; groups may have other numbers.
template <class Config, class F>
const Config& ConfigOf(const ParameterView<F>& p) {
  return static_cast<const Config&>(*p.step->config);
}

// q = d rate, and with bias correction times sqrt(1 - beta2^t) / (1 - beta1^t).
template <class Config, class F>
double FoundRate(const ParameterView<F>& p, double d) {
  const Config& c = ConfigOf<Config>(p);
  const double t = static_cast<double>(p.step->t);
  const double correction =
      c.bias_correction() ? std::sqrt(1 - std::pow(c.beta2(), t)) / (1 - std::pow(c.beta1(), t)) : 1;
  return d * p.step->rate * correction;
}

}  // namespace gradus

#endif  // GRADUS_OPTIMIZERS_FOUND_RATE_H_
