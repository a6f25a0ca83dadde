// The rule under the conformance kit, which runs it over problems, shapes, threads, checkpoints and
// numbers that are not finite (gradus/testing/optimizer_conformance.h). What the kit cannot know is
// given here: the formula, weights that are known from elsewhere, and what is refused.

#include "acme/lion.pb.h"
#include "gradus/testing/optimizer_conformance_suite.h"

namespace acme {
namespace {

// The mathematics as it stands on paper, one weight after the other, in double.
std::vector<double> LionFormula(const ::acme::Lion& c, const gradus::UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  for (size_t i = 0; i < weights.size(); ++i) {
    double m = 0;
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i);
      const double direction = c.beta1() * m + (1 - c.beta1()) * g;
      weights[i] -= h.rate(t) * (direction > 0 ? 1 : direction < 0 ? -1 : 0);
      m = c.beta2() * m + (1 - c.beta2()) * g;
    }
  }
  return weights;
}
GRADUS_OPTIMIZER_FORMULA("acme.lion", LionFormula);

// First texts with a rate at which a quadratic is brought down, and where they are known, the
// weights after three updates of (1, -2, 0.5) at rate 0.1 with the gradients (0.1, -0.2, 0.3),
// (-0.05, 0.4, 0), (0.2, 0.1, -0.6), by hand or by another library; then texts that are refused, with
// the whole message.
GRADUS_OPTIMIZER_EXAMPLES(
    "acme.lion",
    ({{{"[acme.lion] {}", 0.01, {0.9, -2.1, 0.4}}, {"[acme.lion] { beta1: 0.5 beta2: 0.5 }", 0.01}},
      {{"[acme.lion] {\n beta1: 1 }",
        "text:2:9: (acme.lion): beta1 1 must be at least 0 and below 1 [(acme.lion).beta1]"},
       {"[acme.lion] {\n beta2: -0.1 }",
        "text:2:9: (acme.lion): beta2 -0.1 must be at least 0 and below 1 [(acme.lion).beta2]"}}}));

GRADUS_INSTANTIATE_OPTIMIZER_CONFORMANCE(Lion, testing::Values("acme.lion"));

}  // namespace
}  // namespace acme
