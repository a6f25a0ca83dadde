// Samples for validation: which classes they have, that they are samples, and that they depend on nothing else.

#include "gradus/data/split.h"

#include <algorithm>
#include <cmath>
#include <map>
#include <numeric>
#include <vector>

#include "gradus/base/random.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

// Keys of classes of these sizes, mixed.
std::vector<int64_t> Mixed(const std::map<int64_t, int64_t>& sizes, uint64_t seed) {
  std::vector<int64_t> sorted, mixed;
  for (const auto& [key, size] : sizes) sorted.insert(sorted.end(), size, key);
  for (int64_t i : RandomPermutation(static_cast<int64_t>(sorted.size()), seed, 1)) {
    mixed.push_back(sorted[i]);
  }
  return mixed;
}

Split Draw(const std::vector<int64_t>& keys, int64_t held_out, uint64_t seed = 0) {
  const absl::StatusOr<Split> split =
      DrawSplit(static_cast<int64_t>(keys.size()), held_out, seed, keys);
  EXPECT_TRUE(split.ok()) << split.status();
  return split.ok() ? *split : Split();
}

// How many of each class are held out.
std::map<int64_t, int64_t> HeldOut(const std::vector<int64_t>& keys, const Split& split) {
  std::map<int64_t, int64_t> held;
  for (int64_t key : keys) held[key] += 0;
  for (int64_t row : split.held_out) ++held[keys[row]];
  return held;
}

TEST(SplitTest, CountsAreThoseOfKeras) {
  EXPECT_EQ(*TrainingCount(1797, 0.2), 1437);
  EXPECT_EQ(*TrainingCount(569, 0.2), 455);
  EXPECT_EQ(*TrainingCount(5, 0), 5);
  EXPECT_EQ(TrainingCount(3, 0.9).status().message(),
            "fraction 0.9 of 3 examples leaves none to train on");
  EXPECT_EQ(TrainingCount(3, 1e-17).status().message(),
            "fraction 1e-17 of 3 examples holds out none");
}

TEST(SplitTest, EveryExampleIsInOnePartInItsOrder) {
  for (const bool classes : {false, true}) {
    const std::vector<int64_t> keys = Mixed({{-3, 40}, {0, 25}, {7, 35}}, 1);
    const absl::StatusOr<Split> split =
        DrawSplit(100, 20, 5, classes ? keys : std::vector<int64_t>());
    ASSERT_TRUE(split.ok()) << split.status();
    EXPECT_EQ(split->held_out.size(), 20u);
    EXPECT_TRUE(std::is_sorted(split->training.begin(), split->training.end()));
    EXPECT_TRUE(std::is_sorted(split->held_out.begin(), split->held_out.end()));
    std::vector<int64_t> all = split->training, rows(100);
    all.insert(all.end(), split->held_out.begin(), split->held_out.end());
    std::sort(all.begin(), all.end());
    std::iota(rows.begin(), rows.end(), 0);
    EXPECT_EQ(all, rows);
  }
}

TEST(SplitTest, ClassesHaveTheirShares) {
  const std::vector<int64_t> keys = Mixed({{0, 50}, {1, 30}, {2, 20}}, 2);
  EXPECT_EQ(HeldOut(keys, Draw(keys, 20)), (std::map<int64_t, int64_t>{{0, 10}, {1, 6}, {2, 4}}));
  // 4/3 of each: what is left goes to the first of equals.
  const std::vector<int64_t> equal = Mixed({{1, 7}, {2, 7}, {3, 7}}, 3);
  EXPECT_EQ(HeldOut(equal, Draw(equal, 4)), (std::map<int64_t, int64_t>{{1, 2}, {2, 1}, {3, 1}}));
  // 3.5 and 0.5: of equal remainders the larger class's.
  const std::vector<int64_t> unequal = Mixed({{1, 10}, {2, 70}}, 4);
  EXPECT_EQ(HeldOut(unequal, Draw(unequal, 4)), (std::map<int64_t, int64_t>{{1, 0}, {2, 4}}));
}

TEST(SplitTest, NoShareIsFurtherFromItsQuotaThanOneAndEveryClassIsTrainedOn) {
  RandomSequence random(1, 1);
  for (int round = 0; round < 300; ++round) {
    std::map<int64_t, int64_t> sizes;
    const int64_t classes = 1 + static_cast<int64_t>(random.Below(8));
    for (int64_t c = 0; c < classes; ++c) sizes[c] = 2 + static_cast<int64_t>(random.Below(40));
    const std::vector<int64_t> keys = Mixed(sizes, round);
    const int64_t n = static_cast<int64_t>(keys.size());
    // Half at most, so that no quota but that of a class of two comes near all of it.
    const int64_t held_out = 1 + static_cast<int64_t>(random.Below(static_cast<uint64_t>(n / 2)));
    const Split split = Draw(keys, held_out, round);
    EXPECT_EQ(static_cast<int64_t>(split.held_out.size()), held_out);
    for (const auto& [key, held] : HeldOut(keys, split)) {
      const double quota = static_cast<double>(sizes[key] * held_out) / static_cast<double>(n);
      EXPECT_LT(held, sizes[key]);
      EXPECT_LT(std::abs(static_cast<double>(held) - quota), 1) << "round " << round;
    }
  }
}

TEST(SplitTest, AClassKeepsOneExampleWhateverItsShare) {
  const std::vector<int64_t> keys = Mixed({{0, 2}, {1, 8}}, 5);
  EXPECT_EQ(HeldOut(keys, Draw(keys, 8)), (std::map<int64_t, int64_t>{{0, 1}, {1, 7}}));
  const absl::StatusOr<Split> none = DrawSplit(10, 9, 0, keys);
  EXPECT_EQ(none.status().message(),
            "9 of 10 examples cannot be held out so that each of 2 classes keeps one to train on");
}

TEST(SplitTest, SingleExamplesAreTrainedOnUnlessNothingElseIsLeft) {
  const std::vector<int64_t> keys = Mixed({{0, 1}, {1, 1}, {2, 1}, {3, 10}}, 6);
  for (uint64_t seed = 0; seed < 20; ++seed) {
    EXPECT_EQ(HeldOut(keys, Draw(keys, 9, seed)),
              (std::map<int64_t, int64_t>{{0, 0}, {1, 0}, {2, 0}, {3, 9}}));
  }
  // Labels that are all different are no classes, and the sample is one all the same.
  std::vector<int64_t> different(1000);
  std::iota(different.begin(), different.end(), 0);
  const Split split = Draw(different, 300);
  EXPECT_EQ(split.held_out.size(), 300u);
  EXPECT_GT(split.held_out.back(), 900);
  EXPECT_LT(split.held_out.front(), 100);
}

TEST(SplitTest, DependsOnSeedNumberAndClassesOnly) {
  const std::vector<int64_t> keys = Mixed({{0, 300}, {1, 200}}, 7);
  EXPECT_EQ(Draw(keys, 100, 3).held_out, Draw(keys, 100, 3).held_out);
  EXPECT_NE(Draw(keys, 100, 3).held_out, Draw(keys, 100, 4).held_out);
  // What the classes are called does not matter as long as they stay in order.
  std::vector<int64_t> renamed;
  for (int64_t key : keys) renamed.push_back(1000000000000 * key - 5);
  EXPECT_EQ(Draw(keys, 100, 3).held_out, Draw(renamed, 100, 3).held_out);
}

TEST(SplitTest, EveryExampleIsHeldOutAsOftenAsTheOthersOfItsClass) {
  constexpr int kSeeds = 4000;
  const std::vector<int64_t> keys = Mixed({{0, 30}, {1, 10}}, 8);
  std::vector<int> times(keys.size());
  for (int seed = 0; seed < kSeeds; ++seed) {
    for (int64_t row : Draw(keys, 10, seed).held_out) ++times[row];
  }
  // Shares are 7.5 and 2.5, of which the larger class gets the odd one: 8/30 and 2/10. Six deviations of a binomial count.
  for (size_t row = 0; row < keys.size(); ++row) {
    const double p = keys[row] == 0 ? 8.0 / 30 : 0.2;
    EXPECT_NEAR(times[row], kSeeds * p, 6 * std::sqrt(kSeeds * p * (1 - p))) << "row " << row;
  }
}

TEST(SplitTest, CountsByClassAreThoseOfTheParts) {
  const std::vector<int64_t> keys = {4, -1, 4, 4, 9, -1};
  const std::vector<int64_t> held_out = {1, 3};
  const std::vector<int64_t> test = {2, 4};
  const std::vector<ClassSplit> counts = CountClasses(keys, held_out, test);
  ASSERT_EQ(counts.size(), 3u);
  const int64_t expected[3][4] = {{-1, 1, 1, 0}, {4, 1, 1, 1}, {9, 0, 0, 1}};
  for (int c = 0; c < 3; ++c) {
    EXPECT_EQ(counts[c].key, expected[c][0]);
    EXPECT_EQ(counts[c].training, expected[c][1]);
    EXPECT_EQ(counts[c].held_out, expected[c][2]);
    EXPECT_EQ(counts[c].test, expected[c][3]);
  }
}

}  // namespace
}  // namespace gradus
