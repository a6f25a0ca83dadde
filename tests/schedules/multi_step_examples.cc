// Examples of the schedule, for the conformance test. Golden values: PyTorch 1.13.1, optax and timm
// as they ran, Caffe by its source, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.multi_step",
    ({{// MultiStepLR([3, 3, 5], .1)
       {"multi_step { initial_learning_rate: 0.1 milestones: [3, 3, 5] gamma: 0.1 }",
        {{0, 0.1},
         {2, 0.1},
         {3, 0.001},
         {4, 0.001},
         {5, 0.0001},
         {6, 0.0001},
         {int64_t{1} << 53, 0.0001}}},
       {"multi_step { initial_learning_rate: 0.1 milestones: [3, 3, 5] gamma: 0.1 at_milestone: "
        "OLD }",
        {{2, 0.1}, {3, 0.1}, {4, 0.001}, {5, 0.001}, {6, 0.0001}}},
       // timm's MultiStepLRScheduler([3, 5], decay_rate=.1)
       {"multi_step { initial_learning_rate: 0.1 milestones: [3, 5] at_milestone: ONE_EARLIER }",
        {{0, 0.1}, {1, 0.1}, {2, 0.01}, {3, 0.01}, {4, 0.001}, {9, 0.001}}},
       // optax' piecewise_constant_schedule(1, {2: .5, 5: .2})
       {"multi_step { initial_learning_rate: 1 milestones: [2, 5] factors: [0.5, 0.2] }",
        {{0, 1}, {1, 1}, {2, 0.5}, {4, 0.5}, {5, 0.1}, {6, 0.1}}},
       // Caffe's multistep with stepvalues 3, 3, 4: at most one of them an update
       {"multi_step { initial_learning_rate: 1 milestones: [3, 3, 4, 9] gamma: 0.5 one_at_a_time: "
        "true }",
        {{2, 1}, {3, 0.5}, {4, 0.25}, {5, 0.125}, {8, 0.125}, {9, 0.0625}}},
       // A factor may raise; a milestone may be nothing but 0, or between two updates.
       {"multi_step { initial_learning_rate: 1 milestones: [0, 2.5] factors: [3, 2] }",
        {{0, 3}, {2, 3}, {3, 6}}},
       {"multi_step { initial_learning_rate: 1 milestones: 0 at_milestone: ONE_EARLIER }",
        {{0, 0.1}, {1, 0.1}}},
       // Epochs 30 and 60 of three updates each.
       {"clock: WHOLE_EPOCHS multi_step { initial_learning_rate: 0.1 milestones: [30, 60] }",
        {{89, 0.1}, {90, 0.01}, {179, 0.01}, {180, 0.001}},
        {10, 4, {}, {}}}},
      {{"multi_step { }",
        "text:1:1: multi_step: initial_learning_rate is missing "
        "[multi_step.initial_learning_rate]\ntext:1:1: multi_step: milestones is missing "
        "[multi_step.milestones]"},
       {"multi_step { initial_learning_rate: 0.1 milestones: [5, 3] }",
        "text:1:54: multi_step: milestones must not decrease, but 3 follows 5 "
        "[multi_step.milestones]"},
       {"multi_step { initial_learning_rate: 0.1 milestones: [3, 5] gamma: 0.1 factors: [0.5, 0.1] "
        "}",
        "text:1:67: multi_step: gamma and factors both say what a milestone does; leave one out "
        "[multi_step.gamma]"},
       {"multi_step { initial_learning_rate: 0.1 milestones: [3, 5] factors: 0.5 }",
        "text:1:69: multi_step: 2 milestones need as many factors, there are 1 "
        "[multi_step.factors]"},
       {"multi_step { initial_learning_rate: 0.1 milestones: [3, -5] gamma: -1 }",
        "text:1:54: multi_step: milestones must not decrease, but -5 follows 3 "
        "[multi_step.milestones]\ntext:1:57: multi_step: milestones -5 must be at least 0 "
        "[multi_step.milestones[1]]\ntext:1:68: multi_step: gamma -1 must be at least 0 "
        "[multi_step.gamma]"}}}));

}  // namespace
}  // namespace gradus
