// Examples of the schedule, for the conformance test. Golden values: PyTorch 1.13.1 as it ran,
// transformers by its formula, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.linear",
    ({{// LinearLR(.25, 1, 4)
       {"linear { initial_learning_rate: 0.025 end_learning_rate: 0.1 steps: 4 }",
        {{0, 0.025},
         {1, 0.04375},
         {2, 0.0625},
         {3, 0.08125},
         {4, 0.1},
         {5, 0.1},
         {int64_t{1} << 53, 0.1}}},
       // LinearLR(.1, 1, 4) and optax' linear_schedule(.01, .1, 4)
       {"linear { initial_learning_rate: 0.01 end_learning_rate: 0.1 steps: 4 }",
        {{0, 0.01}, {1, 0.0325}, {2, 0.055}, {3, 0.0775}, {4, 0.1}}},
       // Down to 0 in 2.5 updates.
       {"linear { initial_learning_rate: 1 end_learning_rate: 0 steps: 2.5 }",
        {{0, 1}, {1, 0.6}, {2, 0.2}, {3, 0}, {int64_t{1} << 53, 0}}},
       // Over a run of two epochs of three updates.
       {"clock: RUN linear { initial_learning_rate: 1 end_learning_rate: 0 steps: 1 }",
        {{0, 1}, {1, 0.8}, {2, 0.6}, {3, 0.5}, {4, 0.3}, {6, 0}, {9, 0}},
        {10, 4, 2, {}}},
       // Over 16 examples.
       {"clock: EXAMPLES linear { initial_learning_rate: 16 end_learning_rate: 0 steps: 16 }",
        {{0, 16}, {1, 12}, {2, 8}, {3, 6}, {4, 2}, {5, 0}},
        {10, 4, 2, {}}}},
      {{"linear { }",
        "text:1:1: linear: initial_learning_rate is missing "
        "[linear.initial_learning_rate]\ntext:1:1: linear: end_learning_rate is missing "
        "[linear.end_learning_rate]\ntext:1:1: linear: steps is missing [linear.steps]"},
       {"linear { initial_learning_rate: -1 end_learning_rate: -1 steps: 0 }",
        "text:1:33: linear: initial_learning_rate -1 must be at least 0 "
        "[linear.initial_learning_rate]\ntext:1:55: linear: end_learning_rate -1 must be at least "
        "0 [linear.end_learning_rate]\ntext:1:65: linear: steps 0 must be above 0 [linear.steps]"},
       {"clock: RUN linear { initial_learning_rate: 1 end_learning_rate: 0 steps: 1 }",
        "text:1:8: clock RUN cannot be read: the run has no end [clock]"}}}));

}  // namespace
}  // namespace gradus
