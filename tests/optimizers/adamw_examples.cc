// Examples of the rule, for the conformance test. Golden weights: those of Adam, which AdamW is
// without its decay (Keras 3.15 in float64 with exact hyperparameters; PyTorch 1.13). With it:
// adamw_test.cc.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adamw",
    ({{{"adamw {}", 0.01, {0.8075599602, -1.978176508, 0.366999222}},
       {"adamw { amsgrad: true }", 0.01, {0.8075599602, -1.978176508, 0.3670327326}},
       {"adamw { epsilon: 1e-8 epsilon_after_correction: true }",
        0.01,
        {0.8075551544, -1.978175475, 0.3669976272}}},
      {{"adamw { beta1: 1 }",
        "text:1:16: adamw: beta1 1 must be at least 0 and below 1 [adamw.beta1]"},
       {"adamw { beta2: -1 epsilon: 0 }",
        "text:1:16: adamw: beta2 -1 must be at least 0 and below 1 [adamw.beta2]\n"
        "text:1:28: adamw: epsilon 0 must be above 0 [adamw.epsilon]"},
       {"adamw { amsgrad_corrected: true }",
        "text:1:28: adamw: amsgrad_corrected is set, but amsgrad is not; write amsgrad: true "
        "[adamw.amsgrad_corrected]"}}}));

}  // namespace
}  // namespace gradus
