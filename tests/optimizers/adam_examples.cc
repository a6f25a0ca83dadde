// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters; PyTorch 1.13; optax 0.2.9; Caffe's formula.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adam",
    ({{{"adam {}", 0.01, {0.8075599602, -1.978176508, 0.366999222}},
       {"adam { amsgrad: true }", 0.01, {0.8075599602, -1.978176508, 0.3670327326}},
       // Caffe.
       {"adam { epsilon: 1e-8 }", 0.01, {0.8075556184, -1.978175576, 0.3669977817}},
       // PyTorch and optax.
       {"adam { epsilon: 1e-8 epsilon_after_correction: true }",
        0.01,
        {0.8075551544, -1.978175475, 0.3669976272}},
       // PyTorch.
       {"adam { epsilon: 1e-8 epsilon_after_correction: true amsgrad: true }",
        0.01,
        {0.8075551544, -1.978175475, 0.3670311385}},
       // optax.
       {"adam { epsilon: 1e-8 epsilon_after_correction: true amsgrad: true amsgrad_corrected: true "
        "}",
        0.01,
        {0.8131362255, -1.971378523, 0.38663503}},
       // Beside a plain loop in adam_test.cc.
       {"adam { epsilon_root: 1e-6 amsgrad: true amsgrad_corrected: true }", 0.01, {}}},
      {{"adam { beta1: 1 }",
        "text:1:15: adam: beta1 1 must be at least 0 and below 1 [adam.beta1]"},
       {"adam { beta2: 1.5 beta1: -0.1 }",
        "text:1:15: adam: beta2 1.5 must be at least 0 and below 1 [adam.beta2]\n"
        "text:1:26: adam: beta1 -0.1 must be at least 0 and below 1 [adam.beta1]"},
       {"adam { epsilon: 0 }", "text:1:17: adam: epsilon 0 must be above 0 [adam.epsilon]"},
       {"adam { epsilon_root: -1 }",
        "text:1:22: adam: epsilon_root -1 must be at least 0 [adam.epsilon_root]"},
       {"adam { amsgrad_corrected: true }",
        "text:1:27: adam: amsgrad_corrected is set, but amsgrad is not; write amsgrad: true "
        "[adam.amsgrad_corrected]"}}}));

}  // namespace
}  // namespace gradus
