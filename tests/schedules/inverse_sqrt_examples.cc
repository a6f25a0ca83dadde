// Examples of the schedule, for the conformance test. Golden values: transformers and Vaswani et
// al. 2017 by their formulas.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.inverse_sqrt",
    ({{// transformers' inverse_sqrt, W=2
       {"inverse_sqrt { peak_learning_rate: 0.1 warmup_steps: 2 }",
        {{0, 0}, {1, 0.05}, {2, 0.1}, {3, 0.0816496581}, {4, 0.0707106781}, {8, 0.05}}},
       // with a timescale: 1 / sqrt((t + s - W) / s)
       {"inverse_sqrt { peak_learning_rate: 0.1 warmup_steps: 2 timescale: 6 }",
        {{0, 0},
         {1, 0.05},
         {2, 0.1},
         {3, 0.0925820099772551},
         {8, 0.0707106781186548},
         {20, 0.05},
         {int64_t{1} << 53, 2.58095682795178e-09}}},
       // without a warm-up: 10000
       {"inverse_sqrt { peak_learning_rate: 0.1 }",
        {{0, 0.1}, {1, 0.0999950003749688}, {10000, 0.0707106781186548}, {30000, 0.05}}},
       // d^-0.5 min(n^-0.5, n W^-1.5) with n from 1, d = 4, W = 4: the peak is (d W)^-0.5
       {"inverse_sqrt { peak_learning_rate: 0.25 warmup_steps: 4 count_from: 1 }",
        {{0, 0.0625},
         {1, 0.125},
         {2, 0.1875},
         {3, 0.25},
         {4, 0.223606797749979},
         {5, 0.204124145231932},
         {15, 0.125},
         {99, 0.05}}},
       // A warm-up of 2.5 updates from 0.02.
       {"inverse_sqrt { peak_learning_rate: 0.12 warmup_steps: 2.5 initial_learning_rate: 0.02 }",
        {{0, 0.02}, {1, 0.06}, {2, 0.1}, {3, 0.109544511501033}, {10, 0.06}}}},
      {{"inverse_sqrt { }",
        "text:1:1: inverse_sqrt: peak_learning_rate is missing [inverse_sqrt.peak_learning_rate]"},
       {"inverse_sqrt { peak_learning_rate: -1 warmup_steps: -1 timescale: 0 count_from: 2 }",
        "text:1:36: inverse_sqrt: peak_learning_rate -1 must be at least 0 "
        "[inverse_sqrt.peak_learning_rate]\ntext:1:53: inverse_sqrt: warmup_steps -1 must be at "
        "least 0 [inverse_sqrt.warmup_steps]\ntext:1:67: inverse_sqrt: timescale 0 must be above 0 "
        "[inverse_sqrt.timescale]\ntext:1:81: inverse_sqrt: count_from 2 must be at least 0 and at "
        "most 1 [inverse_sqrt.count_from]"}}}));

}  // namespace
}  // namespace gradus
