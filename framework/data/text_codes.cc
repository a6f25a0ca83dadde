// A hash table of numbers beside a list of texts.

#include "gradus/data/text_codes.h"

#include <functional>
#include <string_view>

namespace gradus {

int32_t TextCodes::Code(absl::string_view text) {
  if (2 * texts_.size() >= slots_.size()) Grow();
  const uint32_t hash =
      static_cast<uint32_t>(std::hash<std::string_view>()({text.data(), text.size()}));
  const size_t mask = slots_.size() - 1;
  size_t at = hash & mask;
  for (; slots_[at].code >= 0; at = (at + 1) & mask) {
    if (slots_[at].hash == hash && texts_[slots_[at].code] == text) return slots_[at].code;
  }
  texts_.emplace_back(text);
  slots_[at] = {hash, static_cast<int32_t>(texts_.size()) - 1};
  return slots_[at].code;
}

void TextCodes::Clear() {
  texts_.clear();
  slots_.assign(slots_.size(), Slot());
}

void TextCodes::Grow() {
  std::vector<Slot> slots(slots_.empty() ? 16 : 2 * slots_.size());
  const size_t mask = slots.size() - 1;
  for (const Slot& slot : slots_) {
    if (slot.code < 0) continue;
    size_t at = slot.hash & mask;
    while (slots[at].code >= 0) at = (at + 1) & mask;
    slots[at] = slot;
  }
  slots_ = std::move(slots);
}

}  // namespace gradus
