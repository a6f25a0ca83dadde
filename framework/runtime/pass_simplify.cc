// Algebra on the graph that is exact: each rule gives the same numbers bit by bit (but for the sign
// of a zero where a sum has one term). A rule sees a node with its inputs already simplified and
// either finds another value for it, finds other inputs, or leaves it.

#include "gradus/op.pb.h"
#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

bool IsConstantOne(const Graph& graph, Value value) {
  const Node& node = graph.node(value);
  if (!node.leaf.has_value() || *node.leaf != Leaf::kConstant) return false;
  const Tensor& tensor = graph.constant(value);
  if (tensor.dtype() != DType::kFloat32) return false;
  for (float x : tensor.data<float>()) {
    if (x != 1.0f) return false;
  }
  return tensor.elements() > 0;
}

bool BroadcastsItsInputs(const Node& node) {
  return ConfigOf<op::Add>(node) || ConfigOf<op::Sub>(node) || ConfigOf<op::Mul>(node) ||
         ConfigOf<op::Div>(node) || ConfigOf<op::Greater>(node) || ConfigOf<op::Equal>(node);
}

// The input of a node of this op, or an invalid value.
template <class ConfigType>
Value SourceOf(const Graph& graph, Value value) {
  const Node& node = graph.node(value);
  return ConfigOf<ConfigType>(node) != nullptr ? node.inputs[0] : Value();
}

// A value that is what the node computes, if there is one already.
Value Existing(const Graph& graph, const Node& node, absl::Span<const Value> in) {
  if (in.empty() || node.outputs.size() != 1) return Value();
  const TensorSpec& out = node.outputs[0];
  const auto same = [&](Value v) { return graph.spec(v) == out; };
  if (ConfigOf<op::StopGradient>(node)) return in[0];
  if ((ConfigOf<op::Reshape>(node) || ConfigOf<op::Broadcast>(node)) && same(in[0])) return in[0];
  if (ConfigOf<op::Slice>(node) && same(in[0])) return in[0];
  if (ConfigOf<op::Pad>(node) && same(in[0])) return in[0];
  if (ConfigOf<op::Concat>(node) && in.size() == 1) return in[0];
  if (ConfigOf<op::Neg>(node)) return SourceOf<op::Neg>(graph, in[0]);
  if (const auto* transpose = ConfigOf<op::Transpose>(node)) {
    bool identity = true;
    for (int i = 0; i < transpose->permutation_size(); ++i) {
      identity = identity && transpose->permutation(i) == i;
    }
    if (identity) return in[0];
  }
  if (ConfigOf<op::Mul>(node)) {
    if (IsConstantOne(graph, in[1]) && same(in[0])) return in[0];
    if (IsConstantOne(graph, in[0]) && same(in[1])) return in[1];
  }
  if (ConfigOf<op::Div>(node) && IsConstantOne(graph, in[1]) && same(in[0])) return in[0];
  return Value();
}

// Inputs that give the same: a binary operation broadcasts by itself, a reshape does not care for
// an earlier one.
void SimplifyInputs(const Graph& graph, const Node& node, absl::InlinedVector<Value, 4>* inputs) {
  if (ConfigOf<op::Reshape>(node)) {
    const Value source = SourceOf<op::Reshape>(graph, (*inputs)[0]);
    if (source.valid()) (*inputs)[0] = source;
    return;
  }
  if (ConfigOf<op::Broadcast>(node)) {
    const Value source = SourceOf<op::Broadcast>(graph, (*inputs)[0]);
    if (source.valid()) (*inputs)[0] = source;
    return;
  }
  if (!BroadcastsItsInputs(node)) return;
  for (int i = 0; i < 2; ++i) {
    const Value source = SourceOf<op::Broadcast>(graph, (*inputs)[i]);
    if (!source.valid()) continue;
    absl::StatusOr<Shape> shape =
        BroadcastShapes(graph.spec(source).shape, graph.spec((*inputs)[1 - i]).shape);
    if (shape.ok() && *shape == node.outputs[0].shape) (*inputs)[i] = source;
  }
}

// A sum or mean or maximum over axes of length 1 only is a reshape.
bool ReducesNothing(const Graph& graph, const Node& node, Value input) {
  if (!ConfigOf<op::ReduceSum>(node) && !ConfigOf<op::ReduceMean>(node) &&
      !ConfigOf<op::ReduceMax>(node)) {
    return false;
  }
  absl::StatusOr<Dim> before = graph.spec(input).shape.Elements();
  absl::StatusOr<Dim> after = node.outputs[0].shape.Elements();
  return before.ok() && after.ok() && *before == *after && before->k > 0;
}

op::Reshape ReshapeTo(const Shape& shape) {
  op::Reshape config;
  for (const Dim& dim : shape.dims()) {
    op::Dim* out = config.add_shape();
    out->set_k(dim.k);
    out->set_batch(dim.batch);
  }
  return config;
}

}  // namespace

absl::StatusOr<Program> Simplify(const Program& program) {
  Rewriter rewriter(program);
  for (int i = 0; i < program.graph.size(); ++i) {
    const Node& node = program.graph.node(i);
    if (node.leaf.has_value() || node.outputs.size() != 1) {
      GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
      continue;
    }
    absl::InlinedVector<Value, 4> inputs = rewriter.MapInputs(i);
    SimplifyInputs(rewriter.graph(), node, &inputs);
    const Value existing = Existing(rewriter.graph(), node, inputs);
    if (existing.valid()) {
      rewriter.Replace({i, 0}, existing);
    } else if (ReducesNothing(rewriter.graph(), node, inputs[0])) {
      const Value source = SourceOf<op::Reshape>(rewriter.graph(), inputs[0]);
      const Value from = source.valid() ? source : inputs[0];
      if (rewriter.graph().spec(from) == node.outputs[0]) {
        rewriter.Replace({i, 0}, from);
      } else {
        GRADUS_RETURN_IF_ERROR(rewriter.ReplaceBy(i, ReshapeTo(node.outputs[0].shape), {from}));
      }
    } else {
      GRADUS_RETURN_IF_ERROR(rewriter.ReplaceBy(i, *node.config, inputs));
    }
  }
  return rewriter.Finish();
}

}  // namespace gradus
