// Adamax as it stands in proto/optimizer_rule.proto, a number at a time.

#include <algorithm>
#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

std::vector<double> Adamax(const optimizer::Adamax& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  for (size_t i = 0; i < weights.size(); ++i) {
    double m = 0, u = 0;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i), inside = c.epsilon_inside_maximum() ? c.epsilon() : 0;
      m = c.beta1() * m + (1 - c.beta1()) * g;
      u = std::max(c.beta2() * u, std::abs(g) + inside);
      const double mean = m / (1 - std::pow(c.beta1(), static_cast<double>(t)));
      weights[i] -= h.rate(t) * mean / (u + c.epsilon() - inside);
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adamax", Adamax);

}  // namespace
}  // namespace gradus
