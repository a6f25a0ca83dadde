// The contract of an operation: what shapes it gives, what its gradient is, and what the planner may do with its memory. How it is
// computed is a KernelFactory's business (runtime/kernel.h), usually in the same file.
//
// An Op is one stateless object for all nodes; what differs between nodes is their config message. It is registered under the
// full name of that message:
//
//   class Square final : public TypedOp<op::Square> { ... };
//   GRADUS_REGISTER_OP(Square, op::Square);

#ifndef GRADUS_GRAPH_OP_H_
#define GRADUS_GRAPH_OP_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "absl/types/span.h"
#include "gradus/base/registry.h"
#include "gradus/graph/emitter.h"
#include "gradus/graph/graph.h"

namespace gradus {

// How an operation treats the batch axis of its inputs.
enum class BatchUse {
  kRows,     // row by row: a block of rows gives the same block of the result
  kReduces,  // sums over rows: the result is the sum of the blocks' results
  kMixes,    // needs all rows at once
};

// What a gradient rule sees and writes. An input that does not carry a gradient (integers, stopped, not needed) is not wanted.
class GradientScope {
 public:
  GradientScope(const Node& node, int32_t node_index, absl::Span<const Value> output_gradients,
                const std::vector<bool>& wanted, Emitter* emit)
      : node_(node), node_index_(node_index), output_gradients_(output_gradients), wanted_(wanted),
        emit_(*emit), input_gradients_(node.inputs.size()) {}

  const Node& node() const { return node_; }
  Value input(int i) const { return node_.inputs[i]; }
  Value output(int i = 0) const { return {node_index_, i}; }
  // Invalid when nothing downstream depends on that output.
  Value output_gradient(int i = 0) const { return output_gradients_[i]; }
  bool wants(int i) const { return wanted_[i]; }
  // Ops add nodes with scope.emit()(config, inputs).
  Emitter& emit() { return emit_; }
  // Not set means zero. A shape other than the input's is an error.
  void SetInputGradient(int i, Value gradient) { input_gradients_[i] = gradient; }

  absl::Span<const Value> input_gradients() const { return input_gradients_; }

 private:
  const Node& node_;
  const int32_t node_index_;
  const absl::Span<const Value> output_gradients_;
  const std::vector<bool>& wanted_;
  Emitter& emit_;
  std::vector<Value> input_gradients_;
};

class Op {
 public:
  using Config = google::protobuf::Message;
  virtual ~Op() = default;

  // Checks number, types and shapes of the inputs and gives the outputs' specs.
  virtual absl::Status InferOutputs(const Config& config, absl::Span<const TensorSpec> inputs,
                                    std::vector<TensorSpec>* outputs) const = 0;

  // Emits ordinary nodes for the gradients of the wanted inputs. The default is an error that says that there is none.
  virtual absl::Status Gradient(const Config& config, GradientScope* scope) const;

  // Whether gradients flow through at all. false: a gradient that arrives is dropped without an error (stop_gradient, comparisons).
  virtual bool differentiable() const { return true; }

  virtual BatchUse batch_use(const Config& config, absl::Span<const TensorSpec> inputs) const {
    (void)config, (void)inputs;
    return BatchUse::kRows;
  }

  // Whether f(a + b) = f(a) + f(b) in input i with the others fixed: then partial sums over blocks of rows may pass through.
  virtual bool linear_in(const Config& config, int input) const {
    (void)config, (void)input;
    return false;
  }

  // Whether f(a + a', b + b') = f(a, b) + f(a', b') in all inputs together: then partial sums may pass through when every input is a
  // partial sum. add, sub and concat are this without being linear_in any single input.
  virtual bool jointly_linear(const Config& config) const {
    (void)config;
    return false;
  }

  // Whether the kernel may write output `out` over the memory of input `in` (same size, each element read before it is written).
  virtual bool MayOverwrite(const Config& config, int out, int in) const {
    (void)config, (void)out, (void)in;
    return false;
  }

  // Whether output 0 is just another view of input 0's memory, so that no kernel runs (reshape).
  virtual bool IsView(const Config& config) const {
    (void)config;
    return false;
  }

  // Multiply-adds count as two. For tables, not for decisions.
  virtual double Flops(const Config& config, absl::Span<const TensorSpec> inputs,
                       absl::Span<const TensorSpec> outputs, int64_t rows) const;
};

// An op whose config type is known: the methods get the message as what it is.
template <class ConfigType>
class TypedOp : public Op {
 public:
  absl::Status InferOutputs(const Config& config, absl::Span<const TensorSpec> inputs,
                            std::vector<TensorSpec>* outputs) const final {
    return Infer(static_cast<const ConfigType&>(config), inputs, outputs);
  }
  absl::Status Gradient(const Config& config, GradientScope* scope) const final {
    return Differentiate(static_cast<const ConfigType&>(config), scope);
  }

 protected:
  virtual absl::Status Infer(const ConfigType& config, absl::Span<const TensorSpec> inputs,
                             std::vector<TensorSpec>* outputs) const = 0;
  virtual absl::Status Differentiate(const ConfigType& config, GradientScope* scope) const {
    return Op::Gradient(config, scope);
  }
};

#define GRADUS_REGISTER_OP(Class, ConfigType) \
  GRADUS_REGISTER(::gradus::Op, ConfigType::descriptor()->full_name(), Class)

// Common checks for InferOutputs; each error names what it got.
absl::Status ExpectInputs(absl::Span<const TensorSpec> inputs, int count);
absl::Status ExpectType(absl::Span<const TensorSpec> inputs, int index, DType dtype);
// Axis in [-rank, rank) to [0, rank).
absl::StatusOr<int> NormalizeAxis(int axis, int rank);

}  // namespace gradus

#endif  // GRADUS_GRAPH_OP_H_
