// Places for buffers whose lifetimes are known, the largest first.

#include "gradus/runtime/arena.h"

#include <algorithm>
#include <numeric>
#include <vector>

#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr int64_t kMostBytes = int64_t{1} << 62;

int64_t Aligned(int64_t bytes) { return (bytes + 63) / 64 * 64; }

}  // namespace

absl::StatusOr<int64_t> PlaceBuffers(absl::Span<ArenaBuffer> buffers) {
  // No placement is larger than all of them side by side, so later sums cannot overflow.
  int64_t sum = 0;
  for (const ArenaBuffer& buffer : buffers) {
    GRADUS_CHECK(buffer.bytes >= 0);
    if (buffer.bytes > kMostBytes - 64 - sum) {
      return absl::ResourceExhaustedError("the values of the graph take more than 2^62 bytes");
    }
    sum += Aligned(buffer.bytes);
  }
  std::vector<int> order(buffers.size());
  std::iota(order.begin(), order.end(), 0);
  std::stable_sort(order.begin(), order.end(),
                   [&](int a, int b) { return buffers[a].bytes > buffers[b].bytes; });
  std::vector<int> placed;  // By offset.
  int64_t arena = 0;
  for (int i : order) {
    ArenaBuffer& buffer = buffers[i];
    buffer.offset = 0;
    if (buffer.bytes == 0) continue;
    const int64_t bytes = Aligned(buffer.bytes);
    int64_t offset = 0;
    for (int other : placed) {
      const ArenaBuffer& there = buffers[other];
      if (there.last < buffer.first || buffer.last < there.first) continue;
      if (there.offset >= offset + bytes) break;  // The gap before it is large enough.
      offset = std::max(offset, there.offset + Aligned(there.bytes));
    }
    buffer.offset = offset;
    arena = std::max(arena, offset + bytes);
    placed.insert(
        std::upper_bound(placed.begin(), placed.end(), i,
                         [&](int a, int b) { return buffers[a].offset < buffers[b].offset; }),
        i);
  }
  return arena;
}

}  // namespace gradus
