// The schedule by its closed form, inside a combinator on another clock, without end, and what it
// refuses (gradus/testing/schedule_conformance.h).

#include <gtest/gtest.h>

#include <cmath>
#include <string>

#include "gradus/testing/schedule_conformance.h"

namespace acme {
namespace {

constexpr char kPlain[] = "[acme.square_root_decay] { initial_learning_rate: 0.5 decay_steps: 4 }";
constexpr char kToAHorizon[] =
    "[acme.square_root_decay] { initial_learning_rate: 0.5 decay_steps: 4 end_learning_rate: 0.1 "
    "horizon: 12 }";

// 100 examples an epoch in batches of 10.
gradus::Timeline TenUpdatesAnEpoch() {
  gradus::Timeline::Plan plan;
  plan.examples_per_epoch = 100;
  plan.examples_per_update = 10;
  return gradus::Timeline(plan);
}

gradus::TimedSchedule Make(const std::string& text) {
  const auto schedule = gradus::ParseSchedule(text, TenUpdatesAnEpoch());
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  return schedule.ok() ? *schedule : gradus::TimedSchedule();
}

TEST(SquareRootDecay, IsItsClosedForm) {
  const auto plain = Make(kPlain), to_a_horizon = Make(kToAHorizon);
  ASSERT_TRUE(plain.ok() && to_a_horizon.ok());
  for (int t = 0; t <= 30; ++t) {
    // Roundings of numbers of at most 0.5.
    EXPECT_NEAR(gradus::ValueAt(plain, t), 0.5 / std::sqrt(1 + t / 4.0), 1e-15) << t;
    const double until = t < 12 ? t : 12;
    EXPECT_NEAR(gradus::ValueAt(to_a_horizon, t), 0.1 + 0.4 / std::sqrt(1 + until / 4.0), 1e-15)
        << t;
  }
  EXPECT_EQ(gradus::ValueAt(plain, 0), 0.5);
  EXPECT_EQ(gradus::ValueAt(plain, 12), 0.25);
}

TEST(SquareRootDecay, IsAPureFunctionOfTimeAndFiniteForever) {
  for (const char* text : {kPlain, kToAHorizon}) {
    EXPECT_EQ(gradus::CheckIsPure(text), "") << text;
    EXPECT_EQ(gradus::CheckIsFiniteForever(Make(text)), "") << text;
  }
}

TEST(SquareRootDecay, GoesWithClocksAndCombinators) {
  const auto schedule = Make(
      "sequence { part { length: 20 schedule { constant: 1 } } part { schedule { clock: EPOCHS"
      " [acme.square_root_decay] { initial_learning_rate: 0.5 decay_steps: 1 } } } }");
  ASSERT_TRUE(schedule.ok());
  EXPECT_EQ(gradus::ValueAt(schedule, 19), 1);
  EXPECT_EQ(gradus::ValueAt(schedule, 20), 0.5);
  EXPECT_EQ(gradus::ValueAt(schedule, 50), 0.25);  // Three epochs later.
}

TEST(SquareRootDecay, RefusesWhatIsOutOfRange) {
  const gradus::RefusedText refused[] = {
      {"[acme.square_root_decay] {\n initial_learning_rate: 0.5\n decay_steps: 0 }",
       "text:3:15: (acme.square_root_decay): decay_steps 0 must be above 0 "
       "[(acme.square_root_decay).decay_steps]"},
      {"[acme.square_root_decay] {\n initial_learning_rate: 0.5\n decay_steps: 4\n"
       " end_learning_rate: 1 }",
       "text:4:21: square_root_decay: end_learning_rate is above initial_learning_rate; "
       "it only falls [(acme.square_root_decay).end_learning_rate]"}};
  for (const gradus::RefusedText& each : refused) {
    EXPECT_EQ(std::string(gradus::ParseSchedule(each.text).status().message()), each.message);
  }
}

}  // namespace
}  // namespace acme
