// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters; PyTorch 1.13; Caffe's formula.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adadelta",
    ({{{"adadelta {}", 30, {0.9997579585, -2.000098368, 0.5000369619}},
       // PyTorch and optax.
       {"adadelta { rho: 0.9 epsilon: 1e-6 }", 30, {0.9994618037, -2.00022549, 0.5000812721}},
       // Caffe.
       {"adadelta { rho: 0.9 epsilon: 1e-8 }", 30, {0.999946161, -2.00002255, 0.500008127}}},
      {{"adadelta { rho: 1 }",
        "text:1:17: adadelta: rho 1 must be at least 0 and below 1 [adadelta.rho]"},
       {"adadelta { epsilon: 0 }",
        "text:1:21: adadelta: epsilon 0 must be above 0 [adadelta.epsilon]"}}}));

}  // namespace
}  // namespace gradus
