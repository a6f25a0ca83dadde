// Adadelta as it stands in proto/optimizer_rule.proto, a number at a time.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

std::vector<double> Adadelta(const optimizer::Adadelta& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  const double rho = c.rho(), epsilon = c.epsilon();
  for (size_t i = 0; i < weights.size(); ++i) {
    double a = 0, x = 0;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i);
      a = rho * a + (1 - rho) * g * g;
      const double d = g * std::sqrt(x + epsilon) / std::sqrt(a + epsilon);
      x = rho * x + (1 - rho) * d * d;
      weights[i] -= h.rate(t) * d;
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adadelta", Adadelta);

}  // namespace
}  // namespace gradus
