// `gradus race` with a rule that a library brings.

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kTilt[] = "tests/plugins/libraries/acme_tilt.so";

TEST(Race, TakesTheRuleOfAPlugin) {
  const std::string folder = FreshFolder("race");
  const std::vector<std::string> race = {"race",
                                         "--rule",
                                         "adam {}",
                                         "--rule",
                                         "[acme.tilt] {}",
                                         "--rule",
                                         "[acme.tilt] { memory: 0.5 }",
                                         "--problems",
                                         "examples/race/diabetes.pbtxt",
                                         "--rates",
                                         "0.001,0.01,0.1",
                                         "--seeds",
                                         "2",
                                         "--out",
                                         folder + "/race"};
  const Outcome without = RunGradus(race);
  EXPECT_EQ(without.code, 1);
  EXPECT_TRUE(absl::StartsWith(without.err, "gradus: --rule 2:1:")) << without.err;
  std::vector<std::string> with = race;
  with.insert(with.end(), {"--plugin", kTilt});
  const Outcome outcome = RunGradus(with);
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* line : {"\nadam  ", "\nacme.tilt  ", "\n[acme.tilt] { memory: 0.5 }  "}) {
    EXPECT_TRUE(absl::StrContains(outcome.out, line)) << outcome.out;
  }
}

}  // namespace
}  // namespace gradus
