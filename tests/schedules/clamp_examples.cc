// Examples of the schedule, for the conformance test. Golden values: optax, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.clamp",
    ({{// exponential_decay(.1, 4, .5, staircase, end_value=.03)
       {"clamp { min: 0.03 schedule { exponential_decay { initial_learning_rate: 0.1 decay_steps: "
        "4 decay_rate: 0.5 staircase: true } } }",
        {{0, 0.1}, {3, 0.1}, {4, 0.05}, {7, 0.05}, {8, 0.03}, {100, 0.03}}},
       {"clamp { max: 0.06 schedule { exponential_decay { initial_learning_rate: 0.1 decay_steps: "
        "4 decay_rate: 0.5 } } }",
        {{0, 0.06}, {2, 0.06}, {3, 0.0594603558}, {4, 0.05}}},
       {"clamp { min: 2 max: 4 schedule { linear { initial_learning_rate: 5 end_learning_rate: 0 "
        "steps: 5 } } }",
        {{0, 4}, {1, 4}, {2, 3}, {3, 2}, {4, 2}, {5, 2}}},
       {"clamp { min: 2 max: 2 schedule { constant: 1 } }", {{0, 2}}}},
      {{"clamp { }",
        "text:1:1: clamp: schedule is missing [clamp.schedule]\ntext:1:1: clamp: neither min nor "
        "max is set; set one or both [clamp]"},
       {"clamp { schedule { constant: 1 } }",
        "text:1:1: clamp: neither min nor max is set; set one or both [clamp]"},
       {"clamp { min: 2 max: 1 schedule { constant: 1 } }",
        "text:1:14: clamp: min 2 is above max 1 [clamp.min]"},
       {"clamp { min: -1 schedule { constant: 1 } }",
        "text:1:14: clamp: min -1 must be at least 0 [clamp.min]"}}}));

}  // namespace
}  // namespace gradus
