// Examples of the schedule, for the conformance test. Golden values: PyTorch 1.13.1 and optax,
// otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.sequence",
    ({{// SequentialLR([LinearLR(.1, 1, 4), CosineAnnealingLR(6)], [4])
       {"sequence { part { length: 4 schedule { linear { initial_learning_rate: 0.01 "
        "end_learning_rate: 0.1 steps: 4 } } } part { schedule { cosine_decay { "
        "initial_learning_rate: 0.1 decay_steps: 6 after_end: CONTINUE } } } }",
        {{0, 0.01},
         {1, 0.0325},
         {2, 0.055},
         {3, 0.0775},
         {4, 0.1},
         {5, "0.09330127"},
         {6, 0.075},
         {7, 0.05},
         {8, 0.025},
         {9, "0.00669873"},
         {10, 0},
         {11, "0.00669873"}}},
       // sgdr_schedule, in which each cycle has a beginning and a length of its own
       {"sequence { part { length: 4 schedule { cosine_decay { initial_learning_rate: 0 "
        "warmup_target: 0.1 warmup_steps: 1 decay_steps: 3 end_learning_rate: 0.01 } } } part { "
        "length: 4 schedule { cosine_decay { initial_learning_rate: 0 warmup_target: 0.1 "
        "warmup_steps: 1 decay_steps: 3 end_learning_rate: 0.01 } } } }",
        {{0, 0},
         {1, 0.1},
         {2, 0.0775},
         {3, 0.0325},
         {4, 0},
         {5, 0.1},
         {6, 0.0775},
         {7, 0.0325},
         {8, 0.01},
         {100, 0.01}}},
       // The last part has a length, so that its end holds.
       {"sequence { part { length: 2 schedule { constant: 3 } } part { length: 4 schedule { linear "
        "{ initial_learning_rate: 1 end_learning_rate: 0 steps: 10 } } } }",
        {{1, 3}, {2, 1}, {5, 0.7}, {6, 0.6}, {7, 0.6}, {1000, 0.6}}},
       // Lengths that are added up: 0.1 + 0.1 + 0.1 is more than 0.3 in double.
       {"clock: EPOCHS sequence { part { length: 0.1 schedule { constant: 1 } } part { length: 0.1 "
        "schedule { constant: 2 } } part { length: 0.1 schedule { constant: 3 } } part { schedule "
        "{ constant: 4 } } }",
        {{0, 1}, {1, 2}, {2, 3}, {3, 4}, {4, 4}},
        {10, 1, {}, {}}},
       // A part on another clock: it begins at epoch 0.8, updates 3 and 6 are at epochs 1 and 2.
       {"sequence { part { length: 2 schedule { constant: 1 } } part { schedule { clock: EPOCHS "
        "exponential_decay { initial_learning_rate: 1 decay_steps: 1 decay_rate: 0.5 } } } }",
        {{1, 1}, {2, 1}, {3, 0.870550563296124}, {6, 0.435275281648062}},
        {10, 4, {}, {}}}},
      {{"sequence { }", "text:1:1: sequence: part is missing [sequence.part]"},
       {"sequence { part { schedule { constant: 1 } } part { schedule { constant: 2 } } }",
        "text:1:12: sequence: only the last part may be without a length "
        "[sequence.part[0].length]"},
       {"sequence { part { length: 0 schedule { constant: 1 } } part { length: 1 } }",
        "text:1:27: part[0]: length 0 must be above 0 [sequence.part[0].length]\ntext:1:56: "
        "part[1]: schedule is missing [sequence.part[1].schedule]"},
       {"sequence { part { length: 1 schedule { constant: 1 } } part { schedule { clock: RUN "
        "constant: 2 } } }",
        "text:1:81: clock RUN inside STEPS cannot be converted: the run has no end "
        "[sequence.part[1].schedule.clock]"},
       {"sequence { part { length: 1 schedule { clamp { min: 2 max: 1 schedule { constant: 1 } } } "
        "} part { schedule { shift { by: 1 schedule { constant: -1 } } } } }",
        "text:1:53: clamp: min 2 is above max 1 [sequence.part[0].schedule.clamp.min]\ntext:1:146: "
        "schedule: constant -1 must be at least 0 "
        "[sequence.part[1].schedule.shift.schedule.constant]"}}}));

}  // namespace
}  // namespace gradus
