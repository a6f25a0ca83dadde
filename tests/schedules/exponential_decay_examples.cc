// Examples of the schedule, for the conformance test. Golden values: Keras 3.16 and optax as they
// ran, fastai by its formula, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.exponential_decay",
    ({{{"exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 }",
        {{0, 0.1},
         {1, 0.0840896415},
         {2, 0.0707106781},
         {3, 0.0594603558},
         {4, 0.05},
         {5, 0.0420448208},
         {8, 0.025},
         {int64_t{1} << 53, 0}}},
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 staircase: "
        "true }",
        {{0, 0.1},
         {1, 0.1},
         {2, 0.1},
         {3, 0.1},
         {4, 0.05},
         {5, 0.05},
         {7, 0.05},
         {8, 0.025},
         {int64_t{1} << 53, 0}}},
       // optax: exponential_decay(.1, 4, .5, staircase=True, end_value=.03)
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 staircase: "
        "true end_learning_rate: 0.03 }",
        {{0, 0.1}, {3, 0.1}, {4, 0.05}, {7, 0.05}, {8, 0.03}, {9, 0.03}, {int64_t{1} << 53, 0.03}}},
       // A rate that rises is capped: 2^1.25, 2^2 = 4 > 3.
       {"exponential_decay { initial_learning_rate: 1 decay_steps: 4 decay_rate: 2 "
        "end_learning_rate: 3 }",
        {{0, 1}, {4, 2}, {5, 2.37841423000544}, {7, 3}, {8, 3}, {int64_t{1} << 53, 3}}},
       // PyTorch's ExponentialLR(.9): a factor an update.
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 1 decay_rate: 0.9 }",
        {{0, 0.1}, {1, 0.09}, {2, 0.081}, {3, 0.0729}}},
       // fastai's SchedExp(1, .01) over a run of 4 updates: a (b / a)^pos
       {"clock: RUN exponential_decay { initial_learning_rate: 1 decay_steps: 1 decay_rate: 0.01 "
        "end_learning_rate: 0.01 }",
        {{0, 1}, {1, 0.316227766016838}, {2, 0.1}, {3, 0.0316227766016838}, {4, 0.01}, {9, 0.01}},
        {0, 0, {}, 4}},
       // Stairs of 2.5 updates.
       {"exponential_decay { initial_learning_rate: 1 decay_steps: 2.5 decay_rate: 0.5 staircase: "
        "true }",
        {{2, 1}, {3, 0.5}, {4, 0.5}, {5, 0.25}, {7, 0.25}, {8, 0.125}, {10, 0.0625}}},
       // 0 stays 0, though the power overflows.
       {"exponential_decay { initial_learning_rate: 0 decay_steps: 1 decay_rate: 2 }",
        {{0, 0}, {int64_t{1} << 53, 0}}}},
      {{"exponential_decay { }",
        "text:1:1: exponential_decay: initial_learning_rate is missing "
        "[exponential_decay.initial_learning_rate]\ntext:1:1: exponential_decay: decay_steps is "
        "missing [exponential_decay.decay_steps]\ntext:1:1: exponential_decay: decay_rate is "
        "missing [exponential_decay.decay_rate]"},
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 0 decay_rate: 0.5 }",
        "text:1:61: exponential_decay: decay_steps 0 must be above 0 "
        "[exponential_decay.decay_steps]"},
       {"exponential_decay { initial_learning_rate: -1 decay_steps: 1 decay_rate: 0 }",
        "text:1:44: exponential_decay: initial_learning_rate -1 must be at least 0 "
        "[exponential_decay.initial_learning_rate]\ntext:1:74: exponential_decay: decay_rate 0 "
        "must be above 0 [exponential_decay.decay_rate]"},
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 "
        "end_learning_rate: 0.2 }",
        "text:1:98: exponential_decay: end_learning_rate 0.2 is above initial_learning_rate 0.1, "
        "which decay_rate 0.5 only lowers [exponential_decay.end_learning_rate]"},
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 2 "
        "end_learning_rate: 0.05 }",
        "text:1:96: exponential_decay: end_learning_rate 0.05 is below initial_learning_rate 0.1, "
        "which decay_rate 2 does not lower [exponential_decay.end_learning_rate]"},
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 1 "
        "end_learning_rate: 0.05 }",
        "text:1:96: exponential_decay: end_learning_rate 0.05 is below initial_learning_rate 0.1, "
        "which decay_rate 1 does not lower [exponential_decay.end_learning_rate]"}}}));

}  // namespace
}  // namespace gradus
