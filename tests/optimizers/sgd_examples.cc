// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.sgd",
    ({{{"sgd {}", 0.1, {0.975, -2.03, 0.53}},
       {"sgd { momentum: 0.9 }", 0.01, {0.9624, -2.0318, 0.4787}},
       {"sgd { momentum: 0.9 nesterov: true }", 0.01, {0.94116, -2.05862, 0.51083}}},
      {{"sgd { momentum: 1.1 }",
        "text:1:17: sgd: momentum 1.1 must be at least 0 and at most 1 [sgd.momentum]"},
       {"sgd { momentum: -0.1 }",
        "text:1:17: sgd: momentum -0.1 must be at least 0 and at most 1 [sgd.momentum]"},
       {"sgd { nesterov: true }",
        "text:1:17: sgd: nesterov is set, but momentum is 0; write momentum: 0.9 "
        "[sgd.nesterov]"}}}));

}  // namespace
}  // namespace gradus
