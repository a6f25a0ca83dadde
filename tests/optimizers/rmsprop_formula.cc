// RMSprop as it stands in proto/optimizer_rule.proto, a number at a time.

#include <algorithm>
#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

std::vector<double> Rmsprop(const optimizer::Rmsprop& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  const double rho = c.rho(), momentum = c.momentum(), epsilon = c.epsilon();
  for (size_t i = 0; i < weights.size(); ++i) {
    double v = c.initial_accumulator_value(), a = 0, b = 0;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double r = h.rate(t), g = h.gradient(t, i);
      v = rho * v + (1 - rho) * g * g;
      a = rho * a + (1 - rho) * g;
      const double start = c.bias_correction() ? 1 - std::pow(rho, static_cast<double>(t)) : 1;
      const double mean = c.centered() ? a / start : 0;
      const double d = std::max(v / start - mean * mean, 0.0);
      const double u =
          g / (c.epsilon_inside_root() ? std::sqrt(d + epsilon) : std::sqrt(d) + epsilon);
      if (momentum == 0) {
        weights[i] -= r * u;
      } else if (c.velocity() == optimizer::RATE_OUTSIDE) {
        b = momentum * b + u;
        weights[i] -= r * (c.nesterov() ? momentum * b + u : b);
      } else {
        b = momentum * b + r * u;
        weights[i] -= c.nesterov() ? momentum * b + r * u : b;
      }
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.rmsprop", Rmsprop);

}  // namespace
}  // namespace gradus
