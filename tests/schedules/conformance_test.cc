// Runs what every schedule owes (tests/testing/schedule_conformance.h) over all schedules that are
// registered.

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

class ScheduleConformance : public testing::TestWithParam<std::string> {
 protected:
  static const ScheduleExamples& examples() {
    static const ScheduleExamples none;
    const ScheduleExamples* found = Registry<ScheduleExamples>::Get().Find(GetParam());
    return found == nullptr ? none : *found;
  }
};

TEST_P(ScheduleConformance, BringsExamplesOfItsOwnAndTextsThatItRefuses) {
  EXPECT_FALSE(examples().good.empty()) << GetParam() << " has no GRADUS_SCHEDULE_EXAMPLES";
  EXPECT_FALSE(examples().refused.empty()) << GetParam() << " has no texts that it refuses";
  for (const ScheduleExample& example : examples().good) {
    std::string key;
    const auto schedule = ParseSchedule(example.text, Timeline(example.plan), &key);
    EXPECT_TRUE(schedule.ok()) << schedule.status();
    EXPECT_EQ(key, GetParam()) << example.text;
    EXPECT_FALSE(example.golden.empty()) << example.text << " has no golden values";
  }
}

TEST_P(ScheduleConformance, GivesTheGoldenValues) {
  for (const ScheduleExample& example : examples().good) {
    const auto schedule = ParseSchedule(example.text, Timeline(example.plan));
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    for (const GoldenValue& golden : example.golden) {
      EXPECT_NEAR(ValueAt(*schedule, golden.update), golden.value, golden.tolerance)
          << example.text << " at update " << golden.update;
    }
  }
}

TEST_P(ScheduleConformance, IsAPureFunctionOfProgress) {
  for (const ScheduleExample& example : examples().good) {
    EXPECT_EQ(CheckIsPure(example.text, Timeline(example.plan)), "") << example.text;
  }
}

TEST_P(ScheduleConformance, IsFiniteForever) {
  for (const ScheduleExample& example : examples().good) {
    const auto schedule = ParseSchedule(example.text, Timeline(example.plan));
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    EXPECT_EQ(CheckIsFiniteForever(*schedule, example.may_be_negative), "") << example.text;
  }
}

TEST_P(ScheduleConformance, RefusesWhatIsOutOfRange) {
  for (const RefusedText& refused : examples().refused) {
    EXPECT_EQ(std::string(ParseSchedule(refused.text).status().message()), refused.message)
        << refused.text;
  }
}

std::string TestName(const testing::TestParamInfo<std::string>& info) {
  return absl::StrReplaceAll(absl::StripPrefix(info.param, "gradus.ScheduleConfig."), {{".", "_"}});
}

INSTANTIATE_TEST_SUITE_P(Schedules, ScheduleConformance,
                         testing::ValuesIn(Registry<ScheduleFactory>::Get().Keys()), TestName);

const google::protobuf::OneofDescriptor& Kinds() {
  return *ScheduleConfig::descriptor()->FindOneofByName("kind");
}

TEST(ScheduleRegistryTest, HoldsTheSchedulesOfThisTreeEachOnce) {
  EXPECT_TRUE(Registry<ScheduleFactory>::Get().RegistrationStatus().ok());
  std::vector<std::string> kinds;
  for (int i = 0; i < Kinds().field_count(); ++i) kinds.push_back(Kinds().field(i)->full_name());
  std::sort(kinds.begin(), kinds.end());
  EXPECT_EQ(Registry<ScheduleFactory>::Get().Keys(), kinds);
}

TEST(ScheduleRegistryTest, ATextWithoutAScheduleIsToldSomeThatThereAre) {
  const std::string message(ParseSchedule("").status().message());
  EXPECT_EQ(message.find("text:1:1: kind is missing; set one of constant, exponential_decay, "), 0u)
      << message;
}

}  // namespace
}  // namespace gradus
