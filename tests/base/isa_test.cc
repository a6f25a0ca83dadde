// A loop gives the same numbers on every instruction set.

#include "gradus/base/isa.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstdlib>
#include <vector>

namespace gradus {
namespace {

struct WhichIsa {
  template <Isa isa>
  GRADUS_INLINE static void Run(Isa* seen) {
    *seen = isa;
  }
};

struct Scale {
  template <Isa>
  GRADUS_INLINE static void Run(float a, float b, float* x, int64_t n) {
    for (int64_t i = 0; i < n; ++i) x[i] = x[i] * a + b;
  }
};

TEST(IsaTest, RunsTheLoopOfTheCurrentSet) {
  Isa seen = Isa::kBaseline;
  ForIsa<WhichIsa>(&seen);
  EXPECT_EQ(seen, CurrentIsa());
}

TEST(IsaTest, StaysWithinWhatTheCpuHas) {
  if (CurrentIsa() >= Isa::kAvx2) {
    EXPECT_TRUE(__builtin_cpu_supports("avx2"));
  }
  if (CurrentIsa() == Isa::kAvx512) {
    EXPECT_TRUE(__builtin_cpu_supports("avx512f"));
  }
}

TEST(IsaTest, StaysWithinTheLimitOfTheEnvironment) {
  const char* limit = std::getenv("GRADUS_MAX_ISA");
  for (Isa isa : {Isa::kBaseline, Isa::kAvx2, Isa::kAvx512}) {
    if (limit != nullptr && Name(isa) == limit) {
      EXPECT_LE(CurrentIsa(), isa);
    }
  }
}

TEST(IsaTest, EverySetGivesTheSameBits) {
  // Multiplications and additions are never contracted, so that instruction sets cannot disagree.
  constexpr int64_t kSize = 1003;
  std::vector<float> x(kSize), baseline(kSize), current;
  for (int64_t i = 0; i < kSize; ++i)
    x[static_cast<size_t>(i)] = 0.1f * static_cast<float>(i) - 17.3f;
  baseline = x;
  current = x;
  internal::RunBaseline<Scale>(1.1f, 0.3f, baseline.data(), kSize);
  ForIsa<Scale>(1.1f, 0.3f, current.data(), kSize);
  EXPECT_EQ(baseline, current);
}

TEST(IsaTest, HasNames) {
  EXPECT_EQ(Name(Isa::kBaseline), "BASELINE");
  EXPECT_EQ(Name(Isa::kAvx2), "AVX2");
  EXPECT_EQ(Name(Isa::kAvx512), "AVX512");
}

}  // namespace
}  // namespace gradus
