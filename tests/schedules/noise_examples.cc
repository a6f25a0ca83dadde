// Examples of the schedule, for the conformance test. What the noise itself is like is in
// noise_test.cc; here is where there is none.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.noise",
    ({{{"noise { begin: 3 schedule { constant: 0.1 } }", {{0, 0.1}, {2, 0.1}}},
       {"noise { begin: 3 end: 5 distribution: UNIFORM schedule { step { initial_learning_rate: "
        "0.1 step_size: 3 gamma: 0.1 } } }",
        {{0, 0.1}, {2, 0.1}, {5, 0.01}, {6, 0.001}}},
       {"noise { seed: 7 schedule { constant: 0 } }", {{0, 0}, {50, 0}}}},
      {{"noise { }", "text:1:1: noise: schedule is missing [noise.schedule]"},
       {"noise { pct: 0 schedule { constant: 1 } }",
        "text:1:14: noise: pct 0 must be above 0 and at most 1 [noise.pct]"},
       {"noise { pct: 1.5 schedule { constant: 1 } }",
        "text:1:14: noise: pct 1.5 must be above 0 and at most 1 [noise.pct]"},
       {"noise { begin: 4 end: 4 schedule { constant: 1 } }",
        "text:1:23: noise: end 4 must be after begin 4 [noise.end]"},
       {"noise { seed: -1 schedule { constant: 1 } }",
        "text:1:15: noise: seed -1 must be between 0 and 18446744073709551615 [noise.seed]"}}}));

}  // namespace
}  // namespace gradus
