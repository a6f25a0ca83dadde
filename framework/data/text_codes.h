// Distinct texts, numbered in the order of their first appearance.

#ifndef GRADUS_DATA_TEXT_CODES_H_
#define GRADUS_DATA_TEXT_CODES_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/strings/string_view.h"

namespace gradus {

class TextCodes {
 public:
  // The text's number: a new one when it is new.
  int32_t Code(absl::string_view text);
  const std::vector<std::string>& texts() const { return texts_; }
  std::vector<std::string> TakeTexts() { return std::move(texts_); }
  void Clear();

 private:
  struct Slot {
    uint32_t hash = 0;
    int32_t code = -1;
  };
  void Grow();

  // Open addressing; a power of two, at most half full. Not a map of Abseil: those do not survive a failed allocation.
  std::vector<Slot> slots_;
  std::vector<std::string> texts_;
};

}  // namespace gradus

#endif  // GRADUS_DATA_TEXT_CODES_H_
