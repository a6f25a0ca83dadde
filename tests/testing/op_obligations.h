// The pieces of obligations_test: numbers for a sample, and one kernel run on them.

#ifndef GRADUS_TESTS_TESTING_OP_OBLIGATIONS_H_
#define GRADUS_TESTS_TESTING_OP_OBLIGATIONS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/graph/op.h"
#include "gradus/runtime/kernel.h"
#include "tests/testing/op_samples.h"

namespace gradus {

// Input numbers of a sample, the same for every run; FLOAT32 inputs hold numbers that a float can
// hold.
std::vector<RefTensor> DrawInputs(const OpSample& sample, uint64_t seed);

// A sample with numbers, its outputs' specs and what the reference makes of them.
struct PreparedSample {
  const OpSample* sample = nullptr;
  std::vector<TensorSpec> output_specs;
  std::vector<RefTensor> inputs;
  std::vector<RefTensor> expected;
};
absl::StatusOr<PreparedSample> Prepare(const Op& op, const OpSample& sample, uint64_t seed);

// "" or what is wrong: Create or Run failed, an output differs from the reference, an element was
// not written, memory outside was written, a second run gave other bits, or computing in place
// (where the op allows it) did.
std::string CheckKernel(const Op& op, const KernelFactory& factory, const Request& request,
                        const Choice& choice, const PreparedSample& prepared);

Request RequestOf(const PreparedSample& prepared, absl::string_view node);

std::string Describe(const OpSample& sample);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_OP_OBLIGATIONS_H_
