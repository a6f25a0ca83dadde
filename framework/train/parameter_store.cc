// Blocks of floats.

#include "gradus/train/parameter_store.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "absl/strings/str_join.h"
#include "gradus/train/initializer.h"

namespace gradus {
namespace {

// A model without states has no block for them, and memcpy wants one even for no bytes.
void CopyBytes(void* to, const void* from, size_t bytes) {
  if (bytes > 0) std::memcpy(to, from, bytes);
}

// Says which parameter asks for most when there is no memory for them.
absl::StatusOr<AlignedBuffer> AllocateFor(const ParameterLayout& layout) {
  auto buffer = AllocateAligned(layout.floats() * int64_t{sizeof(float)});
  if (buffer.ok() || layout.count() == 0) return buffer;
  int largest = 0;
  for (int i = 1; i < layout.count(); ++i) {
    if (layout.place(i).floats() > layout.place(largest).floats()) largest = i;
  }
  const ParameterPlace& place = layout.place(largest);
  return absl::ResourceExhaustedError(
      absl::StrCat(buffer.status().message(), " for the parameters, of which the largest is \"",
                   place.name, "\" [", absl::StrJoin(place.dims, ", "), "]"));
}

}  // namespace

absl::StatusOr<ParameterStore> ParameterStore::Create(const Graph& graph, uint64_t seed,
                                                      MemorySpec memory,
                                                      const ParameterLayout* layout) {
  ParameterStore store;
  if (layout != nullptr) {
    store.layout_ = *layout;
  } else {
    GRADUS_ASSIGN_OR_RETURN(store.layout_, ParameterLayout::OfParameters(graph, CurrentIsa()));
  }
  GRADUS_ASSIGN_OR_RETURN(store.state_layout_, ParameterLayout::OfStates(graph));
  GRADUS_ASSIGN_OR_RETURN(store.weights_, AllocateFor(store.layout_));
  GRADUS_ASSIGN_OR_RETURN(store.gradients_, AllocateFor(store.layout_));
  GRADUS_ASSIGN_OR_RETURN(store.states_, AllocateFor(store.state_layout_));
  GRADUS_ASSIGN_OR_RETURN(store.next_states_, AllocateFor(store.state_layout_));

  std::vector<float> plain;
  for (int i = 0; i < store.layout_.count(); ++i) {
    const ParameterPlace& place = store.layout_.place(i);
    plain.assign(static_cast<size_t>(place.rows * place.columns), 0);
    Initialize(graph.parameter(i), seed, absl::MakeSpan(plain));
    store.layout_.Write(i, plain, store.weights());
  }
  for (int i = 0; i < store.state_layout_.count(); ++i) {
    const ParameterPlace& place = store.state_layout_.place(i);
    std::fill_n(store.states() + place.offset, place.floats(),
                static_cast<float>(graph.state(i).initial));
  }
  GRADUS_ASSIGN_OR_RETURN(store.memory_,
                          UpdateMemory<float>::Create(std::move(memory), store.layout_));
  return store;
}

absl::Status ParameterStore::MakeRoomForEvaluation() {
  const size_t bytes = static_cast<size_t>(layout_.floats()) * sizeof(float);
  GRADUS_ASSIGN_OR_RETURN(evaluation_, AllocateAligned(static_cast<int64_t>(bytes)));
  CopyBytes(evaluation_.get(), weights_.get(), bytes);
  return absl::OkStatus();
}

void ParameterStore::FollowWeights(int parameter) {
  const ParameterPlace& place = layout_.place(parameter);
  for (int slot = 0; slot < memory_.slots(); ++slot) {
    if (!memory_.spec(slot).from_weights) continue;
    float* const copy = memory_.PartData(slot, layout_, parameter);
    if (copy != nullptr) std::copy_n(weights() + place.offset, place.floats(), copy);
  }
}

absl::Status ParameterStore::CopyTo(StoreSnapshot* snapshot) const {
  const size_t bytes = static_cast<size_t>(layout_.floats()) * sizeof(float);
  const size_t state_bytes = static_cast<size_t>(state_layout_.floats()) * sizeof(float);
  if (snapshot->weights == nullptr) {
    GRADUS_ASSIGN_OR_RETURN(snapshot->states, AllocateAligned(static_cast<int64_t>(state_bytes)));
    GRADUS_RETURN_IF_ERROR(memory_.CopyTo(&snapshot->memory));
    // Last: a snapshot with weights is whole.
    GRADUS_ASSIGN_OR_RETURN(snapshot->weights, AllocateAligned(static_cast<int64_t>(bytes)));
  }
  CopyBytes(snapshot->weights.get(), weights_.get(), bytes);
  CopyBytes(snapshot->states.get(), states_.get(), state_bytes);
  return memory_.CopyTo(&snapshot->memory);
}

void ParameterStore::CopyFrom(const StoreSnapshot& snapshot) {
  CopyBytes(weights_.get(), snapshot.weights.get(),
            static_cast<size_t>(layout_.floats()) * sizeof(float));
  CopyBytes(states_.get(), snapshot.states.get(),
            static_cast<size_t>(state_layout_.floats()) * sizeof(float));
  GRADUS_CHECK(snapshot.memory.CopyTo(&memory_).ok());  // Allocates nothing.
}

absl::StatusOr<Tensor> ParameterStore::Read(const ParameterLayout& layout, int i,
                                            const float* block) const {
  GRADUS_ASSIGN_OR_RETURN(Tensor tensor, Tensor::Create(DType::kFloat32, layout.place(i).dims));
  layout.Read(i, block, tensor.mutable_data<float>());
  return tensor;
}

absl::Status ParameterStore::Write(const ParameterLayout& layout, int i, const Tensor& tensor,
                                   float* block) {
  const ParameterPlace& place = layout.place(i);
  if (tensor.dtype() != DType::kFloat32 || tensor.dims() != place.dims) {
    return absl::InvalidArgumentError(absl::StrCat("\"", place.name, "\" is FLOAT32 [",
                                                   absl::StrJoin(place.dims, ", "),
                                                   "], the given tensor is ", Name(tensor.dtype()),
                                                   " [", absl::StrJoin(tensor.dims(), ", "), "]"));
  }
  layout.Write(i, tensor.data<float>(), block);
  return absl::OkStatus();
}

}  // namespace gradus
