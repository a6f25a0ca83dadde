// The home of parameters, gradients, what rules remember, and states: blocks of floats in one
// geometry (runtime/parameter_layout.h), made before the first step and never moved.

#ifndef GRADUS_TRAIN_PARAMETER_STORE_H_
#define GRADUS_TRAIN_PARAMETER_STORE_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/tensor.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/update_memory.h"

namespace gradus {

// A copy of what a store held.
struct StoreSnapshot {
  AlignedBuffer weights, states;
  UpdateMemory<float> memory;
};

class ParameterStore {
 public:
  // Parameters start by their initializers, slots and states by their numbers; without an optimizer
  // there are no slots. `layout` is the parameters' geometry when they have groups.
  static absl::StatusOr<ParameterStore> Create(const Graph& graph, uint64_t seed, MemorySpec memory,
                                               const ParameterLayout* layout = nullptr);

  const ParameterLayout& layout() const { return layout_; }
  const ParameterLayout& state_layout() const { return state_layout_; }
  int64_t floats() const { return layout_.floats(); }

  float* weights() { return Floats(weights_); }
  const float* weights() const { return Floats(weights_); }
  float* gradients() { return Floats(gradients_); }
  const float* gradients() const { return Floats(gradients_); }
  UpdateMemory<float>& memory() { return memory_; }
  const UpdateMemory<float>& memory() const { return memory_; }
  float* states() { return Floats(states_); }
  const float* states() const { return Floats(states_); }
  // Where a step writes the states' next values; AcceptStates makes them current.
  float* next_states() { return Floats(next_states_); }
  void AcceptStates() { std::swap(states_, next_states_); }

  // Weights to evaluate and save where they are not those that are trained; null without room.
  absl::Status MakeRoomForEvaluation();
  float* evaluation() { return Floats(evaluation_); }
  // Those if there are any, or else the weights.
  const float* evaluated() const {
    return evaluation_ == nullptr ? weights() : Floats(evaluation_);
  }

  // A parameter has been set from outside: what is a copy of the weights (SlotSpec::from_weights)
  // begins again from there, and is what is evaluated until the next update.
  void FollowWeights(int parameter);

  // Copies weights, memory and states; allocates only into an empty snapshot.
  absl::Status CopyTo(StoreSnapshot* snapshot) const;
  // The snapshot must be of this store or of one made alike.
  void CopyFrom(const StoreSnapshot& snapshot);

  // One parameter of a block in this layout as a plain tensor, and back. The tensor must be FLOAT32
  // of the parameter's shape.
  absl::StatusOr<Tensor> Read(const ParameterLayout& layout, int i, const float* block) const;
  static absl::Status Write(const ParameterLayout& layout, int i, const Tensor& tensor,
                            float* block);

 private:
  static float* Floats(const AlignedBuffer& buffer) { return static_cast<float*>(buffer.get()); }

  ParameterLayout layout_, state_layout_;
  AlignedBuffer weights_, gradients_, evaluation_, states_, next_states_;
  UpdateMemory<float> memory_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_PARAMETER_STORE_H_
