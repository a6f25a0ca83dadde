// Broken configurations, and broken commands for a run that trains, each with its exact message:
// what the parser, settings and rules find.

#include <gtest/gtest.h>

#include "gradus/rate_command.pb.h"
#include "gradus/run.pb.h"
#include "tests/broken/broken_case.h"

namespace gradus {
namespace {

constexpr char kConfigs[] = "tests/broken/testdata", kCommands[] = "tests/broken/testdata/commands";

void ExpectMessage(const BrokenCase& broken, const google::protobuf::Message& prototype) {
  Diagnostics diagnostics;
  ParseTextConfig(broken.text, broken.file, prototype, broken.settings, &diagnostics);
  EXPECT_EQ(diagnostics.ToStatus().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(std::string(diagnostics.ToStatus().message()), broken.message);
  for (const Finding& finding : diagnostics.findings()) EXPECT_FALSE(finding.code.empty());
}

class BrokenConfigTest : public testing::TestWithParam<std::string> {};

TEST_P(BrokenConfigTest, IsRefusedWithExactlyThisMessage) {
  ExpectMessage(ReadBrokenCase(kConfigs, GetParam()), RunConfig::default_instance());
}

INSTANTIATE_TEST_SUITE_P(Files, BrokenConfigTest, testing::ValuesIn(BrokenCasesIn(kConfigs)),
                         BrokenCaseName);

// What `gradus rate` puts into a run's folder, and what a program may put there itself.
class BrokenCommandTest : public testing::TestWithParam<std::string> {};

TEST_P(BrokenCommandTest, IsRefusedWithExactlyThisMessage) {
  ExpectMessage(ReadBrokenCase(kCommands, GetParam()), RateCommand::default_instance());
}

INSTANTIATE_TEST_SUITE_P(Files, BrokenCommandTest, testing::ValuesIn(BrokenCasesIn(kCommands)),
                         BrokenCaseName);

TEST(BrokenConfigsTest, ThereAreManyOfThem) {
  EXPECT_GE(BrokenCasesIn(kConfigs).size(), 95u);
  EXPECT_GE(BrokenCasesIn(kCommands).size(), 10u);
}

}  // namespace
}  // namespace gradus
