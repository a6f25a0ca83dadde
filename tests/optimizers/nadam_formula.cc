// NAdam as it stands in proto/optimizer_rule.proto, a number at a time.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

std::vector<double> Nadam(const optimizer::Nadam& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  const auto momentum = [&](int64_t t) {
    return c.beta1() * (1 - c.momentum_reduction() *
                                std::pow(0.96, c.momentum_decay() * static_cast<double>(t)));
  };
  for (size_t i = 0; i < weights.size(); ++i) {
    double m = 0, v = 0, product = 1;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i), now = momentum(t), next = momentum(t + 1);
      product *= now;
      m = c.beta1() * m + (1 - c.beta1()) * g;
      v = c.beta2() * v + (1 - c.beta2()) * g * g;
      const double mean = next * m / (1 - product * next) + (1 - now) * g / (1 - product);
      const double square = v / (1 - std::pow(c.beta2(), static_cast<double>(t)));
      weights[i] -= h.rate(t) * mean / (std::sqrt(square) + c.epsilon());
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.nadam", Nadam);

}  // namespace
}  // namespace gradus
