// Walks the nodes backward once. A value gets a gradient only when it leads from wrt to y; its consumers' contributions are
// added before its own node is differentiated, in the order of the consumers, so the sum does not depend on how the walk goes.

#include "gradus/autodiff/add_gradients.h"

#include <map>
#include <set>
#include <string>
#include <utility>

#include "gradus/base/status.h"
#include "gradus/graph/op.h"

namespace gradus {
namespace {

class Backward {
 public:
  Backward(Graph* graph, absl::Span<const Value> wrt)
      : graph_(*graph), size_(graph->size()), wrt_(wrt.begin(), wrt.end()), leads_(size_) {
    for (int i = 0; i < size_; ++i) leads_[i] = LeadsThrough(graph_.node(i));
  }

  void AddSeed(Value y, Value seed) { seeds_[y].push_back(seed); }

  absl::Status Walk() {
    for (int i = size_ - 1; i >= 0; --i) {
      if (leads_[i]) GRADUS_RETURN_IF_ERROR(Differentiate(i));
    }
    return absl::OkStatus();
  }

  // The sum of what arrived at a value: seeds first, then its consumers in their order; invalid when nothing did.
  absl::StatusOr<Value> Total(Value value) {
    auto found = totals_.find(value);
    if (found != totals_.end()) return found->second;
    std::vector<Value> parts = seeds_[value];
    const std::vector<Value>& backward = arrived_[value];
    parts.insert(parts.end(), backward.rbegin(), backward.rend());
    Emitter emit = EmitterFor(value.node);
    Value total;
    for (Value part : parts) {
      total = total.valid() ? emit(op::Add(), {total, part}, "sum") : part;
    }
    GRADUS_RETURN_IF_ERROR(emit.status());
    totals_[value] = total;
    return total;
  }

 private:
  // Whether a gradient of one of the node's inputs is wanted.
  bool LeadsThrough(const Node& node) const {
    if (node.op == nullptr || !node.op->differentiable()) return false;
    for (Value input : node.inputs) {
      if (Wanted(input)) return true;
    }
    return false;
  }

  bool Wanted(Value value) const {
    if (wrt_.count(value) > 0) return true;
    return leads_[value.node] && graph_.spec(value).dtype == DType::kFloat32;
  }

  Emitter EmitterFor(int index) const {
    const Node& node = graph_.node(index);
    return Emitter(&graph_, absl::StrCat("gradient/", node.name, "/"), node.origin);
  }

  absl::Status Differentiate(int index) {
    const Node& node = graph_.node(index);
    std::vector<Value> output_gradients;
    bool any = false;
    for (int k = 0; k < static_cast<int>(node.outputs.size()); ++k) {
      GRADUS_ASSIGN_OR_RETURN(Value total, Total(Value{index, k}));
      output_gradients.push_back(total);
      any |= total.valid();
    }
    if (!any) return absl::OkStatus();
    std::vector<bool> wanted;
    for (Value input : node.inputs) wanted.push_back(Wanted(input));

    Emitter emit = EmitterFor(index);
    GradientScope scope(node, index, output_gradients, wanted, &emit);
    absl::Status status = node.op->Gradient(*node.config, &scope);
    if (status.ok()) status = emit.status();
    if (!status.ok()) return Explain(node, status);

    for (int i = static_cast<int>(node.inputs.size()) - 1; i >= 0; --i) {
      const Value gradient = scope.input_gradients()[i];
      if (!wanted[i] || !gradient.valid()) continue;
      const TensorSpec& expected = graph_.spec(node.inputs[i]);
      if (graph_.spec(gradient) != expected) {
        return Explain(node, absl::InternalError(absl::StrCat(
                                 "the gradient of input ", i, " is ",
                                 graph_.spec(gradient).ToString(), ", the input ",
                                 expected.ToString())));
      }
      arrived_[node.inputs[i]].push_back(gradient);
    }
    return absl::OkStatus();
  }

  static absl::Status Explain(const Node& node, const absl::Status& status) {
    const std::string origin = node.origin.ToString();
    return absl::Status(
        status.code(),
        absl::StrCat("gradient of op ", node.config->GetDescriptor()->name(), ", node \"",
                     node.name, "\"", origin.empty() ? "" : absl::StrCat(", from ", origin), ": ",
                     status.message()));
  }

  Graph& graph_;
  const int size_;  // Without the nodes added here.
  const std::set<Value> wrt_;
  std::vector<bool> leads_;                        // By node.
  std::map<Value, std::vector<Value>> seeds_;
  std::map<Value, std::vector<Value>> arrived_;    // Last consumer first, its last input first.
  std::map<Value, Value> totals_;
};

absl::Status CheckValue(const Graph& graph, absl::string_view what, size_t index, Value value) {
  if (value.node < 0 || value.node >= graph.size() || value.output < 0 ||
      value.output >= static_cast<int>(graph.node(value).outputs.size())) {
    return absl::InvalidArgumentError(
        absl::StrCat(what, "[", index, "] is not a value of the graph"));
  }
  if (graph.spec(value).dtype != DType::kFloat32) {
    return absl::InvalidArgumentError(absl::StrCat(what, "[", index, "] (\"",
                                                   graph.node(value).name, "\") is ",
                                                   Name(graph.spec(value).dtype), ", not FLOAT32"));
  }
  return absl::OkStatus();
}

}  // namespace

absl::StatusOr<Gradients> AddGradients(Graph* graph, absl::Span<const Value> y,
                                       absl::Span<const Value> seed, absl::Span<const Value> wrt) {
  if (y.size() != seed.size()) {
    return absl::InvalidArgumentError(
        absl::StrCat("there are ", y.size(), " values to differentiate and ", seed.size(), " seeds"));
  }
  for (size_t i = 0; i < wrt.size(); ++i) {
    GRADUS_RETURN_IF_ERROR(CheckValue(*graph, "wrt", i, wrt[i]));
  }
  Backward backward(graph, wrt);
  for (size_t i = 0; i < y.size(); ++i) {
    GRADUS_RETURN_IF_ERROR(CheckValue(*graph, "y", i, y[i]));
    GRADUS_RETURN_IF_ERROR(CheckValue(*graph, "seed", i, seed[i]));
    if (graph->spec(seed[i]) != graph->spec(y[i])) {
      return absl::InvalidArgumentError(absl::StrCat(
          "seed[", i, "] is ", graph->spec(seed[i]).ToString(), ", y[", i, "] (\"",
          graph->node(y[i]).name, "\") is ", graph->spec(y[i]).ToString()));
    }
    backward.AddSeed(y[i], seed[i]);
  }
  GRADUS_RETURN_IF_ERROR(backward.Walk());
  Gradients gradients;
  for (Value value : wrt) {
    GRADUS_ASSIGN_OR_RETURN(Value total, backward.Total(value));
    gradients.of.push_back(total);
  }
  return gradients;
}

}  // namespace gradus
