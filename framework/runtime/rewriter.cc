// Copying a graph while some of its nodes change.

#include "gradus/runtime/rewriter.h"

#include <cstring>

#include "gradus/base/status.h"

namespace gradus {
namespace {

bool Equal(const Tensor& a, const Tensor& b) {
  return a.dtype() == b.dtype() && a.dims() == b.dims() &&
         (a.bytes() == 0 || std::memcmp(a.raw(), b.raw(), a.bytes()) == 0);
}

}  // namespace

Rewriter::Rewriter(const Program& source) : source_(source), values_(source.graph.size()) {
  for (int i = 0; i < source.graph.size(); ++i) {
    values_[i].resize(source.graph.node(i).outputs.size());
  }
}

Value Rewriter::Map(Value old) const {
  return old.valid() ? values_[old.node][old.output] : Value();
}

absl::InlinedVector<Value, 4> Rewriter::MapInputs(int node) const {
  absl::InlinedVector<Value, 4> inputs;
  for (Value input : source().node(node).inputs) inputs.push_back(Map(input));
  return inputs;
}

void Rewriter::Replace(Value old, Value replacement) {
  values_[old.node][old.output] = replacement;
}

absl::StatusOr<Value> Rewriter::CopyLeaf(int index) {
  const Node& node = source().node(index);
  switch (*node.leaf) {
    case Leaf::kInput:
      return result_.graph.AddInput(node.name, node.outputs[0]);
    case Leaf::kParameter:
      return result_.graph.AddParameter(source().parameter(node.leaf_index), node.origin);
    case Leaf::kState:
      return result_.graph.AddState(source().state(node.leaf_index), node.origin);
    case Leaf::kScalar:
      return result_.graph.AddScalar(node.name, node.outputs[0].dtype);
    case Leaf::kConstant: {
      // What a pass has written with EmitterAt may have needed the same number before.
      const Tensor& tensor = source().constant(Value{index, 0});
      const Value existing = result_.graph.FindLeaf(Leaf::kConstant, node.name);
      if (existing.valid() && Equal(result_.graph.constant(existing), tensor)) return existing;
      return result_.graph.AddConstant(node.name, tensor);
    }
  }
  return absl::InternalError("unknown kind of leaf");
}

absl::Status Rewriter::Copy(int index) {
  const Node& node = source().node(index);
  if (node.leaf.has_value()) {
    GRADUS_ASSIGN_OR_RETURN(values_[index][0], CopyLeaf(index));
    return absl::OkStatus();
  }
  GRADUS_ASSIGN_OR_RETURN(
      Value copy, result_.graph.AddNode(*node.config, MapInputs(index), node.name, node.origin));
  for (size_t i = 0; i < node.outputs.size(); ++i) {
    values_[index][i] = Value{copy.node, static_cast<int32_t>(i)};
  }
  return absl::OkStatus();
}

absl::Status Rewriter::ReplaceBy(int index, const google::protobuf::Message& config,
                                 absl::Span<const Value> inputs) {
  const Node& node = source().node(index);
  GRADUS_ASSIGN_OR_RETURN(Value value,
                          result_.graph.AddNode(config, inputs, node.name, node.origin));
  Replace({index, 0}, value);
  return absl::OkStatus();
}

Emitter Rewriter::EmitterAt(int index) {
  const Node& node = source().node(index);
  return Emitter(&result_.graph, absl::StrCat(node.name, "/"), node.origin);
}

absl::StatusOr<Program> Rewriter::Finish() {
  for (Value fetch : source_.fetches) {
    const Value value = Map(fetch);
    GRADUS_CHECK(value.valid());
    result_.fetches.push_back(value);
  }
  for (size_t i = 0; i < source().states().size(); ++i) {
    const Value next = Map(source().next(static_cast<int>(i)));
    const Value state = Map(source().states()[i]);
    if (next.valid()) GRADUS_RETURN_IF_ERROR(result_.graph.SetNext(state, next));
  }
  return std::move(result_);
}

std::vector<bool> NeededNodes(const Program& program) {
  std::vector<bool> needed(program.graph.size(), false);
  for (Value fetch : program.fetches) needed[fetch.node] = true;
  for (int i = program.graph.size() - 1; i >= 0; --i) {
    if (!needed[i]) continue;
    for (Value input : program.graph.node(i).inputs) needed[input.node] = true;
  }
  return needed;
}

std::vector<int> ReaderCounts(const Program& program) {
  std::vector<int> readers(program.graph.size(), 0);
  for (Value fetch : program.fetches) ++readers[fetch.node];
  for (int i = 0; i < program.graph.size(); ++i) {
    for (Value input : program.graph.node(i).inputs) ++readers[input.node];
  }
  return readers;
}

}  // namespace gradus
