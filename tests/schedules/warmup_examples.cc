// Examples of the schedule, for the conformance test. Golden values: timm and PyTorch 1.13.1 as
// they ran, transformers and Schedule-Free by their formulas, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.warmup",
    ({{// timm's CosineLRScheduler(6, lr_min=.01, warmup_t=2, warmup_prefix=True)
       {"warmup { steps: 2 then { cosine_decay { initial_learning_rate: 0.1 decay_steps: 6 "
        "end_learning_rate: 0.01 } } }",
        {{0, 0},
         {1, 0.05},
         {2, 0.1},
         {3, 0.0939711432},
         {4, 0.0775},
         {5, 0.055},
         {6, 0.0325},
         {7, 0.0160288568},
         {8, 0.01},
         {99, 0.01}}},
       // Without warmup_prefix the rate falls from 0.1 to what the curve has at 2.
       {"warmup { steps: 2 overlap: true then { cosine_decay { initial_learning_rate: 0.1 "
        "decay_steps: 6 end_learning_rate: 0.01 } } }",
        {{0, 0}, {1, 0.05}, {2, 0.0775}, {3, 0.055}, {4, 0.0325}, {5, 0.0160288568}, {6, 0.01}}},
       // transformers' cosine, 2 of 6 updates
       {"warmup { steps: 2 then { cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 "
        "after_end: CONTINUE } } }",
        {{0, 0},
         {1, 0.05},
         {2, 0.1},
         {3, 0.0853553391},
         {4, 0.05},
         {5, 0.0146446609},
         {6, 0},
         {7, 0.0146446609},
         {10, 0.1}}},
       // transformers' linear, 2 of 6 updates
       {"warmup { steps: 2 then { linear { initial_learning_rate: 0.1 end_learning_rate: 0 steps: "
        "4 } } }",
        {{0, 0}, {1, 0.05}, {2, 0.1}, {3, 0.075}, {5, 0.025}, {6, 0}, {9, 0}}},
       // transformers' cosine_warmup_with_min_lr, 2 of 6 updates, min_lr_rate .1: (t + 1) / W, then
       // the cosine of (t - W + 1) / (T - W).
       {"warmup { steps: 2 first: 1 then { cosine_decay { initial_learning_rate: 0.1 decay_steps: "
        "4 alpha: 0.1 } } }",
        {{0, 0.05},
         {1, 0.1},
         {2, 0.0868198052},
         {3, 0.055},
         {4, 0.0231801948},
         {5, 0.01},
         {6, 0.01}}},
       // The same with warmup_lr_rate .2: r + (1 - r) t / (W - 1), with W = 3.
       {"warmup { steps: 2 from_fraction: 0.2 then { cosine_decay { initial_learning_rate: 0.1 "
        "decay_steps: 4 alpha: 0.1 } } }",
        {{0, 0.02}, {1, 0.06}, {2, 0.1}, {3, 0.0868198052}}},
       // transformers' constant_with_warmup
       {"warmup { steps: 4 then { constant: 0.1 } }",
        {{0, 0}, {1, 0.025}, {3, 0.075}, {4, 0.1}, {5, 0.1}}},
       // Schedule-Free: (k + 1) / W
       {"warmup { steps: 4 first: 1 then { constant: 0.1 } }",
        {{0, 0.025}, {1, 0.05}, {2, 0.075}, {3, 0.1}, {4, 0.1}}},
       // PyTorch's ChainedScheduler(LinearLR(.1, 1, 4), CosineAnnealingLR(6))
       {"warmup { steps: 4 from_fraction: 0.1 overlap: true target: PRESENT then { cosine_decay { "
        "initial_learning_rate: 0.1 decay_steps: 6 after_end: CONTINUE } } }",
        {{0, 0.01},
         {1, "0.03032291"},
         {2, 0.04125},
         {3, 0.03875},
         {4, 0.025},
         {5, "0.00669873"},
         {12, 0.1}}},
       // As timm's tanh: up to what the curve has where they meet.
       {"warmup { steps: 2 overlap: true target: JOINT from: 0.01 then { cosine_decay { "
        "initial_learning_rate: 0.1 decay_steps: 6 end_learning_rate: 0.01 } } }",
        {{0, 0.01}, {1, 0.04375}, {2, 0.0775}, {3, 0.055}}},
       // Between updates: 2.5 of them.
       {"warmup { steps: 2.5 then { linear { initial_learning_rate: 1 end_learning_rate: 0 steps: "
        "10 } } }",
        {{0, 0}, {1, 0.4}, {2, 0.8}, {3, 0.95}, {4, 0.85}}},
       // sin(pi / 8)^2, sin(3 pi / 8)^2
       {"warmup { steps: 4 shape: COSINE then { constant: 1 } }",
        {{0, 0}, {1, 0.146446609406726}, {2, 0.5}, {3, 0.853553390593274}, {4, 1}}},
       // 1 - sqrt(3) / 2, 1 - 1 / sqrt(2)
       {"warmup { steps: 4 shape: ONE_MINUS_SQRT then { constant: 1 } }",
        {{0, 0}, {1, 0.133974596215561}, {2, 0.292893218813452}, {3, 0.5}, {4, 1}}},
       {"warmup { steps: 4 shape: EXPONENTIAL from: 0.0001 then { constant: 1 } }",
        {{0, 0.0001}, {1, 0.001}, {2, 0.01}, {3, 0.1}, {4, 1}}},
       // One and a half epochs of three updates; 0.4, 0.8, 1, 1.4 epochs of it are done.
       {"clock: EPOCHS warmup { steps: 1.5 then { constant: 3 } }",
        {{0, 0}, {1, 0.8}, {2, 1.6}, {3, 2}, {4, 2.8}, {5, 3}},
        {10, 4, {}, {}}},
       // The schedule after it on another clock: it begins at update 2, epoch 0.8.
       {"warmup { steps: 2 then { clock: WHOLE_EPOCHS linear { initial_learning_rate: 1 "
        "end_learning_rate: 0 steps: 4 } } }",
        {{0, 0}, {1, 0.5}, {2, 1}, {3, 0.75}, {5, 0.75}, {6, 0.5}},
        {10, 4, {}, {}}}},
      {{"warmup { }",
        "text:1:1: warmup: steps is missing [warmup.steps]\ntext:1:1: warmup: then is missing "
        "[warmup.then]"},
       {"warmup { steps: -1 then { constant: 1 } }",
        "text:1:17: warmup: steps -1 must be above 0 [warmup.steps]"},
       {"warmup { steps: 2 from: 0.1 from_fraction: 0.1 then { constant: 1 } }",
        "text:1:44: warmup: from and from_fraction are both set; keep one of them "
        "[warmup.from_fraction]"},
       {"warmup { steps: 2 shape: EXPONENTIAL then { constant: 1 } }",
        "text:1:26: warmup: EXPONENTIAL cannot begin at 0; set from or from_fraction "
        "[warmup.shape]"},
       {"warmup { steps: 2 first: 3 then { constant: 1 } }",
        "text:1:26: warmup: first 3 is more than steps 2 [warmup.first]"},
       {"warmup { steps: 2 target: PRESENT then { constant: 1 } }",
        "text:1:27: warmup: PRESENT needs a schedule that runs during the warm-up; set overlap: "
        "true [warmup.target]"},
       {"warmup { steps: 2 then { clock: RUN constant: 1 } }",
        "text:1:33: clock RUN inside STEPS cannot be converted: the run has no end "
        "[warmup.then.clock]"}}}));

}  // namespace
}  // namespace gradus
