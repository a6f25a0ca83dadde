// Where buffers lie in one arena when their lifetimes are known: greedy by size (Pisarchyk & Lee
// 2020, "Efficient memory management for deep neural net inference", arXiv 2001.03288). The largest
// buffer is placed first, each at the lowest offset where it meets no buffer that lives at the same
// time.

#ifndef GRADUS_RUNTIME_ARENA_H_
#define GRADUS_RUNTIME_ARENA_H_

#include <cstdint>

#include "absl/status/statusor.h"
#include "absl/types/span.h"

namespace gradus {

struct ArenaBuffer {
  int64_t bytes = 0;
  int first = 0;  // The first and last step that touch it.
  int last = 0;
  int64_t offset = 0;  // The result: a multiple of 64. 0 for an empty buffer.
};

// Sets the offsets and gives the size of the arena. An error when the sum passes 2^62 bytes.
absl::StatusOr<int64_t> PlaceBuffers(absl::Span<ArenaBuffer> buffers);

}  // namespace gradus

#endif  // GRADUS_RUNTIME_ARENA_H_
