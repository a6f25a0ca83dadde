// Examples and the formula of the rule, for the conformance test. Golden weights: Keras 3.15 in
// float64 with exact hyperparameters. Rates that fall to 0 take weights with them unless
// rate_changes_keep_weights, and l1 and l2 move where it converges to: those settings stand in
// ftrl_test.cc.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"

namespace gradus {
namespace {

// What the formula stands for: the weight that is best for all losses so far, each made of its
// gradient and a square around the weight of its update, and the regularisation. All are kept.
struct FtrlWeight {
  using Config = optimizer::Ftrl;
  FtrlWeight(const Config& c, double w) : w(w), n(c.initial_accumulator_value()) {}

  void Update(const Config& c, int64_t, double rate, double g) {
    if (rate == 0) return;
    const double p = -c.learning_rate_power();
    const bool keeps = c.rate_changes_keep_weights() && last_rate != 0;
    const double root = std::pow(n, p), new_root = std::pow(n + g * g, p);
    // The strengths of the squares up to here, with a first one around 0.
    const double old = keeps ? (root + c.beta()) / last_rate : (root + c.beta()) / rate;
    gradients.push_back(g + 2 * c.l2_shrinkage_regularization_strength() * w);
    strengths.push_back((new_root + c.beta()) / rate - old);
    centres.push_back(w);
    double slope = 0;
    for (size_t i = 0; i < strengths.size(); ++i) slope += gradients[i] - strengths[i] * centres[i];
    const double l1 = c.l1_regularization_strength();
    const double strength = (new_root + c.beta()) / rate + 2 * c.l2_regularization_strength();
    w = slope > l1 ? (l1 - slope) / strength : slope < -l1 ? (-l1 - slope) / strength : 0;
    n += g * g;
    last_rate = rate;
  }
  double w, n, last_rate = 0;
  std::vector<double> gradients, strengths, centres;
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.ftrl", Trained<FtrlWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.ftrl",
    ({{{"ftrl { rate_changes_keep_weights: true }",
        0.5,
        {-0.01992135583, -0.3472294467, 0.1493411383}},
       {"ftrl { rate_changes_keep_weights: true learning_rate_power: -0.3 beta: 0.5 }", 0.5, {}}},
      {{"ftrl { learning_rate_power: 0.5 }",
        "text:1:29: ftrl: learning_rate_power 0.5 must be at least -4 and at most 0 "
        "[ftrl.learning_rate_power]"},
       {"ftrl { initial_accumulator_value: -1 beta: -1 }",
        "text:1:35: ftrl: initial_accumulator_value -1 must be at least 0 "
        "[ftrl.initial_accumulator_value]\n"
        "text:1:44: ftrl: beta -1 must be at least 0 [ftrl.beta]"},
       {"ftrl { l1_regularization_strength: -1 }",
        "text:1:36: ftrl: l1_regularization_strength -1 must be at least 0 "
        "[ftrl.l1_regularization_strength]"}}}));

}  // namespace
}  // namespace gradus
