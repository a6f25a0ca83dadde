// Matmul + Add of a bias + activation become one FusedDense, so that the sum and the activation
// happen while the product is still in registers. It is done after differentiation: gradients of
// these activations read the output, so nothing else reads what lies between, which is what makes
// the test local.

#include <string>

#include "gradus/graph/op.h"
#include "gradus/op.pb.h"
#include "gradus/runtime/passes.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

struct Fusion {
  int matmul = -1;
  Value bias;     // Invalid when there is none.
  int tail = -1;  // The node whose output the fused one gives.
  op::FusedDense config;
};

bool SetActivation(const Node& node, op::FusedDense* config) {
  if (ConfigOf<op::Relu>(node)) {
    config->set_activation(op::FusedDense::RELU);
  } else if (const auto* elu = ConfigOf<op::Elu>(node)) {
    config->set_activation(op::FusedDense::ELU);
    config->set_alpha(elu->alpha());
  } else if (ConfigOf<op::Sigmoid>(node)) {
    config->set_activation(op::FusedDense::SIGMOID);
  } else if (ConfigOf<op::Tanh>(node)) {
    config->set_activation(op::FusedDense::TANH);
  } else {
    return false;
  }
  return true;
}

class Matcher {
 public:
  explicit Matcher(const Program& program)
      : graph_(program.graph), readers_(ReaderCounts(program)), reader_(program.graph.size(), -1) {
    for (int i = 0; i < graph_.size(); ++i) {
      for (Value input : graph_.node(i).inputs) reader_[input.node] = i;
    }
  }

  // The fusion that begins with this product, if there is one.
  bool Match(int index, Fusion* fusion) const {
    const auto* matmul = ConfigOf<op::Matmul>(graph_.node(index));
    if (matmul == nullptr || matmul->transpose_a() || matmul->transpose_b()) return false;
    const Node& node = graph_.node(index);
    const Shape& kernel = graph_.spec(node.inputs[1]).shape;
    if (graph_.spec(node.inputs[0]).shape.rank() != 2 || kernel.rank() != 2 ||
        kernel.batch_axis() >= 0 || graph_.spec(node.inputs[0]).shape.dim(1).batch) {
      return false;
    }
    *fusion = Fusion();
    fusion->matmul = fusion->tail = index;
    int next = OnlyReader(index);
    if (next >= 0) {
      fusion->bias = Bias(index, next, kernel.dim(1));
      if (fusion->bias.valid()) {
        fusion->tail = next;
        next = OnlyReader(next);
      }
    }
    if (next >= 0 && SetActivation(graph_.node(next), &fusion->config)) fusion->tail = next;
    fusion->config.set_has_bias(fusion->bias.valid());
    return fusion->tail != index;
  }

 private:
  // The only node that reads node's value; -1 when there are more, or a fetch.
  int OnlyReader(int node) const { return readers_[node] == 1 ? reader_[node] : -1; }

  Value Bias(int product, int add, const Dim& columns) const {
    const Node& node = graph_.node(add);
    if (ConfigOf<op::Add>(node) == nullptr) return Value();
    const Value bias = node.inputs[node.inputs[0].node == product ? 1 : 0];
    const Shape& shape = graph_.spec(bias).shape;
    return shape.rank() == 1 && shape.dim(0) == columns ? bias : Value();
  }

  const Graph& graph_;
  const std::vector<int> readers_;
  std::vector<int> reader_;  // The last one.
};

}  // namespace

absl::StatusOr<Program> FuseDense(const Program& program) {
  if (Registry<Op>::Get().Find(op::FusedDense::descriptor()->full_name()) == nullptr) {
    return program;
  }
  const int size = program.graph.size();
  std::vector<Fusion> ends(size);  // By tail.
  std::vector<bool> absorbed(size, false);
  const Matcher matcher(program);
  for (int i = 0; i < size; ++i) {
    Fusion fusion;
    if (!matcher.Match(i, &fusion)) continue;
    // What lies between: the product, and the sum when an activation follows it.
    absorbed[i] = true;
    for (int n = i + 1; n < fusion.tail; ++n) {
      for (Value input : program.graph.node(n).inputs) {
        if (input.node == i) absorbed[n] = true;
      }
    }
    ends[fusion.tail] = fusion;
  }
  Rewriter rewriter(program);
  for (int i = 0; i < size; ++i) {
    if (absorbed[i]) continue;
    const Fusion& fusion = ends[i];
    if (fusion.tail < 0) {
      GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
      continue;
    }
    absl::InlinedVector<Value, 4> inputs = rewriter.MapInputs(fusion.matmul);
    if (fusion.bias.valid()) inputs.push_back(rewriter.Map(fusion.bias));
    GRADUS_RETURN_IF_ERROR(rewriter.ReplaceBy(i, fusion.config, inputs));
  }
  return rewriter.Finish();
}

}  // namespace gradus
