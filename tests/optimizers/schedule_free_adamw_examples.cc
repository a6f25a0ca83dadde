// Examples and the formula of the rule, for the conformance test. Golden weights: the authors'
// package in float64, with which Keras and optax agree at a constant rate; these are the weights y
// that are trained.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"
#include "tests/optimizers/three_sequences.h"

namespace gradus {
namespace {

struct ScheduleFreeAdamwWeight : ThreeSequences {
  using Config = optimizer::ScheduleFreeAdamw;
  ScheduleFreeAdamwWeight(const Config&, double w) : ThreeSequences(w) {}

  void Update(const Config& c, int64_t t, double rate, double g) {
    v = c.beta2() * v + (1 - c.beta2()) * g * g;
    const double v_hat = v / (1 - std::pow(c.beta2(), t));
    Move(c, t, c.beta1(), rate, g / (std::sqrt(v_hat) + c.epsilon()) + c.decay_at_y() * w);
  }
  double v = 0;
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.schedule_free_adamw",
                         Trained<ScheduleFreeAdamwWeight>, Evaluated<ScheduleFreeAdamwWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.schedule_free_adamw",
    ({{{"schedule_free_adamw {}", 0.01, {0.8838215101, -2.003650152, 0.4619491389}},
       // All updates weigh the same, as in Keras.
       {"schedule_free_adamw { weight_lr_power: 0 }",
        0.01,
        {0.8838215101, -2.003650152, 0.4619491389}},
       {"schedule_free_adamw { warmup_steps: 2 }", 0.01, {0.931358256, -2.082724489, 0.5274364211}},
       {"schedule_free_adamw { beta1: 0.5 beta2: 0.99 warmup_steps: 100 r: 1 }", 0.01, {}}},
      {{"schedule_free_adamw { beta1: 0 }",
        "text:1:30: schedule_free_adamw: beta1 0 must be above 0 and below 1 "
        "[schedule_free_adamw.beta1]"},
       {"schedule_free_adamw { beta2: 1 epsilon: 0 }",
        "text:1:30: schedule_free_adamw: beta2 1 must be at least 0 and below 1 "
        "[schedule_free_adamw.beta2]\n"
        "text:1:41: schedule_free_adamw: epsilon 0 must be above 0 [schedule_free_adamw.epsilon]"},
       {"schedule_free_adamw { decay_at_y: -1 }",
        "text:1:35: schedule_free_adamw: decay_at_y -1 must be at least 0 "
        "[schedule_free_adamw.decay_at_y]"}}}));

}  // namespace
}  // namespace gradus
