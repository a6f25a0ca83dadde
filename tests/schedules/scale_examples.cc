// Examples of the schedule, for the conformance test. Golden values: a half of PyTorch's 1.13.1,
// otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.scale",
    ({{// StepLR(3, .1)
       {"scale { factor: 0.5 schedule { step { initial_learning_rate: 0.1 step_size: 3 gamma: 0.1 "
        "} } }",
        {{0, 0.05}, {2, 0.05}, {3, 0.005}, {6, 0.0005}}},
       {"scale { factor: 0 schedule { constant: 7 } }", {{0, 0}, {8, 0}}},
       {"scale { factor: 2 schedule { scale { factor: 3 schedule { constant: 7 } } } }",
        {{0, 42}}}},
      {{"scale { }",
        "text:1:1: scale: factor is missing [scale.factor]\ntext:1:1: scale: schedule is missing "
        "[scale.schedule]"},
       {"scale { factor: -1 schedule { constant: 1 } }",
        "text:1:17: scale: factor -1 must be at least 0 [scale.factor]"},
       {"scale { factor: 1 schedule { constant: 1 scale { } } }",
        "text:1:42: schedule: constant and scale are both set; only one of them can be; constant "
        "was set first in line 1 [scale.schedule]"}}}));

}  // namespace
}  // namespace gradus
