// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters; PyTorch 1.13.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adamax",
    ({{{"adamax {}", 0.01, {0.8353840022, -1.956465697, 0.3745399282}},
       // PyTorch and optax.
       {"adamax { epsilon: 1e-8 epsilon_inside_maximum: true }",
        0.01,
        {0.8353838736, -1.956465665, 0.3745398872}}},
      {{"adamax { beta1: 1 }",
        "text:1:17: adamax: beta1 1 must be at least 0 and below 1 [adamax.beta1]"},
       {"adamax { beta2: 2 epsilon: 0 }",
        "text:1:17: adamax: beta2 2 must be at least 0 and below 1 [adamax.beta2]\n"
        "text:1:28: adamax: epsilon 0 must be above 0 [adamax.epsilon]"}}}));

}  // namespace
}  // namespace gradus
