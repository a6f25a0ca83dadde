// groups.jsonl: its lines, and that those of a run that was stopped are those of one that was not.

#include "gradus/api/groups_file.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/str_split.h"
#include "tests/api/rate_testing.h"

namespace gradus {
namespace {

GroupReport Report() {
  GroupReport report;
  report.group = "default";
  report.rule = "adam";
  report.learning_rate = 0.1;
  report.gradient_norm = 0;
  report.weight_norm = 2;
  report.update_norm = 0.5;
  report.update_to_weight = 0.25;
  report.effective_rate = std::numeric_limits<double>::infinity();
  return report;
}

constexpr char kLine[] =
    "{\"step\":3,\"group\":\"default\",\"rule\":\"adam\",\"learning_rate\":0.10000000000000001,"
    "\"gradient_norm\":0,\"weight_norm\":2,\"update_norm\":0.5,\"update_to_weight\":0.25,"
    "\"effective_rate\":null}";

TEST(GroupsFileTest, ALineHasSeventeenDigitsAndNullForWhatIsNotFinite) {
  EXPECT_EQ(ToJson(Report(), 3), kLine);
}

TEST(GroupsFileTest, LinesAfterTheCheckpointAreCut) {
  const std::string path = testing::TempDir() + "/groups.jsonl";
  ASSERT_TRUE(RemoveTree(path).ok());
  StepReport report;
  report.groups = {Report()};
  const auto write = [&](int64_t from, std::vector<int64_t> steps) {
    auto file = *GroupsFile::Open(path, from, true);
    for (int64_t step : steps) {
      report.step = step;
      EXPECT_TRUE(file->OnStep(report, TrainState()).ok());
    }
    EXPECT_TRUE(file->BeforeCheckpoint().ok());
  };
  write(0, {1, 2, 3, 4});
  write(2, {3});
  EXPECT_EQ(Text(path), absl::StrCat(ToJson(Report(), 1), "\n", ToJson(Report(), 2), "\n", kLine, "\n"));
  // Also by a run that writes no more of them.
  auto file = *GroupsFile::Open(path, 1, false);
  EXPECT_EQ(Text(path), absl::StrCat(ToJson(Report(), 1), "\n"));
}

TEST(GroupsFileTest, ARunThatWritesNoneHasNoFile) {
  const std::string path = testing::TempDir() + "/no_groups.jsonl";
  ASSERT_TRUE(RemoveTree(path).ok());
  StepReport report;
  auto file = *GroupsFile::Open(path, 0, false);
  EXPECT_TRUE(file->OnStep(report, TrainState()).ok());
  EXPECT_TRUE(file->BeforeCheckpoint().ok());
  EXPECT_FALSE(Exists(path));
}

absl::StatusOr<LoopEnd> Go(FolderRun* run, std::vector<TrainObserver*> more = {}) {
  const auto groups = *GroupsFile::Open(run->folder.groups(), run->trainer->state().progress.update,
                                        run->trainer->config().run().has_log_groups_every_steps());
  more.push_back(groups.get());
  return run->Go(more);
}

TEST(GroupsFileTest, ARunThatWasStoppedHasTheLinesOfOneThatWasNot) {
  const std::vector<std::string> settings = {
      "run.log_groups_every_steps=7", "run.epochs=4", "run.checkpoint={every_steps: 10}",
      "optimizer.lookahead={sync_period: 4}", "optimizer.sharpness_aware={radius: 0.1}",
      "optimizer.centralize_gradients=true"};
  FolderRun whole = FolderRun::Start(EmptyFolder("groups_whole"), settings);
  ASSERT_TRUE(Go(&whole).ok());
  const std::string folder = EmptyFolder("groups_stopped");
  {
    FolderRun first = FolderRun::Start(folder, settings);
    StopAfter stop(24);
    ASSERT_EQ(*Go(&first, {&stop}), LoopEnd::kStopped);
  }
  {
    // As if it had been killed a while after its checkpoint.
    std::vector<std::string> lines = *ReadJsonLines(folder + "/groups.jsonl");
    ASSERT_EQ(lines.size(), 6u);  // Updates 7, 14, 21 of two groups.
    std::string text = Text(folder + "/groups.jsonl");
    text += ToJson(Report(), 28) + "\n{\"step\":3";
    ASSERT_TRUE(WriteFile(folder + "/groups.jsonl", text).ok());
  }
  FolderRun second = FolderRun::Resume(folder);
  ASSERT_TRUE(Go(&second).ok());
  const std::string text = Text(folder + "/groups.jsonl");
  EXPECT_EQ(text, Text(whole.folder.groups()));
  // 60 updates.
  EXPECT_EQ(absl::StrSplit(text, '\n', absl::SkipEmpty()).begin()->substr(0, 41),
            "{\"step\":7,\"group\":\"default\",\"rule\":\"sgd\",");
  EXPECT_EQ((*ReadJsonLines(folder + "/groups.jsonl")).size(), 16u);
}

}  // namespace
}  // namespace gradus
