// Examples and the formula of the rule, for the conformance test. Golden weights: optax 0.2.9 in
// float64 with exact hyperparameters; the old average by hand, as optax had it before.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"

namespace gradus {
namespace {

struct AdabeliefWeight {
  using Config = optimizer::Adabelief;
  AdabeliefWeight(const Config&, double w) : w(w) {}

  void Update(const Config& c, int64_t t, double rate, double g) {
    const double before = m;
    m = c.beta1() * m + (1 - c.beta1()) * g;
    const double deviation = g - (c.deviation_from_old_average() ? before : m);
    s = c.beta2() * s + (1 - c.beta2()) * deviation * deviation + c.epsilon_in_average();
    const double m_hat = m / (1 - std::pow(c.beta1(), t)), s_hat = s / (1 - std::pow(c.beta2(), t));
    w -= rate * m_hat / (std::sqrt(s_hat) + c.epsilon());
  }
  double w, m = 0, s = 0;
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.adabelief", Trained<AdabeliefWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adabelief",
    ({{{"adabelief {}", 0.01, {0.787054961683, -1.97286424284, 0.351236661007}},
       {"adabelief { deviation_from_old_average: true }",
        0.01,
        {0.8083494655148, -1.9755778185525, 0.3661129949064}},
       {"adabelief { beta1: 0.8 beta2: 0.99 epsilon: 1e-8 epsilon_in_average: 1e-14 }", 0.01, {}}},
      {{"adabelief { beta1: 1 }",
        "text:1:20: adabelief: beta1 1 must be at least 0 and below 1 [adabelief.beta1]"},
       {"adabelief { epsilon: 0 }",
        "text:1:22: adabelief: epsilon 0 must be above 0 [adabelief.epsilon]"},
       {"adabelief { epsilon_in_average: -1 }",
        "text:1:33: adabelief: epsilon_in_average -1 must be at least 0 "
        "[adabelief.epsilon_in_average]"}}}));

}  // namespace
}  // namespace gradus
