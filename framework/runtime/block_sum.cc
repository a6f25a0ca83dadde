// Sums over blocks of rows in a fixed tree.

#include "gradus/runtime/block_sum.h"

#include <algorithm>

#include "gradus/base/isa.h"

namespace gradus {
namespace {

// So many floats of each block stay in the first-level cache while the tree goes up.
constexpr int64_t kChunk = 1024;

struct AddTo {
  template <Isa>
  GRADUS_INLINE static void Run(float* __restrict sum, const float* __restrict x, int64_t n) {
    for (int64_t i = 0; i < n; ++i) sum[i] += x[i];
  }
};

}  // namespace

void SumBlocks(float* const* blocks, int count, int64_t begin, int64_t end) {
  if (count == 2) {
    ForIsa<AddTo>(blocks[0] + begin, static_cast<const float*>(blocks[1] + begin), end - begin);
    return;
  }
  for (int64_t at = begin; at < end; at += kChunk) {
    const int64_t n = std::min(kChunk, end - at);
    for (int64_t stride = 1; stride < count; stride *= 2) {
      for (int64_t i = 0; i + stride < count; i += 2 * stride) {
        ForIsa<AddTo>(blocks[i] + at, static_cast<const float*>(blocks[i + stride] + at), n);
      }
    }
  }
}

}  // namespace gradus
