// The gradient of a maximum pool is zero but for one place in each window. What follows it is
// therefore done to the windows instead of to the images, which have several times as many numbers
// (p = the pool of y, whose places were y):
//
//   relu_grad(max_pool_grad(dp, index), y) = max_pool_grad(relu_grad(dp, p), index)
//   sum over images of max_pool_grad(dp, index) = sum over images of dp
//
// The first is exact: p is y where the index points, and all that reaches a place of y is kept or
// dropped alike. The second leaves out zeros, and adds the rest in another order.

#include "gradus/op.pb.h"
#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

// Whether the config names all axes of images but the channels.
bool SumsPlaces(const op::ReduceSum& sum) {
  bool named[4] = {};
  for (int axis : sum.axis()) named[axis < 0 ? axis + 4 : axis] = true;
  return named[0] && named[1] && named[2] && !named[3];
}

// Writes the node in another form. False when there is none.
absl::StatusOr<bool> OnWindows(int index, Rewriter* rewriter) {
  const Node& node = rewriter->source().node(index);
  const bool relu = ConfigOf<op::ReluGrad>(node) || ConfigOf<op::LeakyReluGrad>(node);
  const auto* sum = ConfigOf<op::ReduceSum>(node);
  if (!relu && sum == nullptr) return false;
  const Graph& graph = rewriter->graph();
  const auto inputs = rewriter->MapInputs(index);
  const Node& gradient = graph.node(inputs[0]);
  if (ConfigOf<op::MaxPool2dGrad>(gradient) == nullptr) return false;
  const Value dp = gradient.inputs[0], places = gradient.inputs[1];
  if (sum != nullptr) {
    if (!SumsPlaces(*sum)) return false;
    GRADUS_RETURN_IF_ERROR(rewriter->ReplaceBy(index, *sum, {dp}));
    return true;
  }
  const Node& pool = graph.node(places);
  if (ConfigOf<op::MaxPool2d>(pool) == nullptr || pool.inputs[0] != inputs[1]) return false;
  GRADUS_RETURN_IF_ERROR(rewriter->ReplaceBy(index, *node.config, {dp, Value{places.node, 0}}));
  const Value kept = rewriter->Map({index, 0});
  GRADUS_RETURN_IF_ERROR(rewriter->ReplaceBy(index, *gradient.config, {kept, places}));
  return true;
}

}  // namespace

absl::StatusOr<Program> PoolGradients(const Program& program) {
  Rewriter rewriter(program);
  for (int i = 0; i < program.graph.size(); ++i) {
    GRADUS_ASSIGN_OR_RETURN(const bool done, OnWindows(i, &rewriter));
    if (!done) GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
  }
  return rewriter.Finish();
}

}  // namespace gradus
