// Examples of the rule, for the conformance test. Golden weights: PyTorch 1.13; optax 0.2.9. Three
// updates come before the first rectified one; later ones are in radam_test.cc.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.radam",
    ({{{"radam {}", 0.01, {0.9791862498, -2.002575257, 0.4689629054}},
       {"radam { epsilon_after_correction: true }",
        0.01,
        {0.9791862498, -2.002575257, 0.4689629054}},
       {"radam { threshold: 4 beta2: 0.9 }", 0.01, {}}},
      {{"radam { beta1: 1 }",
        "text:1:16: radam: beta1 1 must be at least 0 and below 1 [radam.beta1]"},
       {"radam { beta2: 1 epsilon: 0 }",
        "text:1:16: radam: beta2 1 must be at least 0 and below 1 [radam.beta2]\n"
        "text:1:27: radam: epsilon 0 must be above 0 [radam.epsilon]"},
       {"radam { threshold: 3.9 }",
        "text:1:20: radam: threshold 3.9 must be at least 4 [radam.threshold]"}}}));

}  // namespace
}  // namespace gradus
