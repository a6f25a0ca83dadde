// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.rmsprop",
    ({{{"rmsprop {}", 0.01, {0.5493684591, -2.042734389, 0.4721485581}},
       {"rmsprop { momentum: 0.9 }", 0.001, {}},
       {"rmsprop { centered: true }", 0.001, {}},
       {"rmsprop { centered: true momentum: 0.9 }",
        0.001,
        {0.07994429769, -1.721418595, -0.1106121266}}},
      {{"rmsprop { rho: 1 }",
        "text:1:16: rmsprop: rho 1 must be at least 0 and below 1 [rmsprop.rho]"},
       {"rmsprop { momentum: 1 }",
        "text:1:21: rmsprop: momentum 1 must be at least 0 and below 1 [rmsprop.momentum]"},
       {"rmsprop { epsilon: -1e-7 rho: -1 }",
        "text:1:20: rmsprop: epsilon -1e-07 must be above 0 [rmsprop.epsilon]\n"
        "text:1:31: rmsprop: rho -1 must be at least 0 and below 1 [rmsprop.rho]"}}}));

}  // namespace
}  // namespace gradus
