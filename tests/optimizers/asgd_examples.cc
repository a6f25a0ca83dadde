// Examples and the formula of the rule, for the conformance test. Golden weights: PyTorch 1.13.1 in
// float64; the other power by a plain loop in another language.

#include <cmath>

#include "gradus/optimizer_rule.pb.h"
#include "tests/optimizers/element_formula.h"

namespace gradus {
namespace {

// The average is made as a mean of all weights that count.
struct AsgdWeight {
  using Config = optimizer::Asgd;
  AsgdWeight(const Config&, double w) : w(w) {}

  void Update(const Config& c, int64_t t, double rate, double g) {
    const double before = static_cast<double>(t - 1), growth = c.lambd() * rate;
    double eta = rate;
    if (before > 0) {
      eta /= c.falling() == Config::POWER_OF_COUNT ? 1 + growth * std::pow(before, c.alpha())
                                                   : std::pow(1 + growth * before, c.alpha());
    }
    w = (1 - c.lambd() * eta) * w - eta * g;
    // Until the count of those after t0 is above 1, the last is the whole.
    if (!c.averaged() || before - c.t0() <= 1) sum = 0, counted = 0;
    sum += w;
    ++counted;
  }
  double Evaluated() const { return sum / counted; }
  double w, sum = 0;
  int counted = 0;
};

GRADUS_OPTIMIZER_FORMULA("gradus.OptimizerConfig.asgd", Trained<AsgdWeight>, Evaluated<AsgdWeight>);

GRADUS_OPTIMIZER_EXAMPLES(
    "gradus.OptimizerConfig.asgd",
    ({{{"asgd {}", 0.1, {0.974970413, -2.029939551, 0.5299847003}},
       {"asgd { averaged: true t0: 100 }", 0.1, {0.974970413, -2.029939551, 0.5299847003}},
       {"asgd { falling: POWER_OF_COUNT }",
        0.1,
        {0.9749704369192, -2.0299394329672, 0.5299845912143}},
       {"asgd { lambd: 0 alpha: 0 }", 0.1, {0.975, -2.03, 0.53}}},
      {{"asgd { lambd: -1 }", "text:1:15: asgd: lambd -1 must be at least 0 [asgd.lambd]"},
       {"asgd { alpha: -1 t0: -2 }",
        "text:1:15: asgd: alpha -1 must be at least 0 [asgd.alpha]\n"
        "text:1:22: asgd: t0 -2 must be at least 0 [asgd.t0]"}}}));

}  // namespace
}  // namespace gradus
