// Examples of the schedule, for the conformance test. Golden values: PyTorch 1.13.1 as it ran,
// otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.step",
    ({{// StepLR(3, .1)
       {"step { initial_learning_rate: 0.1 step_size: 3 gamma: 0.1 }",
        {{0, 0.1}, {2, 0.1}, {3, 0.01}, {5, 0.01}, {6, 0.001}, {int64_t{1} << 53, 0}}},
       {"step { initial_learning_rate: 0.1 step_size: 3 }", {{2, 0.1}, {3, 0.01}}},
       // Steps of 7.5 updates.
       {"step { initial_learning_rate: 1 step_size: 7.5 gamma: 0.5 }",
        {{7, 1}, {8, 0.5}, {14, 0.5}, {15, 0.25}, {22, 0.25}, {23, 0.125}}},
       // 0 stays 0, though the power overflows.
       {"step { initial_learning_rate: 0 step_size: 1 gamma: 2 }", {{0, 0}, {int64_t{1} << 53, 0}}},
       {"step { initial_learning_rate: 0.1 step_size: 3 gamma: 0 }",
        {{2, 0.1}, {3, 0}, {int64_t{1} << 53, 0}}},
       // A step is a tenth of an epoch of 100 updates.
       {"clock: EPOCHS step { initial_learning_rate: 1 step_size: 0.1 gamma: 0.5 }",
        {{9, 1}, {10, 0.5}, {29, 0.25}, {30, 0.125}, {69, 0.015625}, {70, 0.0078125}},
        {100, 1, {}, {}}}},
      {{"step { }",
        "text:1:1: step: initial_learning_rate is missing [step.initial_learning_rate]\ntext:1:1: "
        "step: step_size is missing [step.step_size]"},
       {"step { initial_learning_rate: 0.1 step_size: 0 gamma: -0.1 }",
        "text:1:46: step: step_size 0 must be above 0 [step.step_size]\ntext:1:55: step: gamma "
        "-0.1 must be at least 0 [step.gamma]"}}}));

}  // namespace
}  // namespace gradus
