// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters, PyTorch 1.13 where a setting is its own.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.sgd",
    ({{{"sgd {}", 0.1, {0.975, -2.03, 0.53}},
       {"sgd { momentum: 0.9 }", 0.01, {0.9624, -2.0318, 0.4787}},
       {"sgd { momentum: 0.9 nesterov: true }", 0.01, {0.94116, -2.05862, 0.51083}},
       // While the rate is constant, it does not matter where it stands.
       {"sgd { momentum: 0.9 velocity: RATE_OUTSIDE }", 0.01, {0.9624, -2.0318, 0.4787}},
       {"sgd { momentum: 0.9 velocity: RATE_OUTSIDE nesterov: true }",
        0.01,
        {0.94116, -2.05862, 0.51083}},
       {"sgd { momentum: 0.9 momentum_correction: true }", 0.01, {0.9624, -2.0318, 0.4787}},
       {"sgd { momentum: 0.9 momentum_correction: true nesterov: true }",
        0.01,
        {0.94116, -2.05862, 0.51083}},
       // PyTorch.
       {"sgd { momentum: 0.9 velocity: RATE_OUTSIDE dampening: 0.5 }",
        0.01,
        {0.96765, -1.9888, 0.4487}},
       {"sgd { momentum: 0.9 dampening: 0.5 }", 0.01, {0.96765, -1.9888, 0.4487}},
       // By hand: the velocities are 0.05, 0.02, 0.118; -0.1, 0.11, 0.149; 0.15, 0.135, -0.1785.
       {"sgd { momentum: 0.9 velocity: RATE_OUTSIDE dampening: 0.5 dampen_first: true }",
        0.01,
        {0.9812, -2.0159, 0.48935}}},
      {{"sgd { momentum: 1.1 }",
        "text:1:17: sgd: momentum 1.1 must be at least 0 and at most 1 [sgd.momentum]"},
       {"sgd { momentum: -0.1 }",
        "text:1:17: sgd: momentum -0.1 must be at least 0 and at most 1 [sgd.momentum]"},
       {"sgd { nesterov: true }",
        "text:1:17: sgd: nesterov is set, but momentum is 0; write momentum: 0.9 "
        "[sgd.nesterov]"},
       {"sgd { dampening: 1.5 momentum: 0.9 }",
        "text:1:18: sgd: dampening 1.5 must be at least 0 and at most 1 [sgd.dampening]"},
       {"sgd { dampening: 0.5 momentum_correction: true }",
        "text:1:18: sgd: dampening is set, but momentum is 0; write momentum: 0.9 [sgd.dampening]\n"
        "text:1:43: sgd: momentum_correction is set, but momentum is 0; write momentum: 0.9 "
        "[sgd.momentum_correction]"},
       {"sgd { momentum: 0.9 nesterov: true dampening: 0.5 }",
        "text:1:47: sgd: dampening is set, but nesterov has none; write one of the two "
        "[sgd.dampening]"},
       {"sgd { momentum: 0.9 velocity: RATE_OUTSIDE momentum_correction: true }",
        "text:1:65: sgd: momentum_correction is set, but the rate is outside the velocity; leave "
        "it "
        "out: the weights move as if it were corrected [sgd.momentum_correction]"}}}));

}  // namespace
}  // namespace gradus
