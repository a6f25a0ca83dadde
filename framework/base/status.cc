// The end of the line for our own mistakes.

#include "gradus/base/status.h"

#include <cstdio>
#include <cstdlib>
#include <new>
#include <stdexcept>

namespace gradus {

absl::Status StatusOf(const std::exception& error, absl::string_view what) {
  if (dynamic_cast<const std::bad_alloc*>(&error) != nullptr ||
      dynamic_cast<const std::length_error*>(&error) != nullptr) {
    return absl::ResourceExhaustedError(absl::StrCat(what, ": out of memory"));
  }
  return absl::InternalError(absl::StrCat(what, ": ", error.what()));
}

namespace internal {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: %s does not hold\n", file, line, condition);
  std::abort();  // A broken invariant of ours: going on could write a wrong model.
}

}  // namespace internal
}  // namespace gradus
