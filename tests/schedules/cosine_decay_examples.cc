// Examples of the schedule, for the conformance test. Golden values: Keras 3.15.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.cosine_decay",
    ({{{"cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 alpha: 0.1 }",
        {{0, 0.1}, {1, 0.0868198052}, {2, 0.055}, {3, 0.0231801948}, {4, 0.01}, {9, 0.01}}},
       {"cosine_decay { initial_learning_rate: 0 decay_steps: 4 alpha: 0.1 warmup_target: 0.1 "
        "warmup_steps: 3 }",
        {{0, 0},
         {1, 0.0333333333},
         {2, 0.0666666667},
         {3, 0.1},
         {4, 0.0868198052},
         {5, 0.055},
         {6, 0.0231801948},
         {7, 0.01},
         {99, 0.01}}},
       // A target without steps is where the cosine begins.
       {"cosine_decay { initial_learning_rate: 0 decay_steps: 4 warmup_target: 0.1 }",
        {{0, 0.1}, {2, 0.05}, {4, 0}}}},
      {{"cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 warmup_steps: 3 }",
        "text:1:72: cosine_decay: warmup_steps is set, but no warmup_target; write warmup_target: "
        "the peak that the warm-up reaches [cosine_decay.warmup_steps]"},
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: -4 }",
        "text:1:56: cosine_decay: decay_steps -4 must be above 0 [cosine_decay.decay_steps]"},
       {"cosine_decay { decay_steps: 4 alpha: -1 }",
        "text:1:1: cosine_decay: initial_learning_rate is missing "
        "[cosine_decay.initial_learning_rate]\n"
        "text:1:38: cosine_decay: alpha -1 must be at least 0 [cosine_decay.alpha]"}}}));

}  // namespace
}  // namespace gradus
