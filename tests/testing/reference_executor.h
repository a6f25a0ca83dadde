// Evaluates a graph in double with the reference loops of its ops: no plan, no fusion, no kernels. What the runtime computes, and
// what gradients are, is compared with this.
//
//   ReferenceLeaves leaves = {{x, {{3, 2}, {...}}}, {w, {{2, 1}, {...}}}};
//   std::vector<RefTensor> y = *EvaluateReference(graph, leaves, 3, {y});

#ifndef GRADUS_TESTS_TESTING_REFERENCE_EXECUTOR_H_
#define GRADUS_TESTS_TESTING_REFERENCE_EXECUTOR_H_

#include <cstdint>
#include <map>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/graph/graph.h"
#include "tests/testing/op_reference.h"

namespace gradus {

// What leaves hold: inputs, parameters, states and scalars. Constants come from the graph.
using ReferenceLeaves = std::map<Value, RefTensor>;

// The fetched values for a batch of `rows`. Only nodes that they need are evaluated. Errors: a leaf that is missing or has other dims than
// the graph says, an op without a reference.
absl::StatusOr<std::vector<RefTensor>> EvaluateReference(const Graph& graph,
                                                         const ReferenceLeaves& leaves,
                                                         int64_t rows,
                                                         absl::Span<const Value> fetches);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_REFERENCE_EXECUTOR_H_
