// Examples and the formula of the rule, for the conformance test. Golden weights: PyTorch 1.13.1 in
// float64.

#include <algorithm>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"

namespace gradus {
namespace {

struct RpropWeight {
  using Config = optimizer::Rprop;
  RpropWeight(const Config&, double w) : w(w) {}

  void Update(const Config& c, int64_t, double rate, double g) {
    if (rate == 0) return;
    if (!begun) step = rate;
    begun = true;
    if (g * previous > 0) step *= c.eta_plus();
    if (g * previous < 0) {
      step *= c.eta_minus();
      g = 0;
    }
    step = std::min(std::max(step, c.step_min()), c.step_max());
    if (g > 0) w -= step;
    if (g < 0) w += step;
    previous = g;
  }
  double w, previous = 0, step = 0;
  bool begun = false;
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.rprop", Trained<RpropWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.rprop",
    ({{{"rprop {}", 0.01, {0.85, -1.95, 0.5}},
       // By hand: moves of -0.05, 0, -0.01875; 0.05, 0, -0.01875; -0.05, 0 (its gradient is 0),
       // 0.05.
       {"rprop { eta_minus: 0.375 step_max: 0.05 }", 0.01, {0.93125, -1.96875, 0.5}}},
      {{"rprop { eta_minus: 1 }",
        "text:1:20: rprop: eta_minus 1 must be above 0 and below 1 [rprop.eta_minus]"},
       {"rprop { eta_plus: 1 }", "text:1:19: rprop: eta_plus 1 must be above 1 [rprop.eta_plus]"},
       {"rprop { step_min: 0.5 step_max: 0.1 }",
        "text:1:19: rprop: step_min 0.5 is above step_max 0.1 [rprop.step_min]"},
       {"rprop { step_min: 0 }",
        "text:1:19: rprop: step_min 0 must be above 0 [rprop.step_min]"}}}));

}  // namespace
}  // namespace gradus
