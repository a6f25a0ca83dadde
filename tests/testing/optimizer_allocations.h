// How often the updates of a rule allocate. Replaces malloc and operator new
// (tests/testing/allocation_counter.h), so one source file of a program may include it.

#ifndef GRADUS_TESTS_TESTING_OPTIMIZER_ALLOCATIONS_H_
#define GRADUS_TESTS_TESTING_OPTIMIZER_ALLOCATIONS_H_

#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "tests/testing/allocation_counter.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {

// "" or what allocates after the first update, of the rule and what drives it. `threads`: a pool of so
// many, or none. Before the counting starts the rule may have been through `stop` updates somewhere
// else, as after a resume.
inline std::string CheckAllocations(const ParsedOptimizer& parsed, int threads, int64_t stop) {
  const std::vector<ShapedParameter> parameters = SomeParameters();
  const int64_t count = CountElements(parameters);
  ThreadPool pool(threads);
  const auto make = [&]() {
    auto optimizer = MakeLooseOptimizer<float>(parsed, parameters, threads > 1 ? &pool : nullptr);
    if (!optimizer.ok()) return optimizer;
    (*optimizer)->set_loss([](absl::Span<const float> at, absl::Span<float> gradients) {
      double loss = 0;
      for (size_t i = 0; i < at.size(); ++i) {
        const float steepness = 0.1f + static_cast<float>(i) / static_cast<float>(at.size());
        gradients[i] = steepness * (at[i] - 1);
        loss += 0.5 * static_cast<double>(gradients[i] * (at[i] - 1));
      }
      return loss;
    });
    (*optimizer)->SetWeights(DrawNumbers<float>(0, count));
    return optimizer;
  };
  const auto before = make(), counted = make();
  if (!before.ok() || !counted.ok()) return std::string(before.status().message());
  const std::vector<float> gradients = DrawNumbers<float>(1, count);
  absl::Status status;
  for (int64_t t = 1; t <= stop; ++t) status.Update((*before)->Update(gradients, 0.01).status());
  status.Update((*before)->CopyTo(counted->get()));
  status.Update((*counted)->Update(gradients, 0.01).status());
  // Enough for powers and histories that are not of every update.
  AllocationCounter::Reset();
  AllocationCounter::Count(true);
  for (int64_t t = 2; t <= 25; ++t) {
    const absl::StatusOr<UpdateWatch> watch = (*counted)->Update(gradients, 0.01);
    if (!watch.ok()) status.Update(watch.status());
  }
  AllocationCounter::Count(false);
  if (!status.ok()) return std::string(status.message());
  if (AllocationCounter::ours() == 0) return "";
  return absl::StrCat("updates after the first one allocate ", AllocationCounter::ours(),
                      " times; ", AllocationCounter::FirstOfOurs());
}

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OPTIMIZER_ALLOCATIONS_H_
