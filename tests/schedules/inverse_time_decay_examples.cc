// Examples of the schedule, for the conformance test. Golden values: Keras 3.16 as it ran, Caffe by
// its formula, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.inverse_time_decay",
    ({{{"inverse_time_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 }",
        {{0, 0.1}, {1, 0.0888888889}, {2, 0.08}, {3, 0.0727272727}, {4, 0.0666666667}, {8, 0.05}}},
       {"inverse_time_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0.5 staircase: "
        "true }",
        {{0, 0.1}, {3, 0.1}, {4, 0.0666666666666667}, {7, 0.0666666666666667}, {8, 0.05}}},
       // Caffe's inv with base_lr .01, gamma .0001, power .75
       {"inverse_time_decay { initial_learning_rate: 0.01 decay_steps: 1 decay_rate: 0.0001 power: "
        "0.75 }",
        {{0, 0.01},
         {1, 0.00999925006561899},
         {100, 0.0099256502902408},
         {5000, 0.00737787946466881},
         {10000, 0.0059460355750136},
         {int64_t{1} << 53, 1.08157757040474e-11}}},
       // Stairs of half an epoch; an epoch is 3 updates, the last one short.
       {"clock: EPOCHS inverse_time_decay { initial_learning_rate: 1 decay_steps: 0.5 decay_rate: "
        "1 staircase: true }",
        {{0, 1},
         {1, 1},
         {2, 0.5},
         {3, 0.333333333333333},
         {4, 0.333333333333333},
         {5, 0.25},
         {6, 0.2}},
        {10, 4, {}, {}}},
       {"inverse_time_decay { initial_learning_rate: 0.1 decay_steps: 4 decay_rate: 0 }",
        {{0, 0.1}, {int64_t{1} << 53, 0.1}}}},
      {{"inverse_time_decay { }",
        "text:1:1: inverse_time_decay: initial_learning_rate is missing "
        "[inverse_time_decay.initial_learning_rate]\ntext:1:1: inverse_time_decay: decay_steps is "
        "missing [inverse_time_decay.decay_steps]\ntext:1:1: inverse_time_decay: decay_rate is "
        "missing [inverse_time_decay.decay_rate]"},
       {"inverse_time_decay { initial_learning_rate: 0.1 decay_steps: 0 decay_rate: -1 power: -1 }",
        "text:1:62: inverse_time_decay: decay_steps 0 must be above 0 "
        "[inverse_time_decay.decay_steps]\ntext:1:76: inverse_time_decay: decay_rate -1 must be at "
        "least 0 [inverse_time_decay.decay_rate]\ntext:1:86: inverse_time_decay: power -1 must be "
        "at least 0 [inverse_time_decay.power]"}}}));

}  // namespace
}  // namespace gradus
