// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters; PyTorch's formula since 2.0; optax 0.2.9.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.nadam",
    ({{{"nadam {}", 0.01, {0.8381927182, -2.009337272, 0.4786520356}},
       // PyTorch.
       {"nadam { momentum_decay: 0.004 epsilon: 1e-8 }",
        0.01,
        {0.8356555964, -2.013167004, 0.4860668592}},
       // optax.
       {"nadam { momentum_reduction: 0 epsilon: 1e-8 }",
        0.01,
        {0.766671345, -1.985723607, 0.3916156554}}},
      {{"nadam { beta1: 1 }",
        "text:1:16: nadam: beta1 1 must be at least 0 and below 1 [nadam.beta1]"},
       {"nadam { beta2: 1 epsilon: 0 }",
        "text:1:16: nadam: beta2 1 must be at least 0 and below 1 [nadam.beta2]\n"
        "text:1:27: nadam: epsilon 0 must be above 0 [nadam.epsilon]"},
       {"nadam { momentum_decay: -1 momentum_reduction: 1.5 }",
        "text:1:25: nadam: momentum_decay -1 must be at least 0 [nadam.momentum_decay]\n"
        "text:1:48: nadam: momentum_reduction 1.5 must be at least 0 and at most 1 "
        "[nadam.momentum_reduction]"}}}));

}  // namespace
}  // namespace gradus
