// Examples of the controller, for the conformance test.

#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

GRADUS_CONTROLLER_EXAMPLES(
    "gradus.ControllerConfig.hypergradient",
    ({{"hypergradient {}", "hypergradient { step_size: 0.5 min_scale: 0.25 max_scale: 2 }"},
      {{"hypergradient { step_size: 1 }",
        "text:1:28: hypergradient: step_size 1 must be above 0 and below 1 "
        "[hypergradient.step_size]"},
       {"hypergradient { min_scale: 2 max_scale: 0.5 }",
        "text:1:28: hypergradient: min_scale 2 must be above 0 and at most 1 "
        "[hypergradient.min_scale]\n"
        "text:1:41: hypergradient: max_scale 0.5 must be at least 1 [hypergradient.max_scale]"}}}));

}  // namespace
}  // namespace gradus
