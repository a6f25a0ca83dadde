// The rule under the installed conformance kit.

#include <cmath>

#include "gradus/testing/optimizer_conformance_suite.h"
#include "tempered.pb.h"

namespace acme {
namespace {

std::vector<double> Formula(const Tempered& c, const gradus::UpdateHistory& h) {
  std::vector<double> weights = h.weights;
  for (size_t i = 0; i < weights.size(); ++i) {
    for (int64_t t = 1; t <= h.updates(); ++t) {
      const double g = h.gradient(t, i);
      weights[i] -= h.rate(t) * g / (1 + c.temperature() * std::abs(g));
    }
  }
  return weights;
}
GRADUS_OPTIMIZER_FORMULA("acme.tempered", Formula);

// Golden weights by hand: 0.1 (0.1 / 1.1 - 0.05 / 1.05 + 0.2 / 1.2) from 1, and so on.
GRADUS_OPTIMIZER_EXAMPLES(
    "acme.tempered",
    ({{{"[acme.tempered] {}", 0.5, {0.9790043290043, -2.0209956709957, 0.5144230769231}},
       {"[acme.tempered] { temperature: 0 }", 0.1, {0.975, -2.03, 0.53}}},
      {{"[acme.tempered] { temperature: -1 }",
        "text:1:32: (acme.tempered): temperature -1 must be at least 0 "
        "[(acme.tempered).temperature]"}}}));

GRADUS_INSTANTIATE_OPTIMIZER_CONFORMANCE(Acme, testing::Values("acme.tempered"));

}  // namespace
}  // namespace acme
