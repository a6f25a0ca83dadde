// Adagrad as it stands in proto/optimizer_rule.proto, a number at a time.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

std::vector<double> Adagrad(const optimizer::Adagrad& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  for (size_t i = 0; i < weights.size(); ++i) {
    double a = c.initial_accumulator_value();
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i);
      const double r = h.rate(t) / (1 + static_cast<double>(t - 1) * c.rate_decay());
      a += g * g;
      weights[i] -=
          r * g /
          (c.epsilon_inside_root() ? std::sqrt(a + c.epsilon()) : std::sqrt(a) + c.epsilon());
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adagrad", Adagrad);

}  // namespace
}  // namespace gradus
