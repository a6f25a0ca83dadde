// Examples of the schedule, for the conformance test. Golden values: Keras 3.15.

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
         {8, 0.025}}},
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 staircase: "
        "true }",
        {{0, 0.1}, {3, 0.1}, {4, 0.05}, {7, 0.05}, {8, 0.025}}}},
      {{"exponential_decay { }",
        "text:1:1: exponential_decay: initial_learning_rate is missing "
        "[exponential_decay.initial_learning_rate]\n"
        "text:1:1: exponential_decay: decay_steps is missing [exponential_decay.decay_steps]\n"
        "text:1:1: exponential_decay: decay_rate is missing [exponential_decay.decay_rate]"},
       {"exponential_decay { initial_learning_rate: 0.1 decay_steps: 0 decay_rate: 0.5 }",
        "text:1:61: exponential_decay: decay_steps 0 must be above 0 "
        "[exponential_decay.decay_steps]"},
       {"exponential_decay { initial_learning_rate: -1 decay_steps: 1 decay_rate: 0 }",
        "text:1:44: exponential_decay: initial_learning_rate -1 must be at least 0 "
        "[exponential_decay.initial_learning_rate]\n"
        "text:1:74: exponential_decay: decay_rate 0 must be above 0 "
        "[exponential_decay.decay_rate]"}}}));

}  // namespace
}  // namespace gradus
