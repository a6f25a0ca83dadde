// Examples and the formula of the rule, for the conformance test. Golden weights: Keras 3.15 in
// float64 with exact hyperparameters; the other directions by a plain loop in another language.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"

namespace gradus {
namespace {

struct LionWeight {
  using Config = optimizer::Lion;
  LionWeight(const Config&, double w) : w(w) {}

  static double Direction(const Config& c, double x) {
    if (c.direction() == Config::TANH) return std::tanh(c.sharpness() * x);
    const double sign = x > 0 ? 1 : x < 0 ? -1 : 0;
    return c.direction() == Config::CLIPPED && std::abs(x) < 1 ? x : sign;
  }
  void Update(const Config& c, int64_t, double rate, double g) {
    w -= rate * Direction(c, c.beta1() * m + (1 - c.beta1()) * g);
    m = c.beta2() * m + (1 - c.beta2()) * g;
  }
  double w, m = 0;
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.lion", Trained<LionWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.lion",
    ({{{"lion {}", 0.01, {0.9, -2.1, 0.4}},
       {"lion { direction: TANH }", 0.5, {0.9973662156856, -2.0030001545933, 0.5024573286236}},
       {"lion { direction: TANH sharpness: 100 }",
        0.01,
        {0.8659864157888, -2.0863029574375, 0.4741299437604}},
       {"lion { direction: CLIPPED }", 0.5, {0.9973659, -2.0030018, 0.5024627}},
       {"lion { beta1: 0.5 beta2: 0.5 }", 0.01, {}}},
      {{"lion { beta1: 1 }",
        "text:1:15: lion: beta1 1 must be at least 0 and below 1 [lion.beta1]"},
       {"lion { sharpness: 2 }",
        "text:1:19: lion: sharpness is set, but direction is not TANH; write direction: TANH "
        "[lion.sharpness]"},
       {"lion { direction: TANH sharpness: 0 }",
        "text:1:35: lion: sharpness 0 must be above 0 [lion.sharpness]"}}}));

}  // namespace
}  // namespace gradus
