// Runs what every schedule owes (tests/testing/schedule_conformance.h) over all schedules that are
// registered.

#include <gtest/gtest.h>

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
    const auto schedule = ParseSchedule(example.text, &key);
    EXPECT_TRUE(schedule.ok()) << schedule.status();
    EXPECT_EQ(key, GetParam()) << example.text;
    EXPECT_FALSE(example.golden.empty()) << example.text << " has no golden values";
  }
}

TEST_P(ScheduleConformance, GivesTheGoldenValues) {
  for (const ScheduleExample& example : examples().good) {
    const auto schedule = ParseSchedule(example.text);
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    for (const auto& golden : example.golden) {
      // Ten digits after the point are known.
      EXPECT_NEAR(ValueAt(**schedule, golden.first), golden.second, 5.1e-11)
          << example.text << " at update " << golden.first;
    }
  }
}

TEST_P(ScheduleConformance, IsAPureFunctionOfProgress) {
  for (const ScheduleExample& example : examples().good) {
    EXPECT_EQ(CheckIsPure(example.text), "") << example.text;
  }
}

TEST_P(ScheduleConformance, IsFiniteAndNotNegativeForever) {
  for (const ScheduleExample& example : examples().good) {
    const auto schedule = ParseSchedule(example.text);
    ASSERT_TRUE(schedule.ok()) << schedule.status();
    EXPECT_EQ(CheckIsFiniteAndNotNegativeForever(**schedule), "") << example.text;
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

TEST(ScheduleRegistryTest, HoldsTheSchedulesOfThisTreeEachOnce) {
  EXPECT_TRUE(Registry<ScheduleFactory>::Get().RegistrationStatus().ok());
  EXPECT_EQ(Registry<ScheduleFactory>::Get().Keys(),
            (std::vector<std::string>{"gradus.ScheduleConfig.constant",
                                      "gradus.ScheduleConfig.cosine_decay",
                                      "gradus.ScheduleConfig.exponential_decay",
                                      "gradus.ScheduleConfig.piecewise_constant_decay"}));
}

}  // namespace
}  // namespace gradus
