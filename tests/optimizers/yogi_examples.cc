// Examples and the formula of the rule, for the conformance test. Golden weights: optax 0.2.9 in
// float64 with exact hyperparameters; without correction, as in the paper, by hand.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"

namespace gradus {
namespace {

struct YogiWeight {
  using Config = optimizer::Yogi;
  YogiWeight(const Config& c, double w)
      : w(w), m(c.initial_momentum()), v(c.initial_accumulator_value()) {}

  void Update(const Config& c, int64_t t, double rate, double g) {
    const double square = g * g;
    m = c.beta1() * m + (1 - c.beta1()) * g;
    if (v > square) {
      v -= (1 - c.beta2()) * square;
    } else if (v < square) {
      v += (1 - c.beta2()) * square;
    }
    const double m_hat = c.bias_correction() ? m / (1 - std::pow(c.beta1(), t)) : m;
    const double v_hat = c.bias_correction() ? v / (1 - std::pow(c.beta2(), t)) : v;
    w -= rate * m_hat / (std::sqrt(v_hat) + c.epsilon());
  }
  double w, m, v;
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.yogi", Trained<YogiWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.yogi",
    ({{{"yogi { initial_momentum: 1e-6 }", 0.01, {0.815533547259, -1.97940715044, 0.36845290681}},
       {"yogi {}", 0.01, {0.8155491710813, -1.9794003772769, 0.3684585608666}},
       {"yogi { bias_correction: false }",
        0.01,
        {0.3989160737065, -2.066733800738, 0.1197168063833}},
       {"yogi { beta1: 0.5 beta2: 0.9 epsilon: 0.01 initial_accumulator_value: 0 }", 0.01, {}}},
      {{"yogi { beta2: 1 }",
        "text:1:15: yogi: beta2 1 must be at least 0 and below 1 [yogi.beta2]"},
       {"yogi { epsilon: 0 initial_accumulator_value: -1 }",
        "text:1:17: yogi: epsilon 0 must be above 0 [yogi.epsilon]\n"
        "text:1:46: yogi: initial_accumulator_value -1 must be at least 0 "
        "[yogi.initial_accumulator_value]"}}}));

}  // namespace
}  // namespace gradus
