// The schedule by its formula, inside a combinator of Gradus on another clock, and what it refuses. Built and run against an installed
// Gradus with
//
//   protoc -I. -I$(pkg-config --variable=protodir gradus) --cpp_out=. square_root_decay.proto
//   g++ -std=c++17 *.cc -I. -o test $(pkg-config --cflags --libs gradus) -lgtest -lgtest_main

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "gradus/base/text_config.h"
#include "gradus/train/schedule.h"

namespace acme {
namespace {

// 100 examples an epoch in batches of 10.
gradus::TimedSchedule Make(const std::string& text, std::string* errors) {
  gradus::Diagnostics diagnostics;
  const gradus::ParsedConfig parsed = gradus::ParseTextConfig(
      text, "text", gradus::ScheduleConfig::default_instance(), {}, &diagnostics);
  gradus::Timeline::Plan plan;
  plan.examples_per_epoch = 100;
  plan.examples_per_update = 10;
  gradus::TimedSchedule made;
  if (diagnostics.ok()) {
    made = gradus::TimedSchedule::Make(static_cast<const gradus::ScheduleConfig&>(*parsed.message),
                                       std::make_shared<gradus::Timeline>(plan),
                                       gradus::ConfigPath(), &diagnostics);
  }
  *errors = std::string(diagnostics.ToStatus().message());
  return made;
}

TEST(SquareRootDecay, HalvesInThreeTimesItsSteps) {
  std::string errors;
  const auto schedule =
      Make("[acme.square_root_decay] { initial_learning_rate: 0.5 decay_steps: 4 }", &errors);
  ASSERT_EQ(errors, "");
  EXPECT_EQ(schedule.At(schedule.timeline().At(0)), 0.5);
  EXPECT_EQ(schedule.At(schedule.timeline().At(12)), 0.25);
}

TEST(SquareRootDecay, GoesWithClocksAndCombinators) {
  std::string errors;
  const auto schedule = Make(
      "sequence { part { length: 20 schedule { constant: 1 } } part { schedule { clock: EPOCHS"
      " [acme.square_root_decay] { initial_learning_rate: 0.5 decay_steps: 1 } } } }",
      &errors);
  ASSERT_EQ(errors, "");
  EXPECT_EQ(schedule.At(schedule.timeline().At(19)), 1);
  EXPECT_EQ(schedule.At(schedule.timeline().At(20)), 0.5);
  EXPECT_EQ(schedule.At(schedule.timeline().At(50)), 0.25);  // Three epochs later.
}

TEST(SquareRootDecay, WhatIsOutOfRangeIsRefusedByTheProtosRules) {
  std::string errors;
  Make("[acme.square_root_decay] { initial_learning_rate: 0.5 decay_steps: 0 }", &errors);
  EXPECT_EQ(errors.substr(0, 11), "text:1:68: ") << errors;
  EXPECT_NE(errors.find("decay_steps 0 must be above 0"), std::string::npos) << errors;
}

}  // namespace
}  // namespace acme
