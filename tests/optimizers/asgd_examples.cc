// Examples of the rule, for the conformance test. Golden weights: PyTorch 1.13.1 in float64; the
// other power by a plain loop in another language.

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

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
