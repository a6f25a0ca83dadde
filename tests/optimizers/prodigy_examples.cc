// Examples of the rule, for the conformance test. Golden weights: the authors' code and optax, in
// float64.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

// How far the weights have gone is a difference of almost equal numbers, and what follows from it
// is the size of every later step: in float that is off by some percent at the start.
OptimizerExample Loosely(OptimizerExample example) {
  example.float_tolerance = 1e-2;
  return example;
}

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.prodigy",
    ({{{"prodigy {}", 1, {0.9999924481, -2.000000451, 0.4999956735}, {3}, 1},
       {"prodigy { bias_correction: true }", 1, {0.9999980756, -1.999999782, 0.49999867}, {3}, 1},
       // optax.
       {"prodigy { bias_correction: true only_grows: true }",
        1,
        {0.9999980756, -1.999999782, 0.49999867},
        {3},
        1},
       Loosely({"prodigy { safeguard_warmup: true growth_rate: 1.5 d_coefficient: 2 beta3: 0.9 }",
                1,
                {}})},
      {{"prodigy { d0: 0 }", "text:1:15: prodigy: d0 0 must be above 0 [prodigy.d0]"},
       {"prodigy { growth_rate: 1 }",
        "text:1:24: prodigy: growth_rate 1 must be above 1 [prodigy.growth_rate]"},
       {"prodigy { beta3: 1 }",
        "text:1:18: prodigy: beta3 1 must be at least 0 and below 1 [prodigy.beta3]"}}}));

// All parameters as one row: nothing in the rule knows of more than one.
std::vector<double> Formula(const optimizer::Prodigy& c, const UpdateHistory& h) {
  const size_t n = h.weights.size();
  PlainMatrix w(1, n), m(1, n), v(1, n), s(1, n);
  w.x = h.weights;
  const PlainMatrix w0 = w;
  const double beta3 = c.has_beta3() ? c.beta3() : std::sqrt(c.beta2());
  double d = c.d0(), d_max = c.d0(), numerator = 0;
  for (int64_t t = 1; t <= h.updates(); ++t) {
    if (h.rate(t) == 0) continue;
    const PlainMatrix g = GradientsOf(h, t);
    double q = d * h.rate(t);
    if (c.bias_correction()) {
      q *= std::sqrt(1 - std::pow(c.beta2(), static_cast<double>(t))) /
           (1 - std::pow(c.beta1(), static_cast<double>(t)));
    }
    numerator = beta3 * numerator + d / c.d0() * q * Product(g, w0 - w);
    m = c.beta1() * m + (1 - c.beta1()) * d * g;
    s = beta3 * s + d / c.d0() * (c.safeguard_warmup() ? d : q) * g;
    double sizes = 0;
    for (size_t i = 0; i < n; ++i) {
      v.x[i] = c.beta2() * v.x[i] + (1 - c.beta2()) * d * d * g.x[i] * g.x[i];
      sizes += std::abs(s.x[i]);
    }
    if (sizes == 0) continue;
    const double estimate = c.d_coefficient() * numerator / sizes;
    if (!c.only_grows() && d == c.d0() && estimate > d) d = estimate;
    const double most = c.has_growth_rate() ? d * c.growth_rate() : 1e300;
    if (c.only_grows()) {
      if (estimate > d) d = estimate < most ? estimate : most;
    } else {
      if (estimate > d_max) d_max = estimate;
      d = d_max < most ? d_max : most;
    }
    for (size_t i = 0; i < n; ++i) {
      w.x[i] -= c.decay() * q * w.x[i];
      w.x[i] -= q * m.x[i] / (std::sqrt(v.x[i]) + d * c.epsilon());
    }
  }
  return w.x;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.prodigy", Formula);

}  // namespace
}  // namespace gradus
