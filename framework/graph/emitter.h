// Writing expressions into a graph without checking each line: after the first error an Emitter goes on returning invalid Values and keeps
// that error. Layers, losses and gradient rules are written with it.
//
//   Value centred = emit(op::Sub(), {x, mean});
//   Value variance = emit(ReduceMeanOver(-1), {emit(op::Square(), {centred})});
//   return emit.status();

#ifndef GRADUS_GRAPH_EMITTER_H_
#define GRADUS_GRAPH_EMITTER_H_

#include <string>

#include "absl/status/status.h"
#include "gradus/graph/graph.h"
#include "gradus/op.pb.h"

namespace gradus {

class Emitter {
 public:
  // Nodes get names that start with `prefix` ("hidden_1/", "gradient/loss/") and the origin.
  Emitter(Graph* graph, std::string prefix, ConfigPath origin)
      : graph_(graph), prefix_(std::move(prefix)), origin_(std::move(origin)) {}

  // Adds a node. An invalid input gives an invalid output without a new error.
  Value operator()(const google::protobuf::Message& config, absl::Span<const Value> inputs,
                   absl::string_view name = "");
  Value operator()(const google::protobuf::Message& config, std::initializer_list<Value> inputs,
                   absl::string_view name = "") {
    return (*this)(config, absl::Span<const Value>(inputs.begin(), inputs.size()), name);
  }

  Value Constant(float value);  // A scalar constant.
  // Reshapes, or broadcasts, to a shape; the value itself when it has it already.
  Value Reshape(Value value, const Shape& shape);
  Value Broadcast(Value value, const Shape& shape);
  // Sums away what broadcasting added: the adjoint of Broadcast.
  Value SumTo(Value value, const Shape& shape);

  const TensorSpec& spec(Value value) const;  // An empty spec for an invalid value.
  Graph& graph() { return *graph_; }
  const absl::Status& status() const { return status_; }
  void Fail(absl::Status status) {
    if (status_.ok()) status_ = std::move(status);
  }

 private:
  Graph* graph_;
  std::string prefix_;
  ConfigPath origin_;
  absl::Status status_;
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_EMITTER_H_
