// Examples of the rule, for the conformance test. Golden weights: the authors' code in float64.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.dadapt_sgd",
    ({{{"dadapt_sgd {}", 1, {0.9999993318, -2.000000802, 0.5000008018}, {3}, 1},
       {"dadapt_sgd { momentum: 0.9 growth_rate: 2 }", 1, {}}},
      {{"dadapt_sgd { momentum: 1 }",
        "text:1:24: dadapt_sgd: momentum 1 must be at least 0 and below 1 [dadapt_sgd.momentum]"},
       {"dadapt_sgd { d0: -1 }",
        "text:1:18: dadapt_sgd: d0 -1 must be above 0 [dadapt_sgd.d0]"}}}));

// All parameters as one row: nothing in the rule knows of more than one.
std::vector<double> Formula(const optimizer::DadaptSgd& c, const UpdateHistory& h) {
  const size_t n = h.weights.size();
  PlainMatrix w(1, n), s(1, n);
  w.x = h.weights;
  const PlainMatrix w0 = w;
  double d = c.d0(), numerator = 0, first = 0;
  for (int64_t t = 1; t <= h.updates(); ++t) {
    const PlainMatrix g = GradientsOf(h, t);
    if (first == 0) first = Norm(g);
    if (first == 0) continue;
    const double q = d * h.rate(t) / first;
    numerator += q * Product(g, s);
    s = s + q * g;
    const double most = c.has_growth_rate() ? d * c.growth_rate() : 1e300;
    const double estimate = Norm(s) > 0 ? 2 * numerator / Norm(s) : 0;
    if (estimate > d) d = estimate < most ? estimate : most;
    w = c.momentum() * w + (1 - c.momentum()) * (w0 - s);
  }
  return w.x;
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.dadapt_sgd", Formula);

}  // namespace
}  // namespace gradus
