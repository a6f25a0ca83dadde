// Reverse-mode differentiation of a graph into the same graph. Gradients are ordinary nodes: they are printed, optimised, planned
// and differentiated again like everything else.
//
//   Gradients g = *AddGradients(&graph, {loss}, {seed}, graph.parameters());
//   g.of[i]  // d (seed . loss) / d parameter i; invalid when the loss does not depend on it

#ifndef GRADUS_AUTODIFF_ADD_GRADIENTS_H_
#define GRADUS_AUTODIFF_ADD_GRADIENTS_H_

#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/span.h"
#include "gradus/graph/graph.h"

namespace gradus {

struct Gradients {
  std::vector<Value> of;  // As many as `wrt`.
};

// Appends the nodes that compute sum_i seed[i] . dy[i] / dwrt. Each seed has the shape of its y, so what starts the backward pass is a
// value given at run time and not a number baked from the shape. Values that do not lead from wrt to y get no gradient; fan-out is summed in
// the order of the consumers. An op without a gradient on the way is an error that names op, node and where it came from.
absl::StatusOr<Gradients> AddGradients(Graph* graph, absl::Span<const Value> y,
                                       absl::Span<const Value> seed, absl::Span<const Value> wrt);

}  // namespace gradus

#endif  // GRADUS_AUTODIFF_ADD_GRADIENTS_H_
