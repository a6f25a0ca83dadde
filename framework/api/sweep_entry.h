// One entry of a search space, read from its text. Internal to sweep_space.

#ifndef GRADUS_API_SWEEP_ENTRY_H_
#define GRADUS_API_SWEEP_ENTRY_H_

#include <string>

#include "gradus/api/sweep_space.h"

namespace gradus {

// What is wrong with an entry, and where in its text, from 1.
struct SearchProblem {
  int column = 0;
  std::string message;  // Empty when there is nothing wrong.
};

// Fills everything but `parent` and `parent_option`.
SearchProblem ParseSearchEntry(const std::string& text, SearchEntry* entry);

// What was typed, for a message: as it is, unless it has control characters or is not UTF-8.
std::string AsTyped(const std::string& text);

}  // namespace gradus

#endif  // GRADUS_API_SWEEP_ENTRY_H_
