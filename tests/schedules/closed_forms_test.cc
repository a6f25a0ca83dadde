// Schedules against their formulas, written a second time and the long way round.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

TimedSchedule Make(const std::string& text) {
  auto schedule = ParseSchedule(text);
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  return schedule.ok() ? *std::move(schedule) : TimedSchedule();
}

TEST(ExponentialDecayTest, MultipliesByTheSameNumberEveryUpdate) {
  const auto schedule =
      Make("exponential_decay { initial_learning_rate: 0.01 decay_steps: 1000 decay_rate: 0.96 }");
  // A product of 5000 factors gathers an error of at most 5000 half units in the last place.
  const double factor = std::pow(0.96, 1e-3);
  double product = 0.01;
  for (int64_t k = 0; k <= 5000; ++k) {
    EXPECT_NEAR(ValueAt(schedule, k), product, product * 5000 * 1.2e-16);
    product *= factor;
  }
}

TEST(ExponentialDecayTest, AStaircaseFallsOnlyAtMultiplesOfItsSteps) {
  const auto schedule = Make(
      "exponential_decay { initial_learning_rate: 1 decay_steps: 3 decay_rate: 0.5 staircase: true "
      "}");
  double stair = 1;
  for (int64_t k = 0; k < 60; ++k) {
    if (k > 0 && k % 3 == 0) stair /= 2;
    EXPECT_EQ(ValueAt(schedule, k), stair);  // Powers of two are exact.
  }
}

TEST(PiecewiseConstantDecayTest, CountsTheBoundariesThatLieBehind) {
  const auto schedule =
      Make("piecewise_constant_decay { boundaries: [3, 4, 10] values: [4, 3, 2, 1] }");
  for (int64_t k = 0; k < 20; ++k)
    EXPECT_EQ(ValueAt(schedule, k), 4 - (k > 3) - (k > 4) - (k > 10));
}

TEST(CosineDecayTest, IsTheSquareOfAHalfAngle) {
  const auto schedule =
      Make("cosine_decay { initial_learning_rate: 0.2 decay_steps: 100 alpha: 0.05 }");
  for (int64_t k = 0; k <= 200; ++k) {
    // (1 + cos x) / 2 = cos^2(x / 2)
    const double half = std::cos(std::acos(-1.0) * std::min<double>(k, 100) / 200);
    EXPECT_NEAR(ValueAt(schedule, k), 0.2 * (0.95 * half * half + 0.05), 1e-16);
  }
}

TEST(CosineDecayTest, WarmUpIsAStraightLineThatMeetsTheCosine) {
  const auto schedule = Make(
      "cosine_decay { initial_learning_rate: 0.01 decay_steps: 50 warmup_target: 0.11 "
      "warmup_steps: 10 }");
  // Three roundings of numbers below 0.125: each at most 7e-18.
  for (int64_t k = 0; k < 10; ++k) EXPECT_NEAR(ValueAt(schedule, k), 0.01 + 0.01 * k, 3e-17);
  EXPECT_EQ(ValueAt(schedule, 10), 0.11);
  EXPECT_NEAR(ValueAt(schedule, 35), 0.055, 3e-17);
  EXPECT_NEAR(ValueAt(schedule, 60), 0, 3e-17);
}

}  // namespace
}  // namespace gradus
