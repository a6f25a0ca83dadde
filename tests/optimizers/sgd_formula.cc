// Gradient descent as it stands in proto/optimizer_rule.proto, a number at a time.

#include "gradus/optimizer_rule.pb.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

std::vector<double> Sgd(const optimizer::Sgd& c, const UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  const double m = c.momentum();
  for (size_t i = 0; i < weights.size(); ++i) {
    double v = 0, last_rate = 0;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double r = h.rate(t), g = h.gradient(t, i);
      if (m == 0) {
        weights[i] -= r * g;
        continue;
      }
      const double kept = t == 1 && !c.dampen_first() ? g : (1 - c.dampening()) * g;
      if (c.velocity() == optimizer::RATE_OUTSIDE) {
        v = m * v + kept;
        weights[i] -= r * (c.nesterov() ? m * v + g : v);
      } else {
        if (c.momentum_correction()) v = last_rate == 0 ? 0 : v * (r / last_rate);
        v = m * v - r * kept;
        weights[i] += c.nesterov() ? m * v - r * g : v;
      }
      last_rate = r;
    }
  }
  return weights;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.sgd", Sgd);

}  // namespace
}  // namespace gradus
