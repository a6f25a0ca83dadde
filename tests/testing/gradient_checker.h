// Gradient rules against central differences, both in double on the reference loops
// (reference_executor.h), so that neither float rounding nor a kernel hides a wrong rule.
//
//   EXPECT_EQ(CheckGradients(graph, {loss}, leaves, 3, {x, w}, {}), "");

#ifndef GRADUS_TESTS_TESTING_GRADIENT_CHECKER_H_
#define GRADUS_TESTS_TESTING_GRADIENT_CHECKER_H_

#include <cstdint>
#include <string>
#include <vector>

#include "gradus/graph/graph.h"
#include "tests/testing/reference_executor.h"

namespace gradus {

struct GradientCheckOptions {
  // |difference| <= absolute + relative * |numeric|; along a direction through n elements, absolute
  // grows with sqrt(n).
  double absolute = 1e-6;
  double relative = 1e-5;
  // h of the central difference. Its error is about h^2 f''' / 6 + 1e-16 |f| / h.
  double step = 1e-5;
  // A leaf with more elements is checked along one random direction of signs instead of element by
  // element.
  int64_t max_elements = 64;
  uint64_t seed = 1;
};

// For random weights s, compares d sum(s . y) / d wrt[i] as AddGradients() writes it into a copy of
// the graph with central differences at the given leaves. wrt are leaves of the graph. "" or what
// differs first.
std::string CheckGradients(const Graph& graph, const std::vector<Value>& y,
                           const ReferenceLeaves& leaves, int64_t rows,
                           const std::vector<Value>& wrt, const GradientCheckOptions& options);

}  // namespace gradus

#endif  // GRADUS_TESTS_TESTING_GRADIENT_CHECKER_H_
