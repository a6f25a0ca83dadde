// The end of the line for our own mistakes.

#include "gradus/base/status.h"

#include <cstdio>
#include <cstdlib>

namespace gradus {
namespace internal {

void CheckFailed(const char* condition, const char* file, int line) {
  std::fprintf(stderr, "%s:%d: internal error: %s does not hold\n", file, line, condition);
  std::abort();  // A broken invariant of ours: going on could write a wrong model.
}

}  // namespace internal
}  // namespace gradus
