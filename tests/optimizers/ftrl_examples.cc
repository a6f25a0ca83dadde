// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters. Rates that fall to 0 take weights with them unless rate_changes_keep_weights,
// and l1 and l2 move where it converges to: those settings stand in ftrl_test.cc.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.ftrl",
    ({{{"ftrl { rate_changes_keep_weights: true }",
        0.5,
        {-0.01992135583, -0.3472294467, 0.1493411383}},
       {"ftrl { rate_changes_keep_weights: true learning_rate_power: -0.3 beta: 0.5 }", 0.5, {}}},
      {{"ftrl { learning_rate_power: 0.5 }",
        "text:1:29: ftrl: learning_rate_power 0.5 must be at least -4 and at most 0 "
        "[ftrl.learning_rate_power]"},
       {"ftrl { initial_accumulator_value: -1 beta: -1 }",
        "text:1:35: ftrl: initial_accumulator_value -1 must be at least 0 "
        "[ftrl.initial_accumulator_value]\n"
        "text:1:44: ftrl: beta -1 must be at least 0 [ftrl.beta]"},
       {"ftrl { l1_regularization_strength: -1 }",
        "text:1:36: ftrl: l1_regularization_strength -1 must be at least 0 "
        "[ftrl.l1_regularization_strength]"}}}));

}  // namespace
}  // namespace gradus
