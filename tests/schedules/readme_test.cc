// schedules/README.md, held to what there is: every schedule is in its table, and every text that
// is said to reproduce a library is a schedule.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/testing/schedule_conformance.h"

namespace gradus {
namespace {

std::string Readme() {
  std::ifstream file("schedules/README.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(SchedulesReadmeTest, NamesEverySchedule) {
  for (const std::string& key : Registry<ScheduleFactory>::Get().Keys()) {
    if (!absl::StartsWith(key, "gradus.ScheduleConfig.")) continue;
    const std::string name(absl::StripPrefix(key, "gradus.ScheduleConfig."));
    EXPECT_TRUE(absl::StrContains(Readme(), "\n    " + name + " ")) << name;
  }
}

TEST(SchedulesReadmeTest, EveryTextInItIsASchedule) {
  // Something for each clock to count.
  Timeline::Plan plan;
  plan.examples_per_epoch = 10;
  plan.examples_per_update = 4;
  plan.epochs = 3;
  std::string text;
  bool in_block = false;
  int texts = 0;
  for (absl::string_view line : absl::StrSplit(Readme(), '\n')) {
    if (absl::StartsWith(line, "```")) in_block = !in_block;
    if (!in_block || absl::StartsWith(line, "```") || absl::StartsWith(line, "#")) continue;
    absl::StrAppend(&text, line, "\n");
    if (absl::StartsWith(line, " ") || absl::EndsWith(line, "{")) continue;  // It goes on.
    const auto schedule = ParseSchedule(text, Timeline(plan));
    EXPECT_TRUE(schedule.ok()) << text << schedule.status();
    ++texts;
    text.clear();
  }
  EXPECT_GT(texts, 60);
}

}  // namespace
}  // namespace gradus
