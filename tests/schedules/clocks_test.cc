// Schedules on every clock, against a loop that counts batches; and parts on other clocks.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

Timeline TimelineOf(int64_t per_epoch, int64_t per_update, absl::optional<int64_t> epochs = {},
                    absl::optional<int64_t> max_steps = {}) {
  Timeline::Plan plan;
  plan.examples_per_epoch = per_epoch;
  plan.examples_per_update = per_update;
  plan.epochs = epochs;
  plan.max_steps = max_steps;
  return Timeline(plan);
}

TimedSchedule Make(const std::string& text, const Timeline& timeline = {}) {
  auto schedule = ParseSchedule(text, timeline);
  EXPECT_TRUE(schedule.ok()) << schedule.status();
  return schedule.ok() ? *std::move(schedule) : TimedSchedule();
}

std::string Refusal(const std::string& text, const Timeline& timeline = {}) {
  return std::string(ParseSchedule(text, timeline).status().message());
}

// From 1 to 0 over `length`.
std::string Line(const std::string& clock, double length) {
  return absl::StrCat("clock: ", clock,
                      " linear { initial_learning_rate: 1 end_learning_rate: 0 steps: ", length,
                      " }");
}

double LineAt(double time, double length) { return 1 - std::min(time / length, 1.0); }

// Calls f(update, examples, epoch, rows of the epoch) before each update of a run in which an
// epoch's last batch has what is left.
template <class F>
void ForEachUpdate(int64_t per_epoch, int64_t per_update, int64_t epochs, const F& f) {
  int64_t update = 0, examples = 0;
  for (int64_t epoch = 0; epoch < epochs; ++epoch) {
    for (int64_t row = 0; row < per_epoch; row += per_update) {
      f(update, examples + row, epoch, row);
      ++update;
    }
    examples += per_epoch;
  }
}

TEST(ClocksTest, ACurveIsTheSameFunctionOfWhateverItsClockCounts) {
  // 60 and 10 examples: with and without a short last batch, with an accumulation of 3 x 4, and one
  // update an epoch.
  for (const auto& [per_epoch, per_update] :
       std::vector<std::pair<int64_t, int64_t>>{{60, 4}, {10, 4}, {10, 3 * 4}, {60, 7}}) {
    const Timeline timeline = TimelineOf(per_epoch, per_update, 8);
    const TimedSchedule steps = Make(Line("STEPS", 20), timeline);
    const TimedSchedule epochs = Make(Line("EPOCHS", 2.5), timeline);
    const TimedSchedule whole_epochs = Make(Line("WHOLE_EPOCHS", 2.5), timeline);
    const TimedSchedule examples = Make(Line("EXAMPLES", 33), timeline);
    const TimedSchedule run = Make(Line("RUN", 0.75), timeline);
    const double size = static_cast<double>(per_epoch);
    ForEachUpdate(per_epoch, per_update, 8, [&](int64_t k, double seen, double epoch, double row) {
      // Two or three roundings of numbers up to 1.
      EXPECT_NEAR(ValueAt(steps, k), LineAt(k, 20), 1e-15);
      EXPECT_NEAR(ValueAt(epochs, k), LineAt(epoch + row / size, 2.5), 1e-15);
      EXPECT_NEAR(ValueAt(whole_epochs, k), LineAt(epoch, 2.5), 1e-15);
      EXPECT_NEAR(ValueAt(examples, k), LineAt(seen, 33), 1e-15);
      EXPECT_NEAR(ValueAt(run, k), LineAt(seen / (8 * size), 0.75), 1e-15);
    });
  }
}

TEST(ClocksTest, TheFractionOfARunThatEndsAtAnUpdateCountsUpdates) {
  const TimedSchedule run = Make(Line("RUN", 1), TimelineOf(10, 4, 100, 20));
  for (int64_t k = 0; k <= 25; ++k) EXPECT_NEAR(ValueAt(run, k), LineAt(k / 20.0, 1), 1e-15);
}

TEST(ClocksTest, ABatchSizeThatChangesInTheMiddleOfAnEpochIsCounted) {
  Timeline timeline = TimelineOf(10, 4);
  timeline.ChangePace(timeline.At(4), 2);  // Epoch 1.4.
  timeline.ChangePace(timeline.At(6), 1);  // Epoch 1.8.
  const TimedSchedule epochs = Make(Line("EPOCHS", 4), timeline);
  const TimedSchedule examples = Make(Line("EXAMPLES", 40), timeline);
  const double seen[] = {0, 4, 8, 10, 14, 16, 18, 19, 20, 21};
  for (int k = 0; k < 10; ++k) {
    EXPECT_NEAR(ValueAt(epochs, k), LineAt(seen[k], 40), 1e-15) << k;
    EXPECT_NEAR(ValueAt(examples, k), LineAt(seen[k], 40), 1e-15) << k;
  }
}

TEST(ClocksTest, APartOnAnotherClockIsTheCurveThereSinceThePartBegan) {
  // The part begins at update 2; a loop knows what each clock showed then.
  const Timeline timeline = TimelineOf(10, 4, 8);
  for (const std::string clock : {"STEPS", "EPOCHS", "WHOLE_EPOCHS", "EXAMPLES", "RUN"}) {
    const TimedSchedule schedule =
        Make("sequence { part { length: 2 schedule { constant: 5 } } part { schedule { " +
                 Line(clock, 1.7) + " } } }",
             timeline);
    double start = 0;
    ForEachUpdate(10, 4, 8, [&](int64_t k, double seen, double epoch, double row) {
      const double now = clock == "STEPS"          ? static_cast<double>(k)
                         : clock == "EPOCHS"       ? epoch + row / 10
                         : clock == "WHOLE_EPOCHS" ? epoch
                         : clock == "EXAMPLES"     ? seen
                                                   : seen / 80;
      if (k == 2) start = now;
      EXPECT_NEAR(ValueAt(schedule, k), k < 2 ? 5 : LineAt(now - start, 1.7), 1e-14)
          << clock << " at update " << k;
    });
  }
}

TEST(ClocksTest, RepetitionsOfUpdatesInEpochsBeginWithTheEpochs) {
  const TimedSchedule schedule =
      Make("clock: EPOCHS repeat { length: 2 factor: 0.5 schedule { " + Line("STEPS", 8) + " } }",
           TimelineOf(10, 4));
  // Two epochs are six updates.
  for (int64_t k = 0; k < 30; ++k) {
    EXPECT_NEAR(ValueAt(schedule, k), LineAt(k % 6, 8) * std::pow(0.5, k / 6), 1e-15) << k;
  }
}

TEST(ClocksTest, ClocksNestInOneAnother) {
  const TimedSchedule schedule = Make(
      "clock: RUN sequence { part { length: 0.5 schedule { clock: EPOCHS sequence { part { "
      "length: 1 schedule { clock: EXAMPLES sequence { part { length: 8 schedule { constant: 1 "
      "} } part { schedule { constant: 2 } } } } } part { schedule { constant: 3 } } } } } part "
      "{ schedule { constant: 4 } } }",
      TimelineOf(10, 4, 4));
  // Examples 8 and 10, epoch 1, half of the run at epoch 2.
  const double values[] = {1, 1, 2, 3, 3, 3, 4, 4};
  for (int k = 0; k < 8; ++k) EXPECT_EQ(ValueAt(schedule, k), values[k]) << k;
}

TEST(ClocksTest, WhatCannotBeConvertedIsSaidWhereItStands) {
  EXPECT_EQ(Refusal("clock: RUN\nconstant: 1"),
            "text:1:8: clock RUN cannot be read: the run has no end [clock]");
  EXPECT_EQ(Refusal("constant: 1\nclock: EPOCHS"),
            "text:2:8: clock EPOCHS cannot be read: the number of training examples is not known "
            "[clock]");
  EXPECT_EQ(Refusal("product {\n  factor { constant: 1 }\n  factor { clock: RUN constant: 1 }\n}",
                    TimelineOf(10, 4)),
            "text:3:19: clock RUN inside STEPS cannot be converted: the run has no end "
            "[product.factor[1].clock]");
  EXPECT_EQ(Refusal("clock: EPOCHS scale { factor: 1 schedule { clock: STEPS constant: 1 } }",
                    TimelineOf(10, 0)),
            "text:1:51: clock STEPS inside EPOCHS cannot be converted: epochs and steps need the "
            "number of examples per update, which is not known [scale.schedule.clock]");
  // Every one of them.
  EXPECT_EQ(
      Refusal("product { factor { clock: RUN constant: 1 } factor { clock: EPOCHS constant: 1 "
              "} }"),
      "text:1:27: clock RUN inside STEPS cannot be converted: the run has no end "
      "[product.factor[0].clock]\n"
      "text:1:61: clock EPOCHS inside STEPS cannot be converted: the number of training "
      "examples is not known [product.factor[1].clock]");
  EXPECT_TRUE(ParseSchedule("clock: RUN constant: 1", TimelineOf(10, 4, 3)).ok());
}

TEST(ClocksTest, SchedulesNestDeeply) {
  ScheduleConfig config;
  config.set_constant(1);
  const Timeline timeline = TimelineOf(10, 4, 3);
  for (int depth = 0; depth < 60; ++depth) {
    ScheduleConfig around;
    around.set_clock(depth % 2 == 0 ? EPOCHS : STEPS);
    around.mutable_scale()->set_factor(2);
    *around.mutable_scale()->mutable_schedule() = config;
    config = around;
  }
  Diagnostics diagnostics;
  const TimedSchedule schedule =
      TimedSchedule::Make(config, std::make_shared<Timeline>(timeline), ConfigPath(), &diagnostics);
  ASSERT_TRUE(schedule.ok()) << diagnostics.ToStatus();
  EXPECT_EQ(ValueAt(schedule, 5), std::ldexp(1, 60));
}

TEST(ClocksTest, LengthsThatAreAddedUpAreReached) {
  // A hundred tenths of an epoch, each part with its number; ten updates an epoch.
  std::string text = "clock: EPOCHS sequence { ";
  for (int i = 0; i < 100; ++i) {
    absl::StrAppend(&text, "part { length: 0.1 schedule { constant: ", i, " } } ");
  }
  const TimedSchedule schedule = Make(text + "}", TimelineOf(10, 1));
  for (int k = 0; k < 100; ++k) EXPECT_EQ(ValueAt(schedule, k), k);
  EXPECT_EQ(ValueAt(schedule, 200), 99);
}

TEST(ClocksTest, AScheduleHasTheLengthOfItsParts) {
  const Timeline timeline = TimelineOf(10, 4, 8);
  const auto length = [&](const std::string& text) {
    return Make(text, timeline).schedule().length();
  };
  const std::string line = "{ linear { initial_learning_rate: 1 end_learning_rate: 0 steps: 6 } }";
  const double none = std::numeric_limits<double>::infinity();
  EXPECT_EQ(length("sequence { part { length: 2 schedule " + line + " } part { schedule " + line +
                   " } }"),
            8);
  EXPECT_EQ(length("sequence { part { length: 2 schedule { constant: 1 } } part { schedule { "
                   "constant: 1 } } }"),
            none);
  EXPECT_EQ(length("sequence { part { length: 2 schedule { constant: 1 } } part { length: 3 "
                   "schedule { constant: 1 } } }"),
            5);
  EXPECT_EQ(length("product { factor " + line + " factor { scale { factor: 2 schedule " + line +
                   " } } }"),
            6);
  EXPECT_EQ(length("product { factor " + line + " factor { constant: 1 } }"), none);
  EXPECT_EQ(length("warmup { steps: 4 then " + line + " }"), 10);
  EXPECT_EQ(length("warmup { steps: 4 first: 1 then " + line + " }"), 9);
  EXPECT_EQ(length("warmup { steps: 4 overlap: true then " + line + " }"), 6);
  EXPECT_EQ(length("repeat { schedule " + line + " }"), none);
  EXPECT_EQ(length("repeat { times: 3 schedule " + line + " }"), 18);
  EXPECT_EQ(length("shift { by: 2 schedule " + line + " }"), 8);
  EXPECT_EQ(length("shift { by: -2 schedule " + line + " }"), 4);
  EXPECT_EQ(length("clamp { min: 0.1 schedule " + line + " }"), 6);
  EXPECT_EQ(length("noise { schedule " + line + " }"), none);
  EXPECT_EQ(length("noise { end: 9 schedule " + line + " }"), 9);
  EXPECT_EQ(length("table { path: \"tests/schedules/testdata/rates.csv\" }"), 10);
  // Six updates are two epochs.
  EXPECT_EQ(length("clock: EPOCHS scale { factor: 1 schedule { clock: STEPS linear { "
                   "initial_learning_rate: 1 end_learning_rate: 0 steps: 6 } } }"),
            2);
}

}  // namespace
}  // namespace gradus
