// Matmul + Add of a bias + activation become one FusedDense, so that the sum and the activation
// happen while the product is still in registers.

#include "gradus/op.pb.h"
#include "gradus/runtime/fuse_epilogue.h"
#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

// x kernel, both of rank 2 as they stand, and the kernel without a batch.
bool IsDense(const Graph& graph, const Node& node) {
  const auto* matmul = ConfigOf<op::Matmul>(node);
  if (matmul == nullptr || matmul->transpose_a() || matmul->transpose_b()) return false;
  const Shape& x = graph.spec(node.inputs[0]).shape;
  const Shape& kernel = graph.spec(node.inputs[1]).shape;
  return x.rank() == 2 && kernel.rank() == 2 && kernel.batch_axis() < 0 && !x.dim(1).batch;
}

std::unique_ptr<google::protobuf::Message> MakeDense(const Node&, const Epilogue& epilogue) {
  auto dense = std::make_unique<op::FusedDense>();
  epilogue.Write(dense.get());
  return dense;
}

}  // namespace

absl::StatusOr<Program> FuseDense(const Program& program) {
  return FuseEpilogues(program, {op::FusedDense::descriptor(), IsDense, MakeDense});
}

}  // namespace gradus
