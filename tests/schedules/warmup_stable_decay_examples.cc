// Examples of the schedule, for the conformance test. Golden values: transformers by its formula,
// otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.warmup_stable_decay",
    ({{// W=2, S=3, D=4, min_lr_ratio .1
       {"warmup_stable_decay { peak_learning_rate: 0.1 warmup_steps: 2 stable_steps: 3 "
        "decay_steps: 4 initial_learning_rate: 0.01 alpha: 0.1 }",
        {{0, 0.01},
         {1, 0.055},
         {2, 0.1},
         {3, 0.1},
         {4, 0.1},
         {5, 0.1},
         {6, 0.0868198052},
         {7, 0.055},
         {8, 0.0231801948},
         {9, 0.01},
         {10, 0.01},
         {int64_t{1} << 53, 0.01}}},
       // linear up and down
       {"warmup_stable_decay { peak_learning_rate: 0.1 warmup_steps: 4 stable_steps: 2 "
        "decay_steps: 4 initial_learning_rate: 0.01 alpha: 0.1 decay_type: LINEAR }",
        {{0, 0.01},
         {1, 0.0325},
         {2, 0.055},
         {3, 0.0775},
         {4, 0.1},
         {5, 0.1},
         {6, 0.1},
         {7, 0.0775},
         {8, 0.055},
         {9, 0.0325},
         {10, 0.01},
         {11, 0.01}}},
       // cosines
       {"warmup_stable_decay { peak_learning_rate: 0.1 warmup_steps: 4 stable_steps: 2 "
        "decay_steps: 4 initial_learning_rate: 0.01 alpha: 0.1 warmup_type: COSINE decay_type: "
        "COSINE }",
        {{0, 0.01},
         {1, 0.0231801948466054},
         {2, 0.055},
         {3, 0.0868198051533946},
         {4, 0.1},
         {5, 0.1},
         {6, 0.1},
         {7, 0.0868198051533946},
         {8, 0.055},
         {9, 0.0231801948466054},
         {10, 0.01},
         {11, 0.01}}},
       // 1-sqrt
       {"warmup_stable_decay { peak_learning_rate: 0.1 warmup_steps: 4 stable_steps: 2 "
        "decay_steps: 4 initial_learning_rate: 0.01 alpha: 0.1 warmup_type: ONE_MINUS_SQRT "
        "decay_type: ONE_MINUS_SQRT }",
        {{0, 0.01},
         {1, 0.0220577136594005},
         {2, 0.0363603896932107},
         {3, 0.055},
         {4, 0.1},
         {5, 0.1},
         {6, 0.1},
         {7, 0.055},
         {8, 0.0363603896932107},
         {9, 0.0220577136594005},
         {10, 0.01},
         {11, 0.01}}},
       // one and a half waves down
       {"warmup_stable_decay { peak_learning_rate: 0.1 warmup_steps: 4 stable_steps: 2 "
        "decay_steps: 4 initial_learning_rate: 0.01 alpha: 0.1 num_cycles: 1.5 }",
        {{0, 0.01},
         {1, 0.0325},
         {2, 0.055},
         {3, 0.0775},
         {4, 0.1},
         {5, 0.1},
         {6, 0.1},
         {7, 0.0231801948466054},
         {8, 0.055},
         {9, 0.0868198051533947},
         {10, 0.01},
         {11, 0.01}}},
       // Nothing but a decay of 2.5 updates, to a value.
       {"warmup_stable_decay { peak_learning_rate: 1 stable_steps: 0 decay_steps: 2.5 "
        "end_learning_rate: 0.5 decay_type: LINEAR }",
        {{0, 1}, {1, 0.8}, {2, 0.6}, {3, 0.5}}},
       // Up from 0 in half a run, down in the last fifth.
       {"clock: RUN warmup_stable_decay { peak_learning_rate: 1 warmup_steps: 0.5 stable_steps: "
        "0.3 decay_steps: 0.2 decay_type: LINEAR }",
        {{0, 0}, {1, 0.2}, {5, 1}, {8, 1}, {9, 0.5}, {10, 0}, {11, 0}},
        {0, 0, {}, 10}}},
      {{"warmup_stable_decay { }",
        "text:1:1: warmup_stable_decay: peak_learning_rate is missing "
        "[warmup_stable_decay.peak_learning_rate]\ntext:1:1: warmup_stable_decay: stable_steps is "
        "missing [warmup_stable_decay.stable_steps]\ntext:1:1: warmup_stable_decay: decay_steps is "
        "missing [warmup_stable_decay.decay_steps]"},
       {"warmup_stable_decay { peak_learning_rate: -1 warmup_steps: -1 stable_steps: -1 "
        "decay_steps: 0 }",
        "text:1:43: warmup_stable_decay: peak_learning_rate -1 must be at least 0 "
        "[warmup_stable_decay.peak_learning_rate]\ntext:1:60: warmup_stable_decay: warmup_steps -1 "
        "must be at least 0 [warmup_stable_decay.warmup_steps]\ntext:1:77: warmup_stable_decay: "
        "stable_steps -1 must be at least 0 [warmup_stable_decay.stable_steps]\ntext:1:93: "
        "warmup_stable_decay: decay_steps 0 must be above 0 [warmup_stable_decay.decay_steps]"},
       {"warmup_stable_decay { peak_learning_rate: 1 stable_steps: 1 decay_steps: 1 alpha: 0.1 "
        "end_learning_rate: 0.1 }",
        "text:1:106: warmup_stable_decay: alpha and end_learning_rate both say where it ends; "
        "leave one out [warmup_stable_decay.end_learning_rate]"},
       {"warmup_stable_decay { peak_learning_rate: 1 stable_steps: 1 decay_steps: 1 decay_type: "
        "LINEAR num_cycles: 1 }",
        "text:1:107: warmup_stable_decay: num_cycles is set, but only decay_type: COSINE uses it "
        "[warmup_stable_decay.num_cycles]"}}}));

}  // namespace
}  // namespace gradus
