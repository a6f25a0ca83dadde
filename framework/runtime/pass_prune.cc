// Dead code elimination.

#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {

absl::StatusOr<Program> Prune(const Program& program) {
  const std::vector<bool> needed = NeededNodes(program);
  Rewriter rewriter(program);
  for (int i = 0; i < program.graph.size(); ++i) {
    const Node& node = program.graph.node(i);
    const bool bound = node.leaf.has_value() && *node.leaf != Leaf::kConstant;
    if (needed[i] || bound) GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
  }
  return rewriter.Finish();
}

}  // namespace gradus
