// Examples of the schedule, for the conformance test. Golden values: Keras 3.16, PyTorch 1.13.1 and
// timm as they ran, transformers by its formula.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.cosine_decay_restarts",
    ({{// CosineDecayRestarts(.1, 3, 2, .5, .1)
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 2 m_mul: "
        "0.5 alpha: 0.1 }",
        {{0, 0.1},
         {1, 0.0775},
         {2, 0.0325},
         {3, 0.055},
         {4, 0.0519855716},
         {5, 0.04375},
         {6, 0.0325},
         {7, 0.02125},
         {8, 0.0130144284},
         {9, 0.0325},
         {10, 0.0321166655},
         {3221225469, 0.010000000083819},
         {3377699720527869, 0.01},
         {3377699720527868, 0.01},
         {int64_t{1} << 53, 0.01}}},
       // CosineAnnealingWarmRestarts(3, 2)
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 2 }",
        {{0, 0.1},
         {1, 0.075},
         {2, 0.025},
         {3, 0.1},
         {4, "0.09330127"},
         {5, 0.075},
         {6, 0.05},
         {7, 0.025},
         {8, "0.00669873"},
         {9, 0.1},
         {3377699720527869, 0.1},
         {6755399441055741, 0.1},
         {5066549580791805, 0.05},
         {6755399441055740, 0}}},
       // with eta_min, restarts of the same length: after 10^15 updates as at the beginning
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 1 "
        "end_learning_rate: 0.02 }",
        {{0, 0.1},
         {1, 0.08},
         {2, 0.04},
         {3, 0.1},
         {300000000000000, 0.1},
         {300000000000001, 0.08},
         {300000000000002, 0.04},
         {2999999999999999, 0.04},
         {3000000000000000, 0.1},
         {9007199254740990, 0.1}}},
       // timm: CosineLRScheduler(3, cycle_mul=2, cycle_decay=.5, cycle_limit=2)
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 2 m_mul: "
        "0.5 m_mul_scales: PEAK cycle_limit: 2 }",
        {{0, 0.1},
         {1, 0.075},
         {2, 0.025},
         {3, 0.05},
         {4, 0.0466506351},
         {5, 0.0375},
         {6, 0.025},
         {7, 0.0125},
         {8, 0.0033493649},
         {9, 0},
         {10, 0},
         {int64_t{1} << 53, 0}}},
       // the same with lr_min=.02: the peak is halved, floor and all
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 2 t_mul: 1 m_mul: "
        "0.5 m_mul_scales: PEAK end_learning_rate: 0.02 cycle_limit: 3 }",
        {{0, 0.1},
         {1, 0.06},
         {2, 0.05},
         {3, 0.035},
         {4, 0.025},
         {5, 0.0225},
         {6, 0.02},
         {7, 0.02},
         {int64_t{1} << 53, 0.02}}},
       // The floor is halved too, and the last one holds.
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 1 m_mul: "
        "0.5 alpha: 0.1 m_mul_scales: WHOLE_CURVE cycle_limit: 3 }",
        {{0, 0.1},
         {1, 0.0775},
         {2, 0.0325},
         {3, 0.05},
         {4, 0.03875},
         {5, 0.01625},
         {6, 0.025},
         {7, 0.019375},
         {8, 0.008125},
         {9, 0.0025},
         {99, 0.0025}}},
       // transformers' cosine_with_restarts, num_cycles 2 in 6 updates
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 1 "
        "cycle_limit: 2 }",
        {{0, 0.1}, {1, 0.075}, {2, 0.025}, {3, 0.1}, {4, 0.075}, {5, 0.025}, {6, 0}, {7, 0}}},
       // timm's k_decay 2
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 2 k_decay: "
        "2 }",
        {{0, 0.1},
         {1, 0.0969846310392954},
         {2, 0.0586824088833465},
         {3, 0.1},
         {4, 0.0998097349045873},
         {5, 0.0969846310392954},
         {6, 0.0853553390593274},
         {7, 0.0586824088833465},
         {8, 0.0213211781824477}}},
       // Cycles of 2.5, 3.75, 5.625 updates.
       {"cosine_decay_restarts { initial_learning_rate: 1 first_decay_steps: 2.5 t_mul: 1.5 }",
        {{0, 1},
         {1, 0.654508497187474},
         {2, 0.0954915028125263},
         {3, 0.9567727288213},
         {4, 0.654508497187474},
         {5, 0.25},
         {6, 0.0109261996330972},
         {7, 0.9567727288213},
         {8, 0.779596451735373},
         {9, 0.517449748351251},
         {10, 0.25},
         {11, 0.0585262035705366},
         {12, 0.999458555669262}}},
       // Cycles of a tenth of an epoch of 100 updates.
       {"clock: EPOCHS cosine_decay_restarts { initial_learning_rate: 1 first_decay_steps: 0.1 "
        "t_mul: 1 }",
        {{0, 1}, {5, 0.5}, {10, 1}, {15, 0.5}, {30, 1}, {60, 1}, {70, 1}, {1230, 1}, {1235, 0.5}},
        {100, 1, {}, {}}}},
      {{"cosine_decay_restarts { }",
        "text:1:1: cosine_decay_restarts: initial_learning_rate is missing "
        "[cosine_decay_restarts.initial_learning_rate]\ntext:1:1: cosine_decay_restarts: "
        "first_decay_steps is missing [cosine_decay_restarts.first_decay_steps]"},
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 1.0005 }",
        "text:1:80: cosine_decay_restarts: t_mul 1.0005 must be 1 or at least 1.001 "
        "[cosine_decay_restarts.t_mul]"},
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 0.5 m_mul: "
        "-1 cycle_limit: 0 }",
        "text:1:80: cosine_decay_restarts: t_mul 0.5 must be at least 1 "
        "[cosine_decay_restarts.t_mul]\ntext:1:91: cosine_decay_restarts: m_mul -1 must be at "
        "least 0 [cosine_decay_restarts.m_mul]\ntext:1:107: cosine_decay_restarts: cycle_limit 0 "
        "must be at least 1 [cosine_decay_restarts.cycle_limit]"},
       {"cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 alpha: 0.1 "
        "end_learning_rate: 0.01 }",
        "text:1:103: cosine_decay_restarts: alpha and end_learning_rate both say where it ends; "
        "leave one out [cosine_decay_restarts.end_learning_rate]"}}}));

}  // namespace
}  // namespace gradus
