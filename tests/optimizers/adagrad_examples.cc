// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters; PyTorch 1.13; Caffe's formula.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.adagrad",
    ({{// Keras and optax.
       {"adagrad {}", 0.5, {0.9335412573, -2.03753796, 0.5120792741}},
       // By hand: a is 0.01, 0.0125, 0.0525; 0.04, 0.2, 0.21; 0.09, 0.09, 0.45, and epsilon is
       // nothing.
       {"adagrad { initial_accumulator_value: 0 epsilon: 1e-30 }",
        0.5,
        {0.8574342033977, -2.0112645075, 0.48944271909999}},
       // PyTorch.
       {"adagrad { initial_accumulator_value: 0 epsilon: 1e-10 epsilon_inside_root: false }",
        0.5,
        {0.8574342036, -2.011264508, 0.4894427191}},
       // Caffe.
       {"adagrad { initial_accumulator_value: 0 epsilon: 1e-8 epsilon_inside_root: false }",
        0.5,
        {0.8574342133, -2.011264511, 0.4894427211}},
       // By hand: the quotients are those of the example with an epsilon of nothing, 1,
       // -0.44721359550, 0.87287156094 for the first weight; the rates 0.1, 0.1 / 1.01, 0.1 / 1.02.
       OptimizerExample{"adagrad { initial_accumulator_value: 0 epsilon: 1e-30 rate_decay: 0.01 }",
                        1,
                        {0.8587029305821, -2.0099510584312, 0.4876889402941}}
           .DoesNotReach("Rosenbrock's function",
                         "in 10000 updates the rate falls by a factor of 100 of itself")},
      {{"adagrad { epsilon: 0 }",
        "text:1:20: adagrad: epsilon 0 must be above 0 [adagrad.epsilon]"},
       {"adagrad { initial_accumulator_value: -1 }",
        "text:1:38: adagrad: initial_accumulator_value -1 must be at least 0 "
        "[adagrad.initial_accumulator_value]"},
       {"adagrad { rate_decay: -1 }",
        "text:1:23: adagrad: rate_decay -1 must be at least 0 [adagrad.rate_decay]"}}}));

}  // namespace
}  // namespace gradus
