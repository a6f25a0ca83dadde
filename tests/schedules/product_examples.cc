// Examples of the schedule, for the conformance test. Golden values: PyTorch 1.13.1.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.product",
    ({{// ChainedScheduler(LinearLR(.1, 1, 4), CosineAnnealingLR(6))
       {"product { factor { linear { initial_learning_rate: 0.1 end_learning_rate: 1 steps: 4 } } "
        "factor { cosine_decay { initial_learning_rate: 0.1 decay_steps: 6 after_end: CONTINUE } } "
        "}",
        {{0, 0.01},
         {1, "0.03032291"},
         {2, 0.04125},
         {3, 0.03875},
         {4, 0.025},
         {5, "0.00669873"},
         {6, 0},
         {7, "0.00669873"},
         {12, 0.1}}},
       {"product { factor { constant: 2 } factor { constant: 3 } factor { constant: 0.5 } }",
        {{0, 3}, {9, 3}}},
       {"product { factor { constant: 2 } }", {{0, 2}}}},
      {{"product { }", "text:1:1: product: factor is missing [product.factor]"},
       {"product { factor { constant: 1 } factor { clock: EPOCHS constant: 1 } }",
        "text:1:50: clock EPOCHS inside STEPS cannot be converted: the number of training examples "
        "is not known [product.factor[1].clock]"}}}));

}  // namespace
}  // namespace gradus
