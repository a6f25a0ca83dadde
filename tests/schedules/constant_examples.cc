// Examples of the schedule, for the conformance test. Golden values: Keras 3.15.

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

GRADUS_SCHEDULE_EXAMPLES(
    "gradus.ScheduleConfig.constant",
    ({{{"constant: 0.1", {{0, 0.1}, {1, 0.1}, {1000000, 0.1}}},
       {"constant: 0", {{0, 0.0}, {7, 0.0}}}},
      {{"constant: -0.1", "text:1:11: constant -0.1 must be at least 0 [constant]"},
       {"constant: nan", "text:1:11: constant nan must be a finite number [constant]"},
       {"constant: 0.1 constant: 0.2",
        "text:1:15: constant is set twice; it was set first in line 1 [constant]"}}}));

}  // namespace
}  // namespace gradus
