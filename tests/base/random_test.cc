// Counter-based random numbers: published vectors, moments, independence of order.

#include "gradus/base/random.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <set>
#include <vector>

namespace gradus {
namespace {

using Block = std::array<uint32_t, 4>;

TEST(PhiloxTest, GivesTheKnownAnswersOfItsAuthors) {
  // Random123, tests/kat_vectors, philox4x32 with 10 rounds.
  EXPECT_EQ(Philox(0, 0, 0), (Block{0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8}));
  EXPECT_EQ(Philox(~0ull, ~0ull, ~0ull), (Block{0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd}));
  EXPECT_EQ(Philox(0x299f31d0a4093822, 0x0370734413198a2e, 0x85a308d3243f6a88),
            (Block{0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1}));
}

TEST(UnitDoubleTest, CoversZeroUpToButNotOne) {
  EXPECT_EQ(UnitDouble(0, 0), 0.0);
  EXPECT_EQ(UnitDouble(0x80000000, 0), 0.5);
  EXPECT_EQ(UnitDouble(~0u, ~0u), 1.0 - 0x1.0p-53);
}

TEST(StreamOfTest, IsFnv1a) {
  // Published test vectors of FNV-1a, 64 bits.
  EXPECT_EQ(StreamOf(""), 0xcbf29ce484222325u);
  EXPECT_EQ(StreamOf("a"), 0xaf63dc4c8601ec8cu);
  EXPECT_EQ(StreamOf("foobar"), 0x85944171f73967e8u);
}

TEST(RandomSequenceTest, IsAFunctionOfSeedAndStream) {
  const auto draw = [](uint64_t seed, uint64_t stream) {
    RandomSequence random(seed, stream);
    std::vector<double> numbers;
    for (int i = 0; i < 20; ++i) numbers.push_back(random.Uniform());
    return numbers;
  };
  EXPECT_EQ(draw(1, 2), draw(1, 2));
  EXPECT_NE(draw(1, 2), draw(2, 2));
  EXPECT_NE(draw(1, 2), draw(1, 3));
}

TEST(RandomSequenceTest, UniformHasTheMomentsOfTheUniformDistribution) {
  constexpr int kCount = 100000;
  RandomSequence random(7, 0);
  double sum = 0, squares = 0, least = 1, most = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.Uniform();
    sum += x;
    squares += x * x;
    least = std::min(least, x);
    most = std::max(most, x);
  }
  // Five standard errors: of the mean sqrt(1/12/n) = 0.00091, of the mean square sqrt(4/45/n) =
  // 0.00094.
  EXPECT_NEAR(sum / kCount, 0.5, 5 * 0.00092);
  EXPECT_NEAR(squares / kCount, 1.0 / 3, 5 * 0.00095);
  EXPECT_GE(least, 0);
  EXPECT_LT(most, 1);
}

TEST(RandomSequenceTest, NormalHasTheMomentsOfTheNormalDistribution) {
  constexpr int kCount = 100000;
  RandomSequence random(7, 1);
  double sum = 0, squares = 0, fourth = 0;
  int beyond_two = 0;
  for (int i = 0; i < kCount; ++i) {
    const double x = random.Normal();
    ASSERT_TRUE(std::isfinite(x));
    sum += x;
    squares += x * x;
    fourth += x * x * x * x;
    beyond_two += std::abs(x) > 2;
  }
  // Five standard errors: sqrt(1/n), sqrt(2/n), sqrt(96/n), sqrt(p(1-p)/n) with p = 0.0455.
  EXPECT_NEAR(sum / kCount, 0, 5 * 0.0032);
  EXPECT_NEAR(squares / kCount, 1, 5 * 0.0045);
  EXPECT_NEAR(fourth / kCount, 3, 5 * 0.031);
  EXPECT_NEAR(static_cast<double>(beyond_two) / kCount, 0.0455, 5 * 0.00066);
}

TEST(RandomSequenceTest, BelowReachesEveryNumberEquallyOften) {
  RandomSequence random(3, 0);
  std::vector<int> count(7, 0);
  constexpr int kCount = 70000;
  for (int i = 0; i < kCount; ++i) {
    const uint64_t x = random.Below(7);
    ASSERT_LT(x, 7u);
    ++count[x];
  }
  // Five standard deviations of a count: sqrt(n p (1 - p)) = 92.6.
  for (int c : count) EXPECT_NEAR(c, 10000, 5 * 92.6);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(random.Below(1), 0u);
  // Above 2^63 half of all draws are refused; it must still end, and stay below.
  for (int i = 0; i < 100; ++i) EXPECT_LT(random.Below((1ull << 63) + 1), (1ull << 63) + 1);
}

TEST(RandomPermutationTest, HasEveryNumberOnce) {
  for (int64_t n : {0, 1, 2, 10, 1000}) {
    std::vector<int64_t> order = RandomPermutation(n, 1, 2);
    std::sort(order.begin(), order.end());
    ASSERT_EQ(static_cast<int64_t>(order.size()), n);
    for (int64_t i = 0; i < n; ++i) EXPECT_EQ(order[static_cast<size_t>(i)], i);
  }
}

TEST(RandomPermutationTest, DependsOnSeedAndStreamOnly) {
  EXPECT_EQ(RandomPermutation(50, 1, 2), RandomPermutation(50, 1, 2));
  EXPECT_NE(RandomPermutation(50, 1, 2), RandomPermutation(50, 1, 3));
  EXPECT_NE(RandomPermutation(50, 1, 2), RandomPermutation(50, 2, 2));
}

TEST(RandomPermutationTest, GivesAllOrdersOfThreeEquallyOften) {
  std::vector<int> count(27, 0);
  constexpr int kCount = 12000;
  for (uint64_t stream = 0; stream < kCount; ++stream) {
    const std::vector<int64_t> order = RandomPermutation(3, 5, stream);
    ++count[static_cast<size_t>(order[0] * 9 + order[1] * 3 + order[2])];
  }
  // Five standard deviations: sqrt(n p (1 - p)) = 40.8 for p = 1/6.
  int orders = 0;
  for (int c : count) {
    if (c == 0) continue;
    ++orders;
    EXPECT_NEAR(c, kCount / 6, 5 * 40.8);
  }
  EXPECT_EQ(orders, 6);
}

}  // namespace
}  // namespace gradus
