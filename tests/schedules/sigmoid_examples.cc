// Examples of the schedule, for the conformance test. Golden values: Caffe by its formula.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.sigmoid",
    ({{// rises
       {"sigmoid { base_learning_rate: 0.01 gamma: 0.5 step_size: 5 }",
        {{0, 0.000758581800212436},
         {1, 0.00119202922022118},
         {4, 0.00377540668798145},
         {5, 0.005},
         {6, 0.00622459331201855},
         {10, 0.00924141819978756},
         {20, 0.00999447221363076},
         {int64_t{1} << 53, 0.01}}},
       // falls
       {"sigmoid { base_learning_rate: 0.01 gamma: -0.5 step_size: 5 }",
        {{0, 0.00924141819978756},
         {1, 0.00880797077977882},
         {4, 0.00622459331201855},
         {5, 0.005},
         {6, 0.00377540668798145},
         {10, 0.000758581800212436},
         {20, 5.527786369236e-06},
         {int64_t{1} << 53, 0}}},
       // half of it for ever
       {"sigmoid { base_learning_rate: 0.01 gamma: 0 step_size: 5 }",
        {{0, 0.005}, {int64_t{1} << 53, 0.005}}},
       // half of it between two updates
       {"sigmoid { base_learning_rate: 0.01 gamma: 2 step_size: 2.5 }",
        {{0, 6.69285092428486e-05},
         {2, 0.00268941421369995},
         {3, 0.00731058578630005},
         {5, 0.00993307149075715}}}},
      {{"sigmoid { }",
        "text:1:1: sigmoid: base_learning_rate is missing [sigmoid.base_learning_rate]\ntext:1:1: "
        "sigmoid: gamma is missing [sigmoid.gamma]\ntext:1:1: sigmoid: step_size is missing "
        "[sigmoid.step_size]"},
       {"sigmoid { base_learning_rate: -0.1 gamma: inf step_size: -1 }",
        "text:1:31: sigmoid: base_learning_rate -0.1 must be at least 0 "
        "[sigmoid.base_learning_rate]\ntext:1:43: sigmoid: gamma inf must be a finite number "
        "[sigmoid.gamma]\ntext:1:58: sigmoid: step_size -1 must be at least 0 "
        "[sigmoid.step_size]"}}}));

}  // namespace
}  // namespace gradus
