// Examples of the schedule, for the conformance test. Golden values: Keras 3.16, PyTorch 1.13.1 and
// optax as they ran, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.piecewise_constant_decay",
    ({{{"piecewise_constant_decay { boundaries: [2, 5] values: [1, 0.5, 0.1] }",
        {{0, 1},
         {1, 1},
         {2, 1},
         {3, 0.5},
         {5, 0.5},
         {6, 0.1},
         {100, 0.1},
         {int64_t{1} << 53, 0.1}}},
       // optax' piecewise_constant_schedule(1, {2: .5, 5: .2}), its factors multiplied out
       {"piecewise_constant_decay { boundaries: [2, 5] values: [1, 0.5, 0.1] at_boundary: NEW }",
        {{0, 1}, {1, 1}, {2, 0.5}, {4, 0.5}, {5, 0.1}, {6, 0.1}}},
       // PyTorch's ConstantLR(.5, 4)
       {"piecewise_constant_decay { boundaries: 4 values: [0.05, 0.1] at_boundary: NEW }",
        {{0, 0.05}, {3, 0.05}, {4, 0.1}, {int64_t{1} << 53, 0.1}}},
       // A boundary between two updates changes nothing but where the step lies.
       {"piecewise_constant_decay { boundaries: 2.5 values: [1, 0.5] }", {{2, 1}, {3, 0.5}}},
       {"piecewise_constant_decay { boundaries: 2.5 values: [1, 0.5] at_boundary: NEW }",
        {{2, 1}, {3, 0.5}}},
       // The first value never holds; then the first update has it.
       {"piecewise_constant_decay { boundaries: 0 values: [1, 0.5] at_boundary: NEW }",
        {{0, 0.5}, {1, 0.5}}},
       {"piecewise_constant_decay { boundaries: 0 values: [1, 0.5] }", {{0, 1}, {1, 0.5}}},
       // Updates 3 and 6 are at epochs 0.3 and 0.6, which no double is.
       {"clock: EPOCHS piecewise_constant_decay { boundaries: [0.3, 0.6] values: [3, 2, 1] "
        "at_boundary: NEW }",
        {{2, 3}, {3, 2}, {5, 2}, {6, 1}},
        {10, 1, {}, {}}},
       {"clock: EPOCHS piecewise_constant_decay { boundaries: [0.3, 0.6] values: [3, 2, 1] }",
        {{3, 3}, {4, 2}, {6, 2}, {7, 1}},
        {10, 1, {}, {}}}},
      {{"piecewise_constant_decay { boundaries: [2, 5] values: [1, 0.5] }",
        "text:1:56: piecewise_constant_decay: 2 boundaries need 3 values, there are 2 "
        "[piecewise_constant_decay.values]"},
       {"piecewise_constant_decay { boundaries: [5, 2] values: [1, 0.5, 0.1] }",
        "text:1:41: piecewise_constant_decay: boundaries must increase, but 2 follows 5 "
        "[piecewise_constant_decay.boundaries]"},
       {"piecewise_constant_decay { boundaries: [2, 2] values: [1, 0.5, -0.1] }",
        "text:1:41: piecewise_constant_decay: boundaries must increase, but 2 follows 2 "
        "[piecewise_constant_decay.boundaries]\ntext:1:64: piecewise_constant_decay: values -0.1 "
        "must be at least 0 [piecewise_constant_decay.values[2]]"},
       {"piecewise_constant_decay { boundaries: 2 values: [1, 2] at_boundary: EITHER }",
        "text:1:70: piecewise_constant_decay: at_boundary EITHER must be one of OLD, NEW "
        "[piecewise_constant_decay.at_boundary]"},
       {"piecewise_constant_decay { }",
        "text:1:1: piecewise_constant_decay: boundaries is missing "
        "[piecewise_constant_decay.boundaries]\ntext:1:1: piecewise_constant_decay: values is "
        "missing [piecewise_constant_decay.values]"}}}));

}  // namespace
}  // namespace gradus
