// What a folder says of its run: lines as they were written, how it stands, where its updates are in
// epochs and seconds.

#include "gradus/api/run_record.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "gradus/api/read_metrics.h"
#include "tests/api/looking_testing.h"

namespace gradus {
namespace {

TEST(ReadMetrics, GivesBackWhatWasWritten) {
  MetricLine line = LookingLine("validation", 3, 0.1);
  line.metrics = {{"a \"quoted\"\n\\", 1.0 / 3}, {"none", NAN}};
  line.tables = {{"kinds", {3, {1, 2, 3, 4, 5, 6}}}};
  const absl::StatusOr<MetricLine> read = ParseMetricLine(ToJson(line));
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(ToJson(*read), ToJson(line));
  EXPECT_EQ(read->step, 30);
  EXPECT_EQ(MeasureOf(*read, "a \"quoted\"\n\\"), 1.0 / 3);
  EXPECT_TRUE(std::isnan(MeasureOf(*read, "none")));
  EXPECT_TRUE(std::isnan(MeasureOf(*read, "other")));
  EXPECT_EQ(read->tables[0].table.columns, 3);
}

TEST(ReadMetrics, PassesOverWhatLaterVersionsMayWrite) {
  const absl::StatusOr<MetricLine> read = ParseMetricLine(
      R"({"scope":"step","step":1,"epoch":1,"split":"train","loss":2,"x":{"a":[1,"]"]},"y":true,)"
      R"("z":"text","learning_rate":null})");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(read->loss, 2);
  EXPECT_TRUE(read->metrics.empty());
}

TEST(ReadMetrics, NamesALineThatIsDamaged) {
  for (const char* text : {"", "{", "{}", "[]", "{\"scope\":\"day\",\"split\":\"train\"}",
                           "{\"split\":\"train\",\"step\":-1}", "{\"split\":\"train\"} x",
                           "{\"split\":\"train\",\"a/counts\":[[1],[1,2]]}"}) {
    EXPECT_FALSE(ParseMetricLine(text).ok()) << text;
  }
  const std::string path = testing::TempDir() + "/damaged.jsonl";
  ASSERT_TRUE(WriteFile(path, ToJson(LookingLine("train", 1, 1)) + "\n{\"scope\":\nhalf").ok());
  EXPECT_EQ(ReadMetricLines(path).status().message(),
            path + ":2: the line is not a line of a run's log");
}

TEST(ProgressFile, CountsTimeOfTrainingOverProcesses) {
  const std::string path = testing::TempDir() + "/progress.jsonl";
  std::filesystem::remove(path);
  ASSERT_TRUE(WriteFile(path,
                        "{\"step\":0,\"seconds\":0,\"time\":100,\"process\":\"began\"}\n"
                        "{\"step\":10,\"epoch\":1,\"seconds\":5,\"time\":105}\n"
                        "{\"step\":20,\"epoch\":2,\"seconds\":9,\"time\":109}\n"
                        "{\"step\":30,\"ep")
                  .ok());
  {
    absl::StatusOr<std::unique_ptr<ProgressFile>> file = ProgressFile::Open(path, 10);
    ASSERT_TRUE(file.ok()) << file.status();
    ASSERT_TRUE((*file)->OnLine(LookingLine("train", 2, 1)).ok());
    ASSERT_TRUE((*file)->OnLine(LookingLine("validation", 2, 1)).ok());
    ASSERT_TRUE((*file)->End(EndOf(absl::InternalError("disk"), "")).ok());
  }
  const absl::StatusOr<std::vector<ProgressLine>> lines = ReadProgress(path);
  ASSERT_TRUE(lines.ok()) << lines.status();
  ASSERT_EQ(lines->size(), 5u);
  EXPECT_EQ((*lines)[2].process, "began");
  EXPECT_EQ((*lines)[2].step, 10);
  EXPECT_GE((*lines)[3].seconds, 5);  // What was lost after update 10 does not count.
  EXPECT_LT((*lines)[3].seconds, 9);
  EXPECT_EQ((*lines)[3].step, 20);
  EXPECT_EQ((*lines)[4].process, "failed");
  EXPECT_EQ((*lines)[4].message, "disk");
}

TEST(RunRecord, TellsHowARunStands) {
  const auto state = [](const MadeRun& run) {
    run.Write();
    const absl::StatusOr<RunRecord> read = ReadRun(run.path);
    EXPECT_TRUE(read.ok()) << read.status();
    return read.ok() ? std::string(Name(read->state)) : "";
  };
  const std::vector<double> losses = {1, 0.5};
  EXPECT_EQ(state(MadeRun("state", losses, losses, "finished")), "finished");
  EXPECT_EQ(state(MadeRun("state", losses, losses, "early")), "finished");
  EXPECT_EQ(state(MadeRun("state", losses, losses, "stopped")), "stopped");
  EXPECT_EQ(state(MadeRun("state", losses, losses, "failed")), "failed");
  EXPECT_EQ(state(MadeRun("state", losses, losses, "")), "killed");
  // Runs that kept no record of their processes.
  MadeRun older("older", losses, losses);
  older.progress.clear();
  EXPECT_EQ(state(older), "stopped");
  ASSERT_TRUE(WriteFile(older.path + "/lock", "1 host\n").ok());
  EXPECT_EQ(Name(ReadRun(older.path)->state), "killed");
  ASSERT_TRUE(WriteFile(older.path + "/model.pbtxt", "").ok());
  std::filesystem::remove(older.path + "/lock");
  EXPECT_EQ(Name(ReadRun(older.path)->state), "finished");
  const absl::StatusOr<std::unique_ptr<RunLock>> lock = RunLock::Take(older.path);
  ASSERT_TRUE(lock.ok());
  EXPECT_EQ(Name(ReadRun(older.path)->state), "running");
}

TEST(RunRecord, KnowsTheBestByTheMeasure) {
  MadeRun made("best", {1, 0.5, 0.25}, {0.8, 0.4, 0.6});
  made.Write();
  const absl::StatusOr<RunRecord> run = ReadRun(made.path);
  ASSERT_TRUE(run.ok()) << run.status();
  EXPECT_EQ(run->Best("validation/loss"), 0.4);
  EXPECT_EQ(run->Last("validation/loss"), 0.6);
  EXPECT_EQ(run->Best("validation/accuracy"), 0.8);
  EXPECT_EQ(run->Best("validation/accuracy", MIN), 0.6);
  EXPECT_TRUE(std::isnan(run->Best("test/loss")));
  EXPECT_EQ(run->Measures(), (std::vector<std::string>{"train/loss", "train/accuracy",
                                                       "validation/loss", "validation/accuracy"}));
  EXPECT_EQ(run->epochs(), 3);
  EXPECT_EQ(run->steps(), 30);
  EXPECT_EQ(run->seconds(), 6);
}

TEST(RunRecord, PlacesUpdatesInEpochsAndSeconds) {
  MadeRun made("places", {1, 0.5, 0.25}, {});
  made.Write();
  const absl::StatusOr<RunRecord> run = ReadRun(made.path);
  ASSERT_TRUE(run.ok()) << run.status();
  std::vector<double> steps = {0, 5, 10, 25, 40};
  run->ToEpochs(&steps);
  EXPECT_EQ(steps, (std::vector<double>{0, 0.5, 1, 2.5, 4}));
  steps = {0, 5, 10, 25};
  run->ToSeconds(&steps);
  EXPECT_EQ(steps, (std::vector<double>{0, 1, 2, 5}));
}

TEST(FindRuns, SortsNumbersAsNumbersAndLooksBelow) {
  const std::string root = testing::TempDir() + "/found";
  std::filesystem::remove_all(root);
  for (const char* name : {"run-10", "run-2", "deep/er/run-1", ".hidden/run"}) {
    ASSERT_TRUE(MakeFolders(root + "/" + name).ok());
    ASSERT_TRUE(WriteFile(root + "/" + name + "/run.pbtxt", "").ok());
  }
  const absl::StatusOr<std::vector<std::string>> runs = FindRuns(root);
  ASSERT_TRUE(runs.ok());
  EXPECT_EQ(*runs,
            (std::vector<std::string>{root + "/deep/er/run-1", root + "/run-2", root + "/run-10"}));
  EXPECT_FALSE(FindRuns(root + "/nothing").ok());
  EXPECT_EQ(ReadRun(root).status().message(),
            root + " is not the folder of a run: " + root + "/run.pbtxt does not exist");
}

}  // namespace
}  // namespace gradus
