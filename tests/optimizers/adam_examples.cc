// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adam",
    ({{{"adam {}", 0.01, {0.8075599602, -1.978176508, 0.366999222}},
       {"adam { amsgrad: true }", 0.01, {0.8075599602, -1.978176508, 0.3670327326}}},
      {{"adam { beta1: 1 }",
        "text:1:15: adam: beta1 1 must be at least 0 and below 1 [adam.beta1]"},
       {"adam { beta2: 1.5 beta1: -0.1 }",
        "text:1:15: adam: beta2 1.5 must be at least 0 and below 1 [adam.beta2]\n"
        "text:1:26: adam: beta1 -0.1 must be at least 0 and below 1 [adam.beta1]"},
       {"adam { epsilon: 0 }", "text:1:17: adam: epsilon 0 must be above 0 [adam.epsilon]"}}}));

}  // namespace
}  // namespace gradus
