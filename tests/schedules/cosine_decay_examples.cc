// Examples of the schedule, for the conformance test. Golden values: Keras 3.16, PyTorch 1.13.1,
// optax and timm as they ran, transformers and fastai by their formulas.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.cosine_decay",
    ({{// CosineDecay(.1, 4, alpha=.1)
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 alpha: 0.1 }",
        {{0, 0.1},
         {1, 0.0868198052},
         {2, 0.055},
         {3, 0.0231801948},
         {4, 0.01},
         {5, 0.01},
         {9, 0.01},
         {int64_t{1} << 53, 0.01}}},
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
       // optax' warmup_cosine_decay_schedule(0, .1, 3, 7, .01): decay_steps count the warm-up
       {"cosine_decay { initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 3 decay_steps: 7 "
        "warmup: IN_DECAY_STEPS end_learning_rate: 0.01 }",
        {{0, 0},
         {1, 0.0333333333},
         {2, 0.0666666667},
         {3, 0.1},
         {4, 0.0868198052},
         {5, 0.055},
         {6, 0.0231801948},
         {7, 0.01},
         {8, 0.01}}},
       // optax' exponent
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 alpha: 0.1 exponent: 2 }",
        {{0, 0.1},
         {1, 0.0755698051533946},
         {2, 0.0325},
         {3, 0.0119301948466054},
         {4, 0.01},
         {5, 0.01}}},
       // CosineAnnealingLR(5, eta_min=.01) climbs back.
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: 5 end_learning_rate: 0.01 "
        "after_end: CONTINUE }",
        {{0, 0.1},
         {1, "0.09140576"},
         {2, "0.06890576"},
         {3, 0.0410942352531},
         {4, 0.0185942352531},
         {5, 0.01},
         {6, 0.0185942352531},
         {10, 0.1},
         {11, "0.09140576"},
         {1000000000000000, 0.1},
         {1000000000000005, 0.01},
         {1000000000000004, 0.0185942352531}}},
       // timm's CosineLRScheduler(6, lr_min=.01, warmup_t=2): the warm-up hides the beginning
       {"cosine_decay { initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 2 decay_steps: 6 "
        "warmup: OVER_DECAY end_learning_rate: 0.01 }",
        {{0, 0},
         {1, 0.05},
         {2, 0.0775},
         {3, 0.055},
         {4, 0.0325},
         {5, 0.0160288568},
         {6, 0.01},
         {7, 0.01}}},
       // with warmup_prefix
       {"cosine_decay { initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 2 decay_steps: 6 "
        "end_learning_rate: 0.01 }",
        {{0, 0},
         {1, 0.05},
         {2, 0.1},
         {3, 0.0939711432},
         {4, 0.0775},
         {5, 0.055},
         {6, 0.0325},
         {7, 0.0160288568},
         {8, 0.01}}},
       // timm's k_decay 2
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: 6 end_learning_rate: 0.01 k_decay: "
        "2 }",
        {{0, 0.1},
         {1, 0.0998287614141285},
         {2, 0.0972861679353659},
         {3, 0.0868198051533946},
         {4, 0.0628141679950119},
         {5, 0.0291890603642029},
         {6, 0.01},
         {8, 0.01}}},
       // transformers' cosine, 2 of 6 updates, climbs back.
       {"cosine_decay { initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 2 decay_steps: 6 "
        "warmup: IN_DECAY_STEPS after_end: CONTINUE }",
        {{0, 0},
         {1, 0.05},
         {2, 0.1},
         {3, 0.0853553391},
         {4, 0.05},
         {5, 0.0146446609},
         {6, 0},
         {7, 0.0146446609},
         {10, 0.1}}},
       // with num_cycles 1.5: down, up and down
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: 6 num_cycles: 1.5 }",
        {{0, 0.1},
         {1, 0.05},
         {2, 0},
         {3, 0.05},
         {4, 0.1},
         {5, 0.0500000000000001},
         {6, 0},
         {7, 0}}},
       // transformers' cosine_warmup_with_min_lr, 3 of 7 updates, min_lr_rate .1: the first value
       // is 1 / W
       {"cosine_decay { initial_learning_rate: 0.03 warmup_target: 0.09 warmup_steps: 2 "
        "decay_steps: 4 alpha: 0.1 }",
        {{0, 0.03},
         {1, 0.06},
         {2, 0.09},
         {3, 0.0781378246380552},
         {4, 0.0495},
         {5, 0.0208621753619448},
         {6, 0.009}}},
       // A target without steps is where the cosine begins.
       {"cosine_decay { initial_learning_rate: 0 decay_steps: 4 warmup_target: 0.1 }",
        {{0, 0.1}, {2, 0.05}, {4, 0}}},
       // fastai's SchedCos(.1, .5) over 4 updates: a + (1 + cos(pi (1 - pos))) (b - a) / 2
       {"clock: RUN cosine_decay { initial_learning_rate: 0.1 decay_steps: 1 end_learning_rate: "
        "0.5 }",
        {{0, 0.1}, {1, 0.158578643762691}, {2, 0.3}, {3, 0.441421356237309}, {4, 0.5}, {9, 0.5}},
        {0, 0, {}, 4}},
       // A warm-up of 1.5 updates and a cosine of 2.5.
       {"cosine_decay { initial_learning_rate: 0 warmup_target: 0.3 warmup_steps: 1.5 decay_steps: "
        "2.5 }",
        {{0, 0},
         {1, 0.2},
         {2, 0.271352549156242},
         {3, 0.103647450843758},
         {4, 0},
         {int64_t{1} << 53, 0}}}},
      {{"cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 warmup_steps: 3 }",
        "text:1:72: cosine_decay: warmup_steps is set, but no warmup_target; write warmup_target: "
        "the peak that the warm-up reaches [cosine_decay.warmup_steps]"},
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: -4 }",
        "text:1:56: cosine_decay: decay_steps -4 must be above 0 [cosine_decay.decay_steps]"},
       {"cosine_decay { decay_steps: 4 alpha: -1 }",
        "text:1:1: cosine_decay: initial_learning_rate is missing "
        "[cosine_decay.initial_learning_rate]\ntext:1:38: cosine_decay: alpha -1 must be at least "
        "0 [cosine_decay.alpha]"},
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 alpha: 0.1 end_learning_rate: "
        "0.01 }",
        "text:1:88: cosine_decay: alpha and end_learning_rate both say where it ends; leave one "
        "out [cosine_decay.end_learning_rate]"},
       {"cosine_decay { initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 4 decay_steps: 4 "
        "warmup: IN_DECAY_STEPS }",
        "text:1:74: cosine_decay: warmup_steps 4 leave nothing of decay_steps 4, which count them "
        "with warmup: IN_DECAY_STEPS [cosine_decay.warmup_steps]"},
       {"cosine_decay { initial_learning_rate: 0 warmup_target: 0.1 warmup_steps: 5 decay_steps: 4 "
        "warmup: OVER_DECAY }",
        "text:1:74: cosine_decay: warmup_steps 5 leave nothing of decay_steps 4, which count them "
        "with warmup: OVER_DECAY [cosine_decay.warmup_steps]"},
       {"cosine_decay { initial_learning_rate: 0.1 decay_steps: 4 exponent: 0 num_cycles: -1 "
        "k_decay: 0 }",
        "text:1:68: cosine_decay: exponent 0 must be above 0 [cosine_decay.exponent]\ntext:1:82: "
        "cosine_decay: num_cycles -1 must be above 0 [cosine_decay.num_cycles]\ntext:1:94: "
        "cosine_decay: k_decay 0 must be above 0 [cosine_decay.k_decay]"}}}));

}  // namespace
}  // namespace gradus
