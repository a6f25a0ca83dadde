// Examples of the schedule, for the conformance test. Golden values: optax, libtorch by its source.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.shift",
    ({{// polynomial_schedule(.1, .01, 2, 4, transition_begin=2)
       {"shift { by: 2 schedule { polynomial_decay { initial_learning_rate: 0.1 decay_steps: 4 "
        "end_learning_rate: 0.01 power: 2 } } }",
        {{0, 0.1},
         {1, 0.1},
         {2, 0.1},
         {3, 0.060625},
         {4, 0.0325},
         {5, 0.015625},
         {6, 0.01},
         {9, 0.01}}},
       // exponential_decay(.1, 4, .5, transition_begin=2)
       {"shift { by: 2 schedule { exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 "
        "decay_rate: 0.5 } } }",
        {{0, 0.1}, {2, 0.1}, {3, 0.0840896415}, {4, 0.0707106781}, {6, 0.05}}},
       // libtorch's StepLR(3, .1)
       {"shift { by: 1 schedule { step { initial_learning_rate: 0.1 step_size: 3 gamma: 0.1 } } }",
        {{0, 0.1}, {3, 0.1}, {4, 0.01}, {6, 0.01}, {7, 0.001}}},
       // Ahead: the beginning is left out.
       {"shift { by: -2 schedule { exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 "
        "decay_rate: 0.5 } } }",
        {{0, 0.0707106781}, {1, 0.0594603558}, {2, 0.05}, {3, 0.0420448208}, {6, 0.025}}},
       // Later by an epoch and a half, which is 4.25 updates; then on updates.
       {"clock: EPOCHS shift { by: 1.5 schedule { clock: STEPS linear { initial_learning_rate: 8 "
        "end_learning_rate: 0 steps: 8 } } }",
        {{0, 8}, {4, 8}, {5, 7.25}, {6, 6.25}, {30, 0}},
        {10, 4, {}, {}}},
       {"shift { by: 0 schedule { step { initial_learning_rate: 0.1 step_size: 3 gamma: 0.1 } } }",
        {{2, 0.1}, {3, 0.01}}}},
      {{"shift { }",
        "text:1:1: shift: by is missing [shift.by]\ntext:1:1: shift: schedule is missing "
        "[shift.schedule]"},
       {"shift { by: nan schedule { constant: 1 } }",
        "text:1:13: shift: by nan must be a finite number [shift.by]"},
       {"shift { by: 1 schedule { scale { factor: -1 schedule { constant: 1 } } } }",
        "text:1:42: scale: factor -1 must be at least 0 [shift.schedule.scale.factor]"}}}));

}  // namespace
}  // namespace gradus
