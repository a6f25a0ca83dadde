// Schedules against their formulas, written a second time and the long way round.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <string>

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

TimedSchedule Make(const std::string& text, const Timeline& timeline = {}) {
  auto schedule = ParseSchedule(text, timeline);
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  return schedule.ok() ? *std::move(schedule) : TimedSchedule();
}

Timeline OfUpdates(int64_t count) {
  Timeline::Plan plan;
  plan.max_steps = count;
  return Timeline(plan);
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

TEST(CosineDecayTest, APowerOfTheTimeAndOneOfTheCosineKeepBothEnds) {
  const auto schedule = Make(
      "cosine_decay { initial_learning_rate: 1 decay_steps: 8 end_learning_rate: 0.25 exponent: 3 "
      "k_decay: 0.5 }");
  EXPECT_EQ(ValueAt(schedule, 0), 1);
  // At 2 of 8 updates half of the cosine is done: (1/2)^3 of the way up from the end.
  EXPECT_NEAR(ValueAt(schedule, 2), 0.25 + 0.75 / 8, 1e-15);
  EXPECT_EQ(ValueAt(schedule, 8), 0.25);
  EXPECT_EQ(ValueAt(schedule, int64_t{1} << 53), 0.25);
}

TEST(CosineDecayRestartsTest, BeginsEveryCycleWhereWholeNumbersAddedUpSaySo) {
  struct Growth {
    const char* text;
    int64_t first, numerator, denominator;
  };
  for (const Growth& growth : {Growth{"first_decay_steps: 1 t_mul: 1", 1, 1, 1},
                               Growth{"first_decay_steps: 7 t_mul: 1", 7, 1, 1},
                               Growth{"first_decay_steps: 1 t_mul: 2", 1, 2, 1},
                               Growth{"first_decay_steps: 5 t_mul: 3", 5, 3, 1},
                               Growth{"first_decay_steps: 4096 t_mul: 1.5", 4096, 3, 2},
                               Growth{"first_decay_steps: 65536 t_mul: 1.25", 65536, 5, 4}}) {
    const auto schedule =
        Make(std::string("cosine_decay_restarts { initial_learning_rate: 1 ") + growth.text + " }");
    int64_t begin = 0, length = growth.first;
    for (int cycle = 0; cycle < 8; ++cycle) {  // 1.5^8 and 1.25^8 still give whole lengths.
      EXPECT_EQ(ValueAt(schedule, begin), 1) << growth.text << " at " << begin;
      // Its last update is the lowest; a cycle of one or two has no lower one than that.
      if (length > 2) {
        EXPECT_LT(ValueAt(schedule, begin + length - 1), 0.3) << growth.text;
      }
      begin += length;
      length = length * growth.numerator / growth.denominator;
    }
  }
}

TEST(WarmupStableDecayTest, ItsPartsMeetWithoutAJump) {
  for (const char* shape : {"LINEAR", "COSINE", "ONE_MINUS_SQRT"}) {
    const auto schedule = Make(std::string("clock: RUN warmup_stable_decay { peak_learning_rate: 1 "
                                           "warmup_steps: 0.25 stable_steps: 0.25 decay_steps: 0.5 "
                                           "warmup_type: ") +
                                   shape + " decay_type: " + shape + " }",
                               OfUpdates(1000000));
    for (const int64_t joint : {250000, 500000}) {
      // Where it is steepest, 1 - sqrt(p) falls by sqrt(1 / 250000) in an update.
      EXPECT_NEAR(ValueAt(schedule, joint - 1), 1, 2.1e-3) << shape;
      EXPECT_EQ(ValueAt(schedule, joint), 1) << shape;
      EXPECT_NEAR(ValueAt(schedule, joint + 1), 1, 2.1e-3) << shape;
    }
    EXPECT_EQ(ValueAt(schedule, 1000000), 0) << shape;
  }
}

TEST(ScheduleLengthTest, IsWhereACurveEnds) {
  const double never = std::numeric_limits<double>::infinity();
  const struct {
    const char* text;
    double length;
  } cases[] = {
      {"constant: 1", never},
      {"exponential_decay { initial_learning_rate: 1 decay_steps: 4 decay_rate: 0.5 }", never},
      {"exponential_decay { initial_learning_rate: 1 decay_steps: 4 decay_rate: 0.5 "
       "end_learning_rate: 0.25 }",
       8},
      {"exponential_decay { initial_learning_rate: 1 decay_steps: 4 decay_rate: 2 "
       "end_learning_rate: 3 staircase: true }",
       8},
      {"inverse_time_decay { initial_learning_rate: 1 decay_steps: 4 decay_rate: 2 }", never},
      {"piecewise_constant_decay { boundaries: [2, 5] values: [3, 2, 1] }", 5},
      {"multi_step { initial_learning_rate: 1 milestones: [3, 3] one_at_a_time: true }", 4},
      {"step { initial_learning_rate: 1 step_size: 3 }", never},
      {"polynomial_decay { initial_learning_rate: 1 decay_steps: 4 }", 4},
      {"polynomial_decay { initial_learning_rate: 1 decay_steps: 4 cycle: true }", never},
      {"linear { initial_learning_rate: 1 end_learning_rate: 2 steps: 2.5 }", 2.5},
      {"cosine_decay { initial_learning_rate: 1 decay_steps: 4 }", 4},
      {"cosine_decay { initial_learning_rate: 0 warmup_target: 1 warmup_steps: 3 decay_steps: 4 }",
       7},
      {"cosine_decay { initial_learning_rate: 0 warmup_target: 1 warmup_steps: 3 decay_steps: 4 "
       "warmup: IN_DECAY_STEPS }",
       4},
      {"cosine_decay { initial_learning_rate: 0 warmup_target: 1 warmup_steps: 3 decay_steps: 4 "
       "warmup: OVER_DECAY }",
       4},
      {"cosine_decay_restarts { initial_learning_rate: 1 first_decay_steps: 3 }", never},
      {"cosine_decay_restarts { initial_learning_rate: 1 first_decay_steps: 3 cycle_limit: 3 }",
       21},
      {"cosine_decay_restarts { initial_learning_rate: 1 first_decay_steps: 3 t_mul: 1 "
       "cycle_limit: 3 }",
       9},
      {"one_cycle { max_learning_rate: 1 total_steps: 10 }", 9},
      {"one_cycle { max_learning_rate: 1 total_steps: 10 corners: EXACT }", 10},
      {"one_cycle_momentum { total_steps: 10 }", 9},
      {"cyclic { base_learning_rate: 0 max_learning_rate: 1 }", never},
      {"inverse_sqrt { peak_learning_rate: 1 }", never},
      {"warmup_stable_decay { peak_learning_rate: 1 warmup_steps: 1 stable_steps: 2 decay_steps: 3 "
       "}",
       6},
      {"sigmoid { base_learning_rate: 1 gamma: 1 step_size: 1 }", never},
      {"tanh { initial_learning_rate: 1 decay_steps: 4 }", 4},
      {"piecewise_interpolation { point { at: 1 value: 1 } point { at: 6 value: 2 } }", 6},
  };
  for (const auto& one : cases) {
    const auto schedule = Make(one.text);
    EXPECT_DOUBLE_EQ(schedule.schedule().length(), one.length) << one.text;
    if (one.length == never) continue;
    EXPECT_EQ(ValueAt(schedule, 30), ValueAt(schedule, int64_t{1} << 53)) << one.text;
  }
}

TEST(WholePeriodsTest, IsExactForWholeNumbersAndForgivesRoundings) {
  for (const int64_t length : {1, 2, 3, 7, 1000}) {
    for (const int64_t elapsed : {int64_t{0}, int64_t{6}, int64_t{999999999}, int64_t{1000000000},
                                  int64_t{999999999999999}, (int64_t{1} << 53) - 1}) {
      EXPECT_EQ(WholePeriods(static_cast<double>(elapsed), static_cast<double>(length)),
                static_cast<double>(elapsed / length))
          << elapsed << " / " << length;
    }
  }
  double sum = 0;  // Not exactly i / 10 for most i.
  for (int i = 0; i <= 100000; ++i, sum += 0.1) EXPECT_EQ(WholePeriods(sum, 0.1), i);
  EXPECT_EQ(WholePeriods(0.2999, 0.1), 2);
}

}  // namespace
}  // namespace gradus
