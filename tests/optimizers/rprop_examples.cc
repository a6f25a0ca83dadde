// Examples of the rule, for the conformance test. Golden weights: PyTorch 1.13.1 in float64.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

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
