// Products with what follows them.

#include "gradus/runtime/fuse_epilogue.h"

#include <vector>

#include "gradus/graph/op.h"
#include "gradus/runtime/rewriter.h"

namespace gradus {
namespace {

struct Match {
  int product = -1;
  Value bias;     // Invalid when there is none.
  int tail = -1;  // The node whose output the fused one gives.
  Epilogue epilogue;
};

bool SetActivation(const Node& node, Epilogue* epilogue) {
  if (ConfigOf<op::Relu>(node)) {
    epilogue->activation = op::FusedDense::RELU;
  } else if (const auto* elu = ConfigOf<op::Elu>(node)) {
    epilogue->activation = op::FusedDense::ELU;
    epilogue->alpha = elu->alpha();
  } else if (ConfigOf<op::Sigmoid>(node)) {
    epilogue->activation = op::FusedDense::SIGMOID;
  } else if (ConfigOf<op::Tanh>(node)) {
    epilogue->activation = op::FusedDense::TANH;
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

  // Whether something follows this product that it can be fused with.
  bool Find(int product, Match* match) const {
    *match = Match();
    match->product = match->tail = product;
    int next = OnlyReader(product);
    if (next >= 0) {
      match->bias = Bias(product, next);
      if (match->bias.valid()) {
        match->tail = next;
        next = OnlyReader(next);
      }
    }
    if (next >= 0 && SetActivation(graph_.node(next), &match->epilogue)) match->tail = next;
    match->epilogue.has_bias = match->bias.valid();
    return match->tail != product;
  }

 private:
  // The only node that reads node's value; -1 when there are more, or a fetch.
  int OnlyReader(int node) const { return readers_[node] == 1 ? reader_[node] : -1; }

  Value Bias(int product, int add) const {
    const Node& node = graph_.node(add);
    if (ConfigOf<op::Add>(node) == nullptr) return Value();
    const Value bias = node.inputs[node.inputs[0].node == product ? 1 : 0];
    const Shape& shape = graph_.spec(bias).shape;
    const Shape& result = graph_.node(product).outputs[0].shape;
    return shape.rank() == 1 && shape.dim(0) == result.dim(result.rank() - 1) ? bias : Value();
  }

  const Graph& graph_;
  const std::vector<int> readers_;
  std::vector<int> reader_;  // The last one.
};

}  // namespace

absl::StatusOr<Program> FuseEpilogues(const Program& program, const EpilogueFusion& fusion) {
  if (Registry<Op>::Get().Find(fusion.fused->full_name()) == nullptr) return program;
  const Graph& graph = program.graph;
  std::vector<Match> ends(graph.size());  // By tail.
  std::vector<bool> absorbed(graph.size(), false);
  const Matcher matcher(program);
  for (int i = 0; i < graph.size(); ++i) {
    Match match;
    if (!fusion.is_product(graph, graph.node(i)) || !matcher.Find(i, &match)) continue;
    // What lies between: the product, and the sum when an activation follows it.
    absorbed[i] = true;
    for (int n = i + 1; n < match.tail; ++n) {
      for (Value input : graph.node(n).inputs) {
        if (input.node == i) absorbed[n] = true;
      }
    }
    ends[match.tail] = match;
  }
  Rewriter rewriter(program);
  for (int i = 0; i < graph.size(); ++i) {
    if (absorbed[i]) continue;
    const Match& match = ends[i];
    if (match.tail < 0) {
      GRADUS_RETURN_IF_ERROR(rewriter.Copy(i));
      continue;
    }
    absl::InlinedVector<Value, 4> inputs = rewriter.MapInputs(match.product);
    if (match.bias.valid()) inputs.push_back(rewriter.Map(match.bias));
    const auto config = fusion.make(graph.node(match.product), match.epilogue);
    GRADUS_RETURN_IF_ERROR(rewriter.ReplaceBy(i, *config, inputs));
  }
  return rewriter.Finish();
}

}  // namespace gradus
