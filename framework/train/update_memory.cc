// Blocks of numbers.

#include "gradus/train/update_memory.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "gradus/base/status.h"

namespace gradus {
namespace {

bool IsMatrix(const ParameterPlace& place) { return place.dims.size() >= 2; }

// The dims of a parameter's part of a slot with a geometry of its own, and whether it has one.
bool OwnDims(const SlotSpec& spec, const ParameterPlace& place, std::vector<int64_t>* dims) {
  switch (spec.extent) {
    case SlotSpec::kElements:
      break;
    case SlotSpec::kVectorElements:
      *dims = place.dims;
      return !IsMatrix(place);
    case SlotSpec::kRows:
      *dims = {place.rows};
      return IsMatrix(place);
    case SlotSpec::kColumns:
      *dims = {place.columns};
      return IsMatrix(place);
    case SlotSpec::kRowsByRows:
      *dims = {place.rows, place.rows};
      return IsMatrix(place);
    case SlotSpec::kColumnsByColumns:
      *dims = {place.columns, place.columns};
      return IsMatrix(place);
    case SlotSpec::kOwn:
      dims->clear();
      return spec.own_dims(place.dims, dims);
  }
  return false;
}

int64_t Product(const std::vector<int64_t>& dims) {
  int64_t product = 1;
  for (int64_t dim : dims) product *= dim;
  return product;
}

}  // namespace

bool InGroups(const ParameterLayout& layout, absl::Span<const int> groups, int64_t offset) {
  return std::any_of(groups.begin(), groups.end(), [&](int g) {
    const std::pair<int64_t, int64_t> range = layout.GroupRange(g);
    return offset >= range.first && offset < range.second;
  });
}

MemorySpec::MemorySpec(std::vector<SlotSpec> specs) {
  for (SlotSpec& spec : specs) slots.push_back({std::move(spec), {}});
}

template <class F>
absl::StatusOr<UpdateMemory<F>> UpdateMemory<F>::Create(MemorySpec spec,
                                                        const ParameterLayout& layout) {
  UpdateMemory memory;
  for (MemorySpec::Slot& wanted : spec.slots) {
    Slot slot;
    slot.spec = std::move(wanted.spec);
    const bool elements = slot.spec.extent == SlotSpec::kElements;
    slot.count = elements ? layout.floats() : 0;
    if (elements && !wanted.groups.empty()) {
      slot.begin = layout.floats();
      int64_t end = 0;
      for (int g : wanted.groups) {
        slot.begin = std::min(slot.begin, layout.GroupRange(g).first);
        end = std::max(end, layout.GroupRange(g).second);
      }
      slot.begin = std::min(slot.begin, end);
      slot.count = end - slot.begin;
    }
    for (int i = 0; i < layout.count(); ++i) {
      const ParameterPlace& place = layout.place(i);
      bool has = wanted.groups.empty() || InGroups(layout, wanted.groups, place.offset);
      if (!elements) {
        std::vector<int64_t> dims;
        has = OwnDims(slot.spec, place, &dims) && has;
        slot.offsets.push_back(has ? slot.count : -1);
        if (has) slot.count += (Product(dims) + 15) / 16 * 16;
      }
      slot.has.push_back(has);
    }
    GRADUS_ASSIGN_OR_RETURN(
        slot.buffer, AllocateAligned(slot.count * static_cast<int64_t>(sizeof(F))));
    // The padding gets the number too, so that what divides by it divides by no 0; what becomes of
    // the weights there is undone by the updater.
    std::fill_n(Data(slot), slot.count, static_cast<F>(slot.spec.initial));
    memory.slots_.push_back(std::move(slot));
  }
  for (const NumberSpec& number : spec.numbers) memory.numbers_.push_back(number.initial);
  memory.number_specs_ = std::move(spec.numbers);
  return memory;
}

template <class F>
F* UpdateMemory<F>::PartData(int index, const ParameterLayout& layout, int parameter) const {
  const Slot& slot = slots_[index];
  if (!slot.has[parameter]) return nullptr;
  if (slot.spec.extent != SlotSpec::kElements) return Data(slot) + slot.offsets[parameter];
  return Data(slot) + (layout.place(parameter).offset - slot.begin);
}

template <class F>
SlotPart<F> UpdateMemory<F>::Part(int index, const ParameterLayout& layout, int parameter) const {
  const Slot& slot = slots_[index];
  const ParameterPlace& place = layout.place(parameter);
  SlotPart<F> part;
  part.data = PartData(index, layout, parameter);
  if (part.data == nullptr) return part;
  if (slot.spec.extent == SlotSpec::kElements) {
    return {part.data, place.dims, place.rows, place.columns, place.pitch};
  }
  OwnDims(slot.spec, place, &part.dims);
  part.columns = Product(part.dims);
  part.pitch = part.columns;
  return part;
}

template <class F>
absl::Status UpdateMemory<F>::CopyTo(UpdateMemory* other) const {
  if (other->slots_.empty()) {
    other->number_specs_ = number_specs_;
    std::vector<Slot> slots;
    for (const Slot& slot : slots_) {
      Slot copy;
      copy.spec = slot.spec;
      copy.begin = slot.begin;
      copy.count = slot.count;
      copy.offsets = slot.offsets;
      copy.has = slot.has;
      GRADUS_ASSIGN_OR_RETURN(
          copy.buffer, AllocateAligned(slot.count * static_cast<int64_t>(sizeof(F))));
      slots.push_back(std::move(copy));
    }
    other->slots_ = std::move(slots);
  }
  for (size_t i = 0; i < slots_.size(); ++i) {
    // memcpy wants an address even for no bytes.
    if (slots_[i].count > 0) {
      std::memcpy(Data(other->slots_[i]), Data(slots_[i]),
                  static_cast<size_t>(slots_[i].count) * sizeof(F));
    }
  }
  other->numbers_ = numbers_;
  return absl::OkStatus();
}

template class UpdateMemory<float>;
template class UpdateMemory<double>;

}  // namespace gradus
