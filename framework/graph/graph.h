// WHAT is computed: an append-only list of nodes in topological order. A Graph is made by adding nodes, each of which is checked as it
// is added, so a Graph that exists is valid. It knows shapes and element types with a symbolic batch, and nothing of memory,
// threads or kernels.
//
//   Graph graph;
//   Value x = *graph.AddInput("x", {DType::kFloat32, Shape::Batched({4})});
//   Value w = *graph.AddParameter({"w", Shape::Fixed({4, 2})});
//   Value y = *graph.AddNode(op::Matmul(), {x, w}, "y");
//
// A step of training is a pure function of five kinds of leaves: inputs, parameters, states, scalars and constants.

#ifndef GRADUS_GRAPH_GRAPH_H_
#define GRADUS_GRAPH_GRAPH_H_

#include <deque>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "absl/container/inlined_vector.h"
#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "absl/types/optional.h"
#include "absl/types/span.h"
#include "google/protobuf/message.h"
#include "gradus/base/config_path.h"
#include "gradus/base/shape.h"
#include "gradus/base/tensor.h"
#include "gradus/initializer.pb.h"

namespace gradus {

class Op;

// One output of one node: a number, not a pointer. Cheap to copy, valid for the graph that gave it and for its copies.
struct Value {
  int32_t node = -1;
  int32_t output = 0;

  bool valid() const { return node >= 0; }
  friend bool operator==(Value a, Value b) { return a.node == b.node && a.output == b.output; }
  friend bool operator!=(Value a, Value b) { return !(a == b); }
  friend bool operator<(Value a, Value b) {
    return a.node != b.node ? a.node < b.node : a.output < b.output;
  }
};

enum class Leaf {
  kInput,      // given with each batch
  kParameter,  // learned; lives in a ParameterStore
  kState,      // carried from step to step, not by gradient: a moving average
  kScalar,     // a number given with each run: seed of backward, dropout rate, step
  kConstant,   // part of the graph
};
absl::string_view Name(Leaf leaf);

struct ParameterSpec {
  std::string name;  // "<layer>/kernel"; parameters and states share one name space
  Shape shape;       // fixed
  InitializerConfig initializer;
};

struct StateSpec {
  std::string name;
  Shape shape;
  double initial = 0;
};

struct Node {
  std::string name;                // Unique; printed.
  ConfigPath origin;               // The piece of the configuration it comes from.
  absl::optional<Leaf> leaf;       // Set for leaves, which have no op.
  const Op* op = nullptr;          // Set for operations.
  std::shared_ptr<const google::protobuf::Message> config;  // Of the op.
  absl::InlinedVector<Value, 4> inputs;
  absl::InlinedVector<TensorSpec, 1> outputs;
  int32_t leaf_index = -1;         // Position in inputs(), parameters(), ... of the graph.
};

// What a node of this config is called when nobody names it: "reduce_sum".
std::string DefaultNodeName(const google::protobuf::Message& config);

class Graph {
 public:
  // ---- Leaves. An existing name of the same kind is an AlreadyExists error, except where noted.
  absl::StatusOr<Value> AddInput(absl::string_view name, const TensorSpec& spec);
  // The same name with the same shape gives the same Value: shared weights. Another shape is an error naming both.
  absl::StatusOr<Value> AddParameter(const ParameterSpec& spec, const ConfigPath& origin = {});
  absl::StatusOr<Value> AddState(const StateSpec& spec, const ConfigPath& origin = {});
  // The same name gives the same Value.
  absl::StatusOr<Value> AddScalar(absl::string_view name, DType dtype = DType::kFloat32);
  absl::StatusOr<Value> AddConstant(absl::string_view name, Tensor tensor);

  // ---- Operations. The op is found by the config message's full name. Errors name op, inputs and the broken rule. An empty name is
  // made from the op's; a name that exists gets a number behind it.
  absl::StatusOr<Value> AddNode(const google::protobuf::Message& config,
                                absl::Span<const Value> inputs, absl::string_view name = "",
                                const ConfigPath& origin = {});

  // What a state becomes when the update is accepted. Same shape and type.
  absl::Status SetNext(Value state, Value next);

  // ---- Reading.
  int size() const { return static_cast<int>(nodes_.size()); }
  const Node& node(int index) const { return nodes_[index]; }
  const Node& node(Value value) const { return nodes_[value.node]; }
  const TensorSpec& spec(Value value) const { return nodes_[value.node].outputs[value.output]; }
  const std::vector<Value>& inputs() const { return inputs_; }
  const std::vector<Value>& parameters() const { return parameters_; }
  const std::vector<Value>& states() const { return states_; }
  const std::vector<Value>& scalars() const { return scalars_; }
  const ParameterSpec& parameter(int index) const { return parameter_specs_[index]; }
  const StateSpec& state(int index) const { return state_specs_[index]; }
  const Tensor& constant(Value value) const { return constants_[nodes_[value.node].leaf_index]; }
  // The next value of states()[index], or an invalid Value.
  Value next(int index) const { return next_[index]; }
  // Leaf by kind and name; invalid when there is none.
  Value FindLeaf(Leaf leaf, absl::string_view name) const;

 private:
  std::string UniqueName(absl::string_view wanted);
  Value AddLeaf(Leaf leaf, absl::string_view name, const TensorSpec& spec, int32_t leaf_index,
                const ConfigPath& origin);

  std::deque<Node> nodes_;  // References to nodes stay good while nodes are added.
  std::vector<Value> inputs_, parameters_, states_, scalars_, next_;
  std::vector<ParameterSpec> parameter_specs_;
  std::vector<StateSpec> state_specs_;
  std::vector<Tensor> constants_;
  std::map<std::string, Value> leaves_;  // "<kind>:<name>"
  std::map<std::string, int> names_;     // Names in use, with the last number given.
};

}  // namespace gradus

#endif  // GRADUS_GRAPH_GRAPH_H_
