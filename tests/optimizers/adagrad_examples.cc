// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES("gradus.OptimizerConfig.adagrad",
                          ({{{"adagrad {}", 0.5, {0.9335412573, -2.03753796, 0.5120792741}},
                             // By hand: a is 0.01, 0.0125, 0.0525; 0.04, 0.2, 0.21; 0.09, 0.09,
                             // 0.45, and epsilon is nothing.
                             {"adagrad { initial_accumulator_value: 0 epsilon: 1e-30 }",
                              0.5,
                              {0.8574342033977, -2.0112645075, 0.48944271909999}}},
                            {{"adagrad { epsilon: 0 }",
                              "text:1:20: adagrad: epsilon 0 must be above 0 [adagrad.epsilon]"},
                             {"adagrad { initial_accumulator_value: -1 }",
                              "text:1:38: adagrad: initial_accumulator_value -1 must be at least 0 "
                              "[adagrad.initial_accumulator_value]"}}}));

}  // namespace
}  // namespace gradus
