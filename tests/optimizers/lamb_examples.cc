// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 and optax in float64.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.lamb",
    ({{{"lamb {}", 0.01, {0.6339630933, -2.066537955, 0.279544467}},
       // optax, without its decay.
       {"lamb { epsilon: 1e-6 }", 0.01, {0.6339642395, -2.066538214, 0.2795443154}},
       {"lamb { decay: 0.01 max_ratio: 1 }", 0.01, {}}},
      {{"lamb { beta1: 1 }",
        "text:1:15: lamb: beta1 1 must be at least 0 and below 1 [lamb.beta1]"},
       {"lamb { max_ratio: 0 }", "text:1:19: lamb: max_ratio 0 must be above 0 [lamb.max_ratio]"},
       {"lamb { decay: -1 }", "text:1:15: lamb: decay -1 must be at least 0 [lamb.decay]"}}}));

// Of the paper, written down element by element.
struct PlainLamb {
  const optimizer::Lamb& c;
  PlainMatrix m, v;

  void Update(PlainUpdate* p) {
    const double t = static_cast<double>(p->t);
    PlainMatrix u = p->w;
    for (size_t i = 0; i < u.x.size(); ++i) {
      const double g = p->g.x[i];
      m.x[i] = c.beta1() * m.x[i] + (1 - c.beta1()) * g;
      v.x[i] = c.beta2() * v.x[i] + (1 - c.beta2()) * g * g;
      const double m_hat = m.x[i] / (1 - std::pow(c.beta1(), t));
      const double v_hat = v.x[i] / (1 - std::pow(c.beta2(), t));
      u.x[i] = m_hat / (std::sqrt(v_hat) + c.epsilon()) + c.decay() * p->w.x[i];
    }
    double ratio = 1;
    if (Norm(p->w) > 0 && Norm(u) > 0) ratio = Norm(p->w) / Norm(u);
    if (c.has_max_ratio() && ratio > c.max_ratio()) ratio = c.max_ratio();
    p->w = p->w - p->rate * ratio * u;
  }
};

std::vector<double> Formula(const optimizer::Lamb& c, const UpdateHistory& h) {
  return ParameterByParameter(h, [&](size_t rows, size_t columns) {
    return PlainLamb{c, {rows, columns}, {rows, columns}};
  });
}

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.lamb", Formula);

}  // namespace
}  // namespace gradus
