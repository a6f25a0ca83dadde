// What rules remember from update to update: slots in the parameters' geometry or smaller ones of
// their own, and numbers. The framework owns, copies, saves and restores all of it by name.

#ifndef GRADUS_TRAIN_UPDATE_MEMORY_H_
#define GRADUS_TRAIN_UPDATE_MEMORY_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/base/tensor.h"
#include "gradus/runtime/parameter_layout.h"
#include "gradus/train/optimizer.h"

namespace gradus {

// What is to be remembered.
struct MemorySpec {
  struct Slot {
    SlotSpec spec;
    std::vector<int> groups;  // Whose parameters have it; empty: all.
  };
  std::vector<Slot> slots;
  // With their whole names: "adam/updates".
  std::vector<NumberSpec> numbers;

  MemorySpec() = default;
  // Slots of every group.
  MemorySpec(std::vector<SlotSpec> specs);  // NOLINT: a plain list is one.
};

// Whether the float at this offset of the parameters' block is in one of the groups.
bool InGroups(const ParameterLayout& layout, absl::Span<const int> groups, int64_t offset);

// Where one parameter's part of a slot stands, as a matrix with a pitch; null when it has none.
template <class F>
struct SlotPart {
  F* data = nullptr;
  std::vector<int64_t> dims;
  int64_t rows = 1, columns = 1, pitch = 1;
};

// Thread safety: as a plain struct.
template <class F>
class UpdateMemory {
 public:
  UpdateMemory() = default;
  // Everything at its initial value.
  static absl::StatusOr<UpdateMemory> Create(MemorySpec spec, const ParameterLayout& layout);

  int slots() const { return static_cast<int>(slots_.size()); }
  const SlotSpec& spec(int slot) const { return slots_[slot].spec; }
  // kElements only: where element `offset` of the parameters' block has its number.
  F* At(int slot, int64_t offset) { return Data(slots_[slot]) + (offset - slots_[slot].begin); }
  const F* At(int slot, int64_t offset) const {
    return Data(slots_[slot]) + (offset - slots_[slot].begin);
  }
  // Any extent; `layout` is the one of Create.
  SlotPart<F> Part(int slot, const ParameterLayout& layout, int parameter) const;
  // Its data alone; allocates nothing.
  F* PartData(int slot, const ParameterLayout& layout, int parameter) const;

  std::vector<double>& numbers() { return numbers_; }
  const std::vector<double>& numbers() const { return numbers_; }
  const std::vector<NumberSpec>& number_specs() const { return number_specs_; }

  // What is in it, to and from another one that was made alike. The first copy into an empty one
  // allocates.
  absl::Status CopyTo(UpdateMemory* other) const;

 private:
  struct Slot {
    SlotSpec spec;
    int64_t begin = 0, count = 0;  // Of the parameters' block, or of its own.
    std::vector<int64_t> offsets;  // By parameter, but for kElements; -1: none.
    std::vector<bool> has;         // By parameter.
    AlignedBuffer buffer;
  };
  static F* Data(const Slot& slot) { return static_cast<F*>(slot.buffer.get()); }

  std::vector<Slot> slots_;
  std::vector<NumberSpec> number_specs_;
  std::vector<double> numbers_;
};

}  // namespace gradus

#endif  // GRADUS_TRAIN_UPDATE_MEMORY_H_
