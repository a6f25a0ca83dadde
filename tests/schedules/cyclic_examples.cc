// Examples of the schedule, for the conformance test. Golden values: PyTorch 1.13.1 as it ran, its
// momentum by its formula, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.cyclic",
    ({{// CyclicLR(.01, .1, 3, 2)
       {"cyclic { base_learning_rate: 0.01 max_learning_rate: 0.1 step_size_up: 3 step_size_down: "
        "2 }",
        {{0, 0.01},
         {1, 0.04},
         {2, 0.07},
         {3, 0.1},
         {4, 0.055},
         {5, 0.01},
         {6, 0.04},
         {1000000000000003, 0.1},
         {1000000000000004, 0.055},
         {1000000000000005, 0.01}}},
       {"cyclic { base_learning_rate: 0.01 max_learning_rate: 0.1 step_size_up: 3 step_size_down: "
        "2 mode: TRIANGULAR2 }",
        {{3, 0.1},
         {5, 0.01},
         {6, 0.025},
         {8, 0.055},
         {10, 0.01},
         {11, 0.0175},
         {int64_t{1} << 53, 0.01}}},
       {"cyclic { base_learning_rate: 0.01 max_learning_rate: 0.1 step_size_up: 3 step_size_down: "
        "2 mode: EXP_RANGE gamma: 0.9 }",
        {{0, 0.01},
         {1, 0.037},
         {2, 0.0586},
         {3, 0.07561},
         {4, 0.0395245},
         {5, 0.01},
         {6, 0.02594323},
         {int64_t{1} << 53, 0.01}}},
       // Its momentum: the base is the higher one.
       {"cyclic { base_learning_rate: 0.9 max_learning_rate: 0.8 step_size_up: 3 step_size_down: 2 "
        "mode: TRIANGULAR2 }",
        {{0, 0.9}, {3, 0.8}, {4, 0.85}, {5, 0.9}, {8, 0.85}, {10, 0.9}}},
       // 2000 up, 2000 down.
       {"cyclic { base_learning_rate: 0 max_learning_rate: 1 }",
        {{0, 0}, {1000, 0.5}, {2000, 1}, {3000, 0.5}, {4000, 0}, {6000, 1}}},
       // 1.5 up and 2.5 down.
       {"cyclic { base_learning_rate: 0 max_learning_rate: 1 step_size_up: 1.5 step_size_down: 2.5 "
        "}",
        {{0, 0},
         {1, 0.666666666666667},
         {2, 0.8},
         {3, 0.4},
         {4, 0},
         {5, 0.666666666666667},
         {8, 0}}},
       // A factor that overflows leaves the base alone.
       {"cyclic { base_learning_rate: 1 max_learning_rate: 1 step_size_up: 1 mode: EXP_RANGE "
        "gamma: 2 }",
        {{0, 1}, {1, 1}, {int64_t{1} << 53, 1}}}},
      {{"cyclic { }",
        "text:1:1: cyclic: base_learning_rate is missing [cyclic.base_learning_rate]\ntext:1:1: "
        "cyclic: max_learning_rate is missing [cyclic.max_learning_rate]"},
       {"cyclic { base_learning_rate: -1 max_learning_rate: 0.1 step_size_up: 0 step_size_down: -1 "
        "}",
        "text:1:30: cyclic: base_learning_rate -1 must be at least 0 "
        "[cyclic.base_learning_rate]\ntext:1:70: cyclic: step_size_up 0 must be above 0 "
        "[cyclic.step_size_up]\ntext:1:88: cyclic: step_size_down -1 must be above 0 "
        "[cyclic.step_size_down]"},
       {"cyclic { base_learning_rate: 0.01 max_learning_rate: 0.1 gamma: 0.9 }",
        "text:1:65: cyclic: gamma is set, but only mode: EXP_RANGE uses it [cyclic.gamma]"},
       {"cyclic { base_learning_rate: 0.01 max_learning_rate: 0.1 mode: EXP_RANGE gamma: 0 }",
        "text:1:81: cyclic: gamma 0 must be above 0 [cyclic.gamma]"}}}));

}  // namespace
}  // namespace gradus
