// Examples of the schedule, for the conformance test. Golden values: optax, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.repeat",
    ({{// sgdr_schedule(2 x {init 0, peak .1, warmup 1, decay 4, end .01})
       {"repeat { times: 2 length: 4 schedule { cosine_decay { initial_learning_rate: 0 "
        "warmup_target: 0.1 warmup_steps: 1 decay_steps: 3 end_learning_rate: 0.01 } } }",
        {{0, 0},
         {1, 0.1},
         {2, 0.0775},
         {3, 0.0325},
         {4, 0},
         {5, 0.1},
         {6, 0.0775},
         {7, 0.0325},
         {8, 0.01},
         {9, 0.01},
         {100, 0.01}}},
       // For ever, with the length of what is repeated, a half each time.
       {"repeat { factor: 0.5 schedule { sequence { part { length: 2 schedule { constant: 8 } } "
        "part { length: 1 schedule { constant: 4 } } } } }",
        {{0, 8}, {1, 8}, {2, 4}, {3, 4}, {4, 4}, {5, 2}, {6, 2}, {8, 1}, {30, 0.0078125}}},
       // A tenth of an epoch is no number of double; every update begins anew.
       {"clock: EPOCHS repeat { length: 0.1 schedule { linear { initial_learning_rate: 1 "
        "end_learning_rate: 0 steps: 1 } } }",
        {{0, 1}, {1, 1}, {2, 1}, {3, 1}, {6, 1}, {7, 1}, {999, 1}},
        {10, 1, {}, {}}},
       // A length between updates: 0, 1, 2, 0.5, 1.5, 0 of 2.5 are done.
       {"repeat { length: 2.5 schedule { linear { initial_learning_rate: 1 end_learning_rate: 0 "
        "steps: 4 } } }",
        {{0, 1}, {1, 0.75}, {2, 0.5}, {3, 0.875}, {4, 0.625}, {5, 1}}},
       // Every epoch of three updates anew, with the schedule on updates; then held.
       {"clock: EPOCHS repeat { length: 1 times: 2 schedule { clock: STEPS linear { "
        "initial_learning_rate: 3 end_learning_rate: 0 steps: 3 } } }",
        {{0, 3}, {1, 2}, {2, 1}, {3, 3}, {4, 2}, {5, 1}, {6, 0}, {7, 0}, {50, 0}},
        {10, 4, {}, {}}},
       // Growing, as long as it ends.
       {"repeat { length: 1 times: 3 factor: 2 schedule { constant: 1 } }",
        {{0, 1}, {1, 2}, {2, 4}, {3, 4}, {9, 4}}},
       // Only once.
       {"repeat { length: 2 factor: 0 schedule { constant: 1 } }",
        {{0, 1}, {1, 1}, {2, 0}, {9, 0}}}},
      {{"repeat { }", "text:1:1: repeat: schedule is missing [repeat.schedule]"},
       {"repeat { schedule { constant: 1 } }",
        "text:1:1: repeat: length is missing: the schedule has none of its own [repeat.length]"},
       {"repeat { length: 0 times: 0 schedule { constant: 1 } }",
        "text:1:18: repeat: length 0 must be above 0 [repeat.length]\ntext:1:27: repeat: times 0 "
        "must be at least 1 [repeat.times]"},
       {"repeat { length: 1 factor: 2 schedule { constant: 1 } }",
        "text:1:28: repeat: factor 2 grows without end when times is unset; set times, or a factor "
        "of at most 1 [repeat.factor]"},
       {"repeat { length: 1 times: 2000 factor: 2 schedule { constant: 1 } }",
        "text:1:40: repeat: factor 2 to the power of times 2000 is too large for a number "
        "[repeat.factor]"}}}));

}  // namespace
}  // namespace gradus
