// What noise is like: how it is distributed, what it depends on and what it does not.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <set>

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

constexpr int kDraws = 100000;

TimedSchedule Make(const std::string& text, const Timeline& timeline = {}) {
  auto schedule = ParseSchedule(text, timeline);
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  return schedule.ok() ? *std::move(schedule) : TimedSchedule();
}

// n of the updates from 0 on.
std::vector<double> Draws(const std::string& fields) {
  const TimedSchedule schedule = Make("noise { " + fields + " schedule { constant: 1 } }");
  std::vector<double> draws(kDraws);
  for (int k = 0; k < kDraws; ++k) draws[k] = ValueAt(schedule, k) - 1;
  return draws;
}

// The largest distance of the draws' distribution from one that is symmetric on [-1, 1], times
// sqrt(draws): Kolmogorov's statistic, which is above 2 once in 1500 times.
template <class Distribution>
double Distance(std::vector<double> draws, const Distribution& distribution) {
  std::sort(draws.begin(), draws.end());
  double most = 0;
  for (size_t i = 0; i < draws.size(); ++i) {
    const double below = static_cast<double>(i) / static_cast<double>(draws.size());
    most = std::max(most, std::abs(distribution(draws[i]) - below));
  }
  return most * std::sqrt(static_cast<double>(draws.size()));
}

double NormalBelow(double x) { return 0.5 * std::erfc(-x / std::sqrt(2.0)); }

TEST(NoiseTest, NormalNumbersOutsideOfTheBoundAreDrawnAgain) {
  for (const double pct : {1.0, 0.67, 0.1}) {
    const std::vector<double> draws = Draws(absl::StrCat("pct: ", pct));
    for (const double n : draws) ASSERT_LE(std::abs(n), pct * (1 + 1e-12));
    const auto distribution = [&](double x) {
      return (NormalBelow(x) - NormalBelow(-pct)) / (NormalBelow(pct) - NormalBelow(-pct));
    };
    EXPECT_LT(Distance(draws, distribution), 2) << pct;
  }
  // A uniform distribution is told from a normal one by the same test.
  const auto uniform = [](double x) { return (x + 1) / 2; };
  EXPECT_GT(Distance(Draws("pct: 1"), uniform), 2);
}

TEST(NoiseTest, UniformNumbersFillTheBoundEvenly) {
  for (const double pct : {1.0, 0.2}) {
    const auto uniform = [pct](double x) { return (x / pct + 1) / 2; };
    EXPECT_LT(Distance(Draws(absl::StrCat("distribution: UNIFORM pct: ", pct)), uniform), 2);
  }
}

TEST(NoiseTest, NeighboursAndSeedsHaveNothingToDoWithOneAnother) {
  const std::vector<double> one = Draws("pct: 1 seed: 1"), other = Draws("pct: 1 seed: 2");
  double neighbours = 0, seeds = 0, square = 0;
  for (int k = 0; k + 1 < kDraws; ++k) {
    neighbours += one[k] * one[k + 1];
    seeds += one[k] * other[k];
    square += one[k] * one[k];
  }
  // A correlation of independent numbers deviates by 1 / sqrt(draws); four of that.
  EXPECT_LT(std::abs(neighbours / square), 4 / std::sqrt(kDraws));
  EXPECT_LT(std::abs(seeds / square), 4 / std::sqrt(kDraws));
}

TEST(NoiseTest, IsOnTopOfTheScheduleFromItsBeginningToItsEnd) {
  const TimedSchedule plain =
      Make("linear { initial_learning_rate: 1 end_learning_rate: 0.1 steps: 9 }");
  const TimedSchedule noisy = Make(
      "noise { begin: 3 end: 7 pct: 0.5 schedule { linear { initial_learning_rate: 1 "
      "end_learning_rate: 0.1 steps: 9 } } }");
  for (int k = 0; k < 12; ++k) {
    const double ratio = ValueAt(noisy, k) / ValueAt(plain, k);
    if (k >= 3 && k < 7) {
      EXPECT_NE(ratio, 1);
      EXPECT_LE(std::abs(ratio - 1), 0.5 + 1e-12);
    } else {
      EXPECT_EQ(ratio, 1);
    }
  }
}

TEST(NoiseTest, OnWholeEpochsThereIsOneNumberForAnEpoch) {
  Timeline::Plan plan;
  plan.examples_per_epoch = 10;
  plan.examples_per_update = 4;
  const std::string text = "noise { schedule { constant: 1 } }";
  const TimedSchedule by_epoch = Make("clock: WHOLE_EPOCHS " + text, Timeline(plan));
  std::set<double> values;
  for (int k = 0; k < 30; ++k) {
    values.insert(ValueAt(by_epoch, k));
    EXPECT_EQ(ValueAt(by_epoch, k), ValueAt(by_epoch, k / 3 * 3));
  }
  EXPECT_EQ(values.size(), 10u);
}

TEST(NoiseTest, ARepetitionHasNoiseOfItsOwn) {
  const TimedSchedule repeated =
      Make("repeat { length: 5 schedule { noise { schedule { constant: 1 } } } }");
  std::set<double> values;
  for (int k = 0; k < 50; ++k) values.insert(ValueAt(repeated, k));
  EXPECT_EQ(values.size(), 50u);
}

}  // namespace
}  // namespace gradus
