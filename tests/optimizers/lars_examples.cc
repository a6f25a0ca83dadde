// Examples of the rule, for the conformance test. Golden weights: optax in float64.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.lars",
    ({{{"lars {}", 2, {0.9998164768, -2.000135826, 0.4997168335}},
       {"lars { momentum: 0 trust: 0.01 }", 2, {}},
       {"lars { nesterov: true trust: 0.01 }", 0.1, {}},
       {"lars { divisor: SUM_OF_NORMS velocity: RATE_OUTSIDE decay: 0.0001 }", 2, {}}},
      {{"lars { momentum: 1 }",
        "text:1:18: lars: momentum 1 must be at least 0 and below 1 [lars.momentum]"},
       {"lars { momentum: 0 nesterov: true }",
        "text:1:30: nesterov needs a momentum [lars.nesterov]"},
       {"lars { trust: 0 }", "text:1:15: lars: trust 0 must be above 0 [lars.trust]"}}}));

// With the rate outside, v is a sum of directions; with the rate inside, of moves.
struct PlainLars {
  const optimizer::Lars& c;
  PlainMatrix v;

  void Update(PlainUpdate* p) {
    const double m = c.momentum();
    PlainMatrix u = p->g + c.decay() * p->w;
    double divisor = Norm(u);
    if (c.divisor() == optimizer::Lars::SUM_OF_NORMS) {
      divisor = Norm(p->g) + c.decay() * Norm(p->w);
    }
    if (Norm(p->w) > 0 && divisor > 0) {
      u = c.trust() * Norm(p->w) / (divisor + c.epsilon()) * u;
    }
    if (c.velocity() == optimizer::RATE_OUTSIDE) {
      v = m * v + u;
      p->w = p->w - p->rate * (c.nesterov() ? m * v + u : v);
    } else {
      v = m * v - p->rate * u;
      p->w = p->w + (c.nesterov() ? m * v - p->rate * u : v);
    }
  }
};

std::vector<double> Formula(const optimizer::Lars& c, const UpdateHistory& h) {
  return ParameterByParameter(h, [&](size_t rows, size_t columns) {
    return PlainLars{c, {rows, columns}};
  });
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.lars", Formula);

}  // namespace
}  // namespace gradus
