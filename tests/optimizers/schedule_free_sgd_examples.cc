// Examples and the formula of the rule, for the conformance test. Golden weights: the authors'
// package in float64; these are the weights y that are trained.

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"
#include "tests/optimizers/three_sequences.h"

namespace gradus {
namespace {

struct ScheduleFreeSgdWeight : ThreeSequences {
  using Config = optimizer::ScheduleFreeSgd;
  ScheduleFreeSgdWeight(const Config&, double w) : ThreeSequences(w) {}

  void Update(const Config& c, int64_t t, double rate, double g) {
    Move(c, t, c.momentum(), rate, g);
  }
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.schedule_free_sgd", Trained<ScheduleFreeSgdWeight>,
                         Evaluated<ScheduleFreeSgdWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.schedule_free_sgd",
    ({{{"schedule_free_sgd {}", 0.1, {0.9855, -2.012, 0.494}},
       // All updates weigh the same; so they do at a constant rate.
       {"schedule_free_sgd { weight_lr_power: 0 }", 0.1, {0.9855, -2.012, 0.494}},
       // By a plain loop in another language.
       {"schedule_free_sgd { warmup_steps: 2 }", 0.1, {0.9895, -2.031, 0.515}},
       {"schedule_free_sgd { momentum: 0.5 warmup_steps: 100 r: 1 }", 0.1, {}}},
      {{"schedule_free_sgd { momentum: 0 }",
        "text:1:31: schedule_free_sgd: momentum 0 must be above 0 and below 1 "
        "[schedule_free_sgd.momentum]"},
       {"schedule_free_sgd { momentum: 1 warmup_steps: -1 }",
        "text:1:31: schedule_free_sgd: momentum 1 must be above 0 and below 1 "
        "[schedule_free_sgd.momentum]\n"
        "text:1:47: schedule_free_sgd: warmup_steps -1 must be at least 0 "
        "[schedule_free_sgd.warmup_steps]"},
       {"schedule_free_sgd { r: -1 }",
        "text:1:24: schedule_free_sgd: r -1 must be at least 0 [schedule_free_sgd.r]"}}}));

}  // namespace
}  // namespace gradus
