// Examples of the rule, for the conformance test. Golden weights: the authors' code and optax, in
// float64.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.dadapt_adam",
    ({{{"dadapt_adam {}", 1, {0.9999924481, -2.000000451, 0.4999956735}, {3}, 1},
       // optax, and the authors' with use_bias_correction and decouple.
       {"dadapt_adam { bias_correction: true }",
        1,
        {0.9999977625, -1.999999634, 0.4999983087},
        {3},
        1},
       {"dadapt_adam { growth_rate: 2 }", 1, {}}},
      {{"dadapt_adam { d0: 0 }", "text:1:19: dadapt_adam: d0 0 must be above 0 [dadapt_adam.d0]"},
       {"dadapt_adam { beta2: 1 }",
        "text:1:22: dadapt_adam: beta2 1 must be at least 0 and below 1 [dadapt_adam.beta2]"},
       {"dadapt_adam { growth_rate: 0.5 }",
        "text:1:28: dadapt_adam: growth_rate 0.5 must be above 1 [dadapt_adam.growth_rate]"}}}));

// All parameters as one row: nothing in the rule knows of more than one.
std::vector<double> Formula(const optimizer::DadaptAdam& c, const UpdateHistory& h) {
  const size_t n = h.weights.size();
  PlainMatrix w(1, n), m(1, n), v(1, n), s(1, n);
  w.x = h.weights;
  const double b = std::sqrt(c.beta2());
  double d = c.d0(), numerator = 0;
  for (int64_t t = 1; t <= h.updates(); ++t) {
    const PlainMatrix g = GradientsOf(h, t);
    double q = d * h.rate(t);
    if (c.bias_correction()) {
      q *= std::sqrt(1 - std::pow(c.beta2(), static_cast<double>(t))) /
           (1 - std::pow(c.beta1(), static_cast<double>(t)));
    }
    double product = 0, sizes = 0;
    for (size_t i = 0; i < n; ++i) {
      product += q * g.x[i] * s.x[i] / (std::sqrt(v.x[i]) + c.epsilon());
    }
    numerator = b * numerator + (1 - b) * product;
    m = c.beta1() * m + (1 - c.beta1()) * q * g;
    s = b * s + (1 - b) * q * g;
    for (size_t i = 0; i < n; ++i) {
      v.x[i] = c.beta2() * v.x[i] + (1 - c.beta2()) * g.x[i] * g.x[i];
      sizes += std::abs(s.x[i]);
    }
    if (sizes == 0) continue;
    const double estimate = numerator / ((1 - b) * sizes);
    const double most = c.has_growth_rate() ? d * c.growth_rate() : 1e300;
    if (h.rate(t) > 0 && estimate > d) d = estimate < most ? estimate : most;
    for (size_t i = 0; i < n; ++i) {
      w.x[i] -= c.decay() * q * w.x[i];
      w.x[i] -= m.x[i] / (std::sqrt(v.x[i]) + c.epsilon());
    }
  }
  return w.x;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.dadapt_adam", Formula);

}  // namespace
}  // namespace gradus
