// Examples of the schedule, for the conformance test. Golden values: PyTorch and fastai by their
// formulas, otherwise by hand.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.one_cycle_momentum",
    ({{// OneCycleLR(.1, total_steps=10)
       {"one_cycle_momentum { total_steps: 10 }",
        {{0, 0.95},
         {1, 0.9},
         {2, 0.85},
         {3, 0.854951556604879},
         {4, 0.868825509907063},
         {5, 0.888873953302184},
         {6, 0.911126046697816},
         {7, 0.931174490092937},
         {8, 0.945048443395121},
         {9, 0.95},
         {10, 0.95},
         {int64_t{1} << 53, 0.95}}},
       // OneCycleLR(.1, total_steps=20, three_phase=True, anneal_strategy='linear'): level at the
       // end
       {"one_cycle_momentum { total_steps: 20 three_phase: true anneal_strategy: LINEAR }",
        {{0, 0.95},
         {1, 0.93},
         {4, 0.87},
         {5, 0.85},
         {6, 0.87},
         {9, 0.93},
         {10, 0.95},
         {11, 0.95},
         {15, 0.95},
         {19, 0.95},
         {20, 0.95}}},
       // fastai with moms=(.9, .8, .99)
       {"one_cycle_momentum { total_steps: 10 pct_start: 0.25 base_momentum: 0.8 max_momentum: 0.9 "
        "final_momentum: 0.99 corners: EXACT }",
        {{0, 0.9},
         {1, 0.865450849718747},
         {2, 0.809549150281253},
         {3, 0.802075977930289},
         {4, 0.81814338553438},
         {5, 0.8475},
         {6, 0.885069795989573},
         {7, 0.92435661446562},
         {8, 0.958567407604092},
         {9, 0.981786818476047},
         {10, 0.99},
         {11, 0.99}}},
       // Down and up in straight lines, corners at 3, 8 and 10.
       {"one_cycle_momentum { total_steps: 10 anneal_strategy: LINEAR base_momentum: 0.8 "
        "max_momentum: 0.95 final_momentum: 0.9 three_phase: true pct_final: 0.85 corners: "
        "ROUNDED_DOWN }",
        {{0, 0.95},
         {1, 0.9},
         {2, 0.85},
         {3, 0.8},
         {4, 0.83},
         {8, 0.95},
         {9, 0.925},
         {10, 0.9},
         {11, 0.9}}}},
      {{"one_cycle_momentum { }",
        "text:1:1: one_cycle_momentum: total_steps is missing [one_cycle_momentum.total_steps]"},
       {"one_cycle_momentum { total_steps: 10 max_momentum: -1 pct_start: 1 }",
        "text:1:52: one_cycle_momentum: max_momentum -1 must be at least 0 "
        "[one_cycle_momentum.max_momentum]\ntext:1:66: one_cycle_momentum: pct_start 1 must be "
        "above 0 and below 1 [one_cycle_momentum.pct_start]"},
       {"one_cycle_momentum { total_steps: 10 pct_start: 0.1 corners: EXACT pct_final: 0.9 }",
        "text:1:79: one_cycle_momentum: pct_final is set, but there are only two phases; write "
        "three_phase: true, or leave pct_final out [one_cycle_momentum.pct_final]"},
       {"one_cycle_momentum { total_steps: 0.5 }",
        "text:1:1: one_cycle_momentum: pct_start 0.3 of total_steps 0.5 puts the corners at 0, "
        "-0.85 and -0.5, which must increase [one_cycle_momentum.pct_start]"}}}));

}  // namespace
}  // namespace gradus
