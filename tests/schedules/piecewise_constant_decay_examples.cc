// Examples of the schedule, for the conformance test. Golden values: Keras 3.15.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.piecewise_constant_decay",
    ({{{"piecewise_constant_decay { boundaries: [2, 5] values: [1, 0.5, 0.1] }",
        {{0, 1}, {2, 1}, {3, 0.5}, {5, 0.5}, {6, 0.1}, {100, 0.1}}},
       // A boundary between two updates changes nothing but where the step lies.
       {"piecewise_constant_decay { boundaries: 2.5 values: [1, 0.5] }", {{2, 1}, {3, 0.5}}}},
      {{"piecewise_constant_decay { boundaries: [2, 5] values: [1, 0.5] }",
        "text:1:56: piecewise_constant_decay: 2 boundaries need 3 values, there are 2 "
        "[piecewise_constant_decay.values]"},
       {"piecewise_constant_decay { boundaries: [5, 2] values: [1, 0.5, 0.1] }",
        "text:1:41: piecewise_constant_decay: boundaries must increase, but 2 follows 5 "
        "[piecewise_constant_decay.boundaries]"},
       {"piecewise_constant_decay { boundaries: [2, 2] values: [1, 0.5, -0.1] }",
        "text:1:41: piecewise_constant_decay: boundaries must increase, but 2 follows 2 "
        "[piecewise_constant_decay.boundaries]\n"
        "text:1:64: piecewise_constant_decay: values -0.1 must be at least 0 "
        "[piecewise_constant_decay.values[2]]"},
       {"piecewise_constant_decay { }",
        "text:1:1: piecewise_constant_decay: boundaries is missing "
        "[piecewise_constant_decay.boundaries]\n"
        "text:1:1: piecewise_constant_decay: values is missing "
        "[piecewise_constant_decay.values]"}}}));

}  // namespace
}  // namespace gradus
