// Lifetimes never share a byte.

#include "gradus/runtime/arena.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

#include "gradus/base/random.h"

namespace gradus {
namespace {

TEST(PlaceBuffers, NeverOverlapsWhatLivesAtTheSameTime) {
  for (uint64_t seed = 0; seed < 50; ++seed) {
    RandomSequence random(seed, 1);
    std::vector<ArenaBuffer> buffers(60);
    for (ArenaBuffer& b : buffers) {
      b.bytes = static_cast<int64_t>(random.Below(2000));
      b.first = static_cast<int>(random.Below(40)) - 1;
      b.last = b.first + static_cast<int>(random.Below(10));
    }
    const int64_t arena = *PlaceBuffers(absl::MakeSpan(buffers));
    int64_t live_most = 0, sum = 0;
    for (int step = -1; step < 50; ++step) {
      int64_t live = 0;
      for (const ArenaBuffer& b : buffers) {
        if (b.first <= step && step <= b.last) live += (b.bytes + 63) / 64 * 64;
      }
      live_most = std::max(live_most, live);
    }
    for (const ArenaBuffer& a : buffers) {
      sum += (a.bytes + 63) / 64 * 64;
      EXPECT_EQ(a.offset % 64, 0);
      EXPECT_LE(a.offset + a.bytes, arena);
      for (const ArenaBuffer& b : buffers) {
        if (&a == &b || a.bytes == 0 || b.bytes == 0) continue;
        if (a.last < b.first || b.last < a.first) continue;
        EXPECT_TRUE(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset);
      }
    }
    EXPECT_GE(arena, live_most);
    EXPECT_LT(arena, sum) << "memory is used again";
  }
}

TEST(PlaceBuffers, UsesMemoryAgainInAChain) {
  std::vector<ArenaBuffer> chain;
  for (int i = 0; i < 10; ++i) chain.push_back({1000, i, i + 1, 0});
  EXPECT_EQ(*PlaceBuffers(absl::MakeSpan(chain)), 2 * 1024);
}

TEST(PlaceBuffers, TakesNothingForNothing) {
  EXPECT_EQ(*PlaceBuffers({}), 0);
  std::vector<ArenaBuffer> empty = {{0, 0, 5, 0}, {0, 1, 2, 0}};
  EXPECT_EQ(*PlaceBuffers(absl::MakeSpan(empty)), 0);
}

TEST(PlaceBuffers, RefusesSumsThatOverflow) {
  std::vector<ArenaBuffer> huge(4, {int64_t{1} << 61, 0, 1, 0});
  EXPECT_EQ(PlaceBuffers(absl::MakeSpan(huge)).status().code(),
            absl::StatusCode::kResourceExhausted);
}

}  // namespace
}  // namespace gradus
