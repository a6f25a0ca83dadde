// Examples of the schedule, for the conformance test. Golden values: PyTorch 1.13.1 and optax as
// they ran, fastai by its formula.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.one_cycle",
    ({{// OneCycleLR(.1, total_steps=10)
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 }",
        {{0, 0.004},
         {1, 0.052},
         {2, 0.1},
         {3, "0.09504846"},
         {4, "0.08117457"},
         {5, "0.0611262"},
         {6, "0.0388742"},
         {7, 0.018825834605},
         {8, 0.00495193679865},
         {9, 4e-07},
         {10, 4e-07},
         {int64_t{1} << 53, 4e-07}}},
       // OneCycleLR(.1, total_steps=20, three_phase=True, anneal_strategy='linear')
       {"one_cycle { max_learning_rate: 0.1 total_steps: 20 three_phase: true anneal_strategy: "
        "LINEAR }",
        {{0, 0.004},
         {1, 0.0232},
         {5, 0.1},
         {6, 0.0808},
         {10, 0.004},
         {11, "0.0035556"},
         {19, 4e-07},
         {20, 4e-07}}},
       // the same with cosines
       {"one_cycle { max_learning_rate: 0.1 total_steps: 20 three_phase: true }",
        {{0, 0.004},
         {1, 0.0131671842700025},
         {3, 0.0668328157299975},
         {5, 0.1},
         {7, 0.0668328157299975},
         {10, 0.004},
         {12, 0.00353213567734933},
         {15, 0.00165293837430167},
         {19, 4e-07}}},
       // optax' linear_onecycle_schedule(10, .1)
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 anneal_strategy: LINEAR three_phase: "
        "true pct_final: 0.85 corners: ROUNDED_DOWN }",
        {{0, 0.004},
         {1, 0.036},
         {2, 0.068},
         {3, 0.1},
         {4, 0.0808},
         {8, 0.004},
         {9, "0.0020002"},
         {10, 4e-07},
         {11, 4e-07}}},
       // optax' cosine_onecycle_schedule(10, .1)
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 corners: ROUNDED_DOWN }",
        {{0, 0.004},
         {1, 0.028},
         {2, 0.076},
         {3, 0.1},
         {4, 0.0950484632},
         {9, 0.0049519368},
         {10, 4e-07},
         {11, 4e-07}}},
       // fastai's fit_one_cycle over 10 updates
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 pct_start: 0.25 final_div_factor: 1e5 "
        "final_div_factor_of: MAXIMUM corners: EXACT }",
        {{0, 0.004},
         {1, 0.0371671842700025},
         {2, 0.0908328157299975},
         {3, 0.0989073909628899},
         {4, 0.0904509452102502},
         {5, 0.07500025},
         {6, 0.0552268708991511},
         {7, 0.0345498047897498},
         {8, 0.0165443042473603},
         {9, 0.00432368389059877},
         {10, 1e-06},
         {12, 1e-06}}},
       // and on the clock that it has there
       {"clock: RUN one_cycle { max_learning_rate: 0.1 total_steps: 1 pct_start: 0.25 "
        "final_div_factor: 1e5 final_div_factor_of: MAXIMUM corners: EXACT }",
        {{0, 0.004},
         {1, 0.0371671842700025},
         {2, 0.0908328157299975},
         {3, 0.0989073909628899},
         {4, 0.0904509452102502},
         {5, 0.07500025},
         {6, 0.0552268708991511},
         {7, 0.0345498047897498},
         {8, 0.0165443042473603},
         {9, 0.00432368389059877},
         {10, 1e-06},
         {12, 1e-06}},
        {0, 0, {}, 10}},
       // A length of 7.5, three phases: corners at 2.25, 4.5, 7.5.
       {"one_cycle { max_learning_rate: 1 total_steps: 7.5 div_factor: 2 final_div_factor: 5 "
        "anneal_strategy: LINEAR three_phase: true corners: EXACT }",
        {{0, 0.5},
         {1, 0.722222222222222},
         {2, 0.944444444444444},
         {3, 0.833333333333333},
         {4, 0.611111111111111},
         {5, 0.433333333333333},
         {7, 0.166666666666667},
         {8, 0.1}}},
       // The last corner where pct_final says, one update earlier as everything.
       {"one_cycle { max_learning_rate: 1 total_steps: 11 div_factor: 2 final_div_factor: 5 "
        "pct_start: 0.5 anneal_strategy: LINEAR three_phase: true pct_final: 0.8 }",
        {{0, 0.5},
         {4, 0.944444444444444},
         {5, 0.924242424242424},
         {7, 0.621212121212121},
         {8, 0.463636363636364},
         {10, 0.1}}}},
      {{"one_cycle { }",
        "text:1:1: one_cycle: max_learning_rate is missing "
        "[one_cycle.max_learning_rate]\ntext:1:1: one_cycle: total_steps is missing "
        "[one_cycle.total_steps]"},
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 pct_start: 1 }",
        "text:1:63: one_cycle: pct_start 1 must be above 0 and below 1 [one_cycle.pct_start]"},
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 pct_start: 0 pct_final: 0.8 }",
        "text:1:63: one_cycle: pct_start 0 must be above 0 and below 1 "
        "[one_cycle.pct_start]\ntext:1:76: one_cycle: pct_final is set, but there are only two "
        "phases; write three_phase: true, or leave pct_final out [one_cycle.pct_final]"},
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 pct_start: 0.1 }",
        "text:1:63: one_cycle: pct_start 0.1 of total_steps 10 puts the corners at 0, 0 and 9, "
        "which must increase [one_cycle.pct_start]"},
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 pct_start: 0.6 three_phase: true }",
        "text:1:63: one_cycle: pct_start 0.6 of total_steps 10 puts the corners at 0, 5, 10 and 9, "
        "which must increase [one_cycle.pct_start]"},
       {"one_cycle { max_learning_rate: 0.1 total_steps: 10 pct_start: 0.5 three_phase: true "
        "pct_final: 0.5 corners: EXACT }",
        "text:1:63: one_cycle: pct_start 0.5 of total_steps 10 puts the corners at 0, 5, 5 and 10, "
        "which must increase [one_cycle.pct_start]"},
       {"one_cycle { max_learning_rate: -1 total_steps: 10 div_factor: 0 final_div_factor: 0 }",
        "text:1:32: one_cycle: max_learning_rate -1 must be at least 0 "
        "[one_cycle.max_learning_rate]\ntext:1:63: one_cycle: div_factor 0 must be above 0 "
        "[one_cycle.div_factor]\ntext:1:83: one_cycle: final_div_factor 0 must be above 0 "
        "[one_cycle.final_div_factor]"}}}));

}  // namespace
}  // namespace gradus
