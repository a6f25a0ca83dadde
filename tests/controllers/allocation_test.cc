// A rate is asked for before every update and a batch is shown after it: neither asks for memory
// unless something changes.

#include <gtest/gtest.h>

#include "tests/testing/allocation_counter.h"
#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

TEST(ControllerAllocationTest, NothingThatChangesNothingAllocates) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  const Timeline timeline = TestTimeline();
  for (const char* text :
       {"reduce_on_plateau { monitor: \"batch/loss\" patience: 1000 smoothing: 0.9 average: 2 }",
        "reduce_on_plateau { monitor: \"batch/loss\" patience: 1000 clock: EPOCHS }",
        "divergence_guard { spike_factor: 3 }", "hypergradient {}"}) {
    FedController fed(text);
    const double values[] = {1, 0};
    std::string cause;
    AllocationCounter::Reset();
    AllocationCounter::Count(true);
    double sum = 0;
    for (int64_t update = 1; update <= 100; ++update) {
      Observation observation;
      observation.progress = timeline.At(update);
      observation.values = values;
      fed.controller().Observe(observation, &fed.numbers, &cause);
      sum += fed.controller().Apply(0.5, observation.progress, fed.numbers);
    }
    AllocationCounter::Count(false);
    EXPECT_EQ(AllocationCounter::ours(), 0) << text << ": " << AllocationCounter::FirstOfOurs();
    EXPECT_EQ(sum, 50) << text;
  }
}

}  // namespace
}  // namespace gradus
