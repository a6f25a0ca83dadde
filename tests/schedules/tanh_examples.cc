// Examples of the schedule, for the conformance test. Golden values: timm as it ran, otherwise by
// its formula.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.tanh",
    ({{// TanhLRScheduler(4)
       {"tanh { initial_learning_rate: 0.1 decay_steps: 4 }",
        {{0, 0.0999999168472},
         {1, 0.0999876605},
         {2, 0.098201379},
         {3, 0.0268941421},
         {4, 0},
         {5, 0},
         {int64_t{1} << 53, 0}}},
       // lb=-3, ub=2, lr_min=.02
       {"tanh { initial_learning_rate: 0.1 decay_steps: 4 end_learning_rate: 0.02 lower_bound: -3 "
        "upper_bound: 2 }",
        {{0, 0.0998021901474692},
         {1, 0.0976550215398915},
         {2, 0.0784846862904004},
         {3, 0.0345940419045085},
         {4, 0.02},
         {9, 0.02}}},
       // Upwards in 2.5 updates.
       {"tanh { initial_learning_rate: 0 decay_steps: 2.5 end_learning_rate: 1 }",
        {{0, 8.3152802765607e-07}, {1, 0.00247262315663477}, {2, 0.880797077977882}, {3, 1}}}},
      {{"tanh { }",
        "text:1:1: tanh: initial_learning_rate is missing [tanh.initial_learning_rate]\ntext:1:1: "
        "tanh: decay_steps is missing [tanh.decay_steps]"},
       {"tanh { initial_learning_rate: -0.1 decay_steps: 0 end_learning_rate: -1 }",
        "text:1:31: tanh: initial_learning_rate -0.1 must be at least 0 "
        "[tanh.initial_learning_rate]\ntext:1:49: tanh: decay_steps 0 must be above 0 "
        "[tanh.decay_steps]\ntext:1:70: tanh: end_learning_rate -1 must be at least 0 "
        "[tanh.end_learning_rate]"},
       {"tanh { initial_learning_rate: 0.1 decay_steps: 4 lower_bound: 3 upper_bound: 3 }",
        "text:1:78: tanh: upper_bound 3 must be above lower_bound 3 [tanh.upper_bound]"}}}));

}  // namespace
}  // namespace gradus
