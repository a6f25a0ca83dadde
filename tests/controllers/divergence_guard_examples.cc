// Examples of the controller, for the conformance test.

#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

GRADUS_CONTROLLER_EXAMPLES(
    "gradus.ControllerConfig.divergence_guard",
    ({{"divergence_guard {}",
       "divergence_guard { spike_factor: 3 settle_steps: 5 warmup_steps: 7 max_restores: 9 }",
       "divergence_guard { factor: 1 warmup_steps: 0 smoothing: 0 settle_steps: 1 spike_factor: 2 "
       "}"},
      {{"divergence_guard { factor: 0 }",
        "text:1:28: divergence_guard: factor 0 must be above 0 and at most 1 "
        "[divergence_guard.factor]"},
       {"divergence_guard { spike_factor: 1 }",
        "text:1:34: divergence_guard: spike_factor 1 must be above 1 "
        "[divergence_guard.spike_factor]"},
       {"divergence_guard { max_restores: 0 }",
        "text:1:34: divergence_guard: max_restores 0 must be at least 1 and at most "
        "9007199254740991 [divergence_guard.max_restores]"}}}));

}  // namespace
}  // namespace gradus
