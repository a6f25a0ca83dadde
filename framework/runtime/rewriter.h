// What passes are written with: copies a program node by node into a new one while some nodes are
// left out, replaced or merged. Leaves are copied like nodes, so each kind keeps its order.
//
//   Rewriter rewriter(program);
//   for (int i = 0; i < program.graph.size(); ++i) {
//     if (...) rewriter.Replace({i, 0}, something); else GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
//   }
//   return rewriter.Finish();

#ifndef GRADUS_RUNTIME_REWRITER_H_
#define GRADUS_RUNTIME_REWRITER_H_

#include <vector>

#include "absl/status/statusor.h"
#include "gradus/graph/emitter.h"
#include "gradus/runtime/pass.h"

namespace gradus {

class Rewriter {
 public:
  explicit Rewriter(const Program& source);

  const Graph& source() const { return source_.graph; }
  // What has been written so far.
  const Graph& graph() const { return result_.graph; }

  // The new value that stands for an old one; invalid while there is none.
  Value Map(Value old) const;
  absl::InlinedVector<Value, 4> MapInputs(int node) const;
  // Makes `replacement`, a value of the new graph, stand for `old`.
  void Replace(Value old, Value replacement);

  // Copies a leaf, or an operation with its inputs replaced.
  absl::Status Copy(int node);
  // Adds a new operation whose output 0 stands for output 0 of the old node, under the old node's
  // name and origin.
  absl::Status ReplaceBy(int node, const google::protobuf::Message& config,
                         absl::Span<const Value> inputs);

  // Adds further operations, with names behind the old node's and its origin.
  Emitter EmitterAt(int node);

  // The new program. A state's next value is kept when it was copied.
  absl::StatusOr<Program> Finish();

 private:
  absl::StatusOr<Value> CopyLeaf(int node);

  const Program& source_;
  Program result_;
  std::vector<std::vector<Value>> values_;  // By old node and output.
};

// The config of a node of this op, or null.
template <class ConfigType>
const ConfigType* ConfigOf(const Node& node) {
  if (node.config == nullptr || node.config->GetDescriptor() != ConfigType::descriptor()) {
    return nullptr;
  }
  return static_cast<const ConfigType*>(node.config.get());
}

// Which nodes the fetches need.
std::vector<bool> NeededNodes(const Program& program);

// How often each node's values are read, by nodes and by fetches.
std::vector<int> ReaderCounts(const Program& program);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_REWRITER_H_
