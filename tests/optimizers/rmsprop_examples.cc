// Examples of the rule, for the conformance test. Golden weights: Keras 3.15 in float64 with exact
// hyperparameters; PyTorch 1.13; optax 0.2.9. What none of them has a row for is beside a plain
// loop in rmsprop_test.cc.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.rmsprop",
    ({{{"rmsprop {}", 0.01, {0.5493684591, -2.042734389, 0.4721485581}},
       {"rmsprop { momentum: 0.9 }", 0.001, {}},
       {"rmsprop { centered: true }", 0.001, {}},
       {"rmsprop { centered: true momentum: 0.9 }",
        0.001,
        {0.07994429769, -1.721418595, -0.1106121266}},
       // PyTorch; without momentum Caffe too.
       {"rmsprop { rho: 0.99 epsilon: 1e-8 epsilon_inside_root: false }",
        0.01,
        {-0.4257254326, -2.11479674, 0.3962126313}},
       {"rmsprop { rho: 0.99 epsilon: 1e-8 epsilon_inside_root: false velocity: RATE_OUTSIDE "
        "centered: true momentum: 0.9 }",
        0.001,
        {-1.74965064, -1.199154284, -1.326501839}},
       // optax.
       {"rmsprop { epsilon: 1e-8 }", 0.01, {0.54935748, -2.042731664, 0.4721472767}},
       {"rmsprop { epsilon: 1e-8 centered: true momentum: 0.9 }",
        0.001,
        {0.07990732582, -1.721408788, -0.1106168316}},
       {"rmsprop { momentum: 0.9 nesterov: true bias_correction: true }", 0.001, {}},
       {"rmsprop { momentum: 0.9 nesterov: true centered: true velocity: RATE_OUTSIDE }",
        0.001,
        {}},
       {"rmsprop { initial_accumulator_value: 1 }", 0.01, {}}},
      {{"rmsprop { rho: 1 }",
        "text:1:16: rmsprop: rho 1 must be at least 0 and below 1 [rmsprop.rho]"},
       {"rmsprop { momentum: 1 }",
        "text:1:21: rmsprop: momentum 1 must be at least 0 and below 1 [rmsprop.momentum]"},
       {"rmsprop { epsilon: -1e-7 rho: -1 }",
        "text:1:20: rmsprop: epsilon -1e-07 must be above 0 [rmsprop.epsilon]\n"
        "text:1:31: rmsprop: rho -1 must be at least 0 and below 1 [rmsprop.rho]"},
       {"rmsprop { initial_accumulator_value: -1 }",
        "text:1:38: rmsprop: initial_accumulator_value -1 must be at least 0 "
        "[rmsprop.initial_accumulator_value]"},
       {"rmsprop { nesterov: true }",
        "text:1:21: rmsprop: nesterov is set, but momentum is 0; write momentum: 0.9 "
        "[rmsprop.nesterov]"}}}));

}  // namespace
}  // namespace gradus
