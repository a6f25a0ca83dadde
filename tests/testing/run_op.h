// Runs one kernel of an op by hand, for tests that state values themselves.
//
//   EXPECT_THAT(RunOp("loop", op::Relu(), {{{3}, {-1, 0, 2}}}), ElementsAre(0, 0, 2));

#ifndef GRADUS_TESTS_TESTING_RUN_OP_H_
#define GRADUS_TESTS_TESTING_RUN_OP_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gradus/graph/op.h"
#include "tests/testing/op_reference.h"

namespace gradus {

// Output `output` of the op at fixed FLOAT32 inputs, computed by the first choice of the named
// factory ("loop", "onednn").
std::vector<float> RunOp(const std::string& factory, const google::protobuf::Message& config,
                         const std::vector<RefTensor>& inputs, int output = 0);

// What the op's shape rule says to these inputs; OK and its first output in `output` when it is not
// null.
absl::Status InferOp(const google::protobuf::Message& config, const std::vector<TensorSpec>& inputs,
                     TensorSpec* output = nullptr);

// The choice that the planner would take among all factories for FLOAT32 inputs of these dims: the
// cheapest one's factory.
std::string CheapestFactory(const google::protobuf::Message& config,
                            const std::vector<std::vector<int64_t>>& inputs,
                            const std::vector<int64_t>& output);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_RUN_OP_H_
