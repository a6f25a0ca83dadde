// Rectified Adam as it stands in proto/optimizer_rule.proto, a number at a time.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

std::vector<double> Radam(const optimizer::Radam& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  for (size_t i = 0; i < weights.size(); ++i) {
    double m = 0, v = 0;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i), number = static_cast<double>(t);
      m = c.beta1() * m + (1 - c.beta1()) * g;
      v = c.beta2() * v + (1 - c.beta2()) * g * g;
      const double start = 1 - std::pow(c.beta2(), number);
      const double all = 2 / (1 - c.beta2()) - 1;
      const double rho = all - 2 * number * (1 - start) / start;
      double step = h.rate(t) * m / (1 - std::pow(c.beta1(), number));
      if (rho > c.threshold()) {
        step *= std::sqrt((rho - 4) * (rho - 2) * all / ((all - 4) * (all - 2) * rho));
        step /= c.epsilon_after_correction() ? std::sqrt(v / start) + c.epsilon()
                                             : (std::sqrt(v) + c.epsilon()) / std::sqrt(start);
      }
      weights[i] -= step;
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.radam", Radam);

}  // namespace
}  // namespace gradus
