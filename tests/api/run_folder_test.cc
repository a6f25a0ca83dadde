// Run folders are taken once; their log is exact, and a resumed run's is that of an unbroken one.

#include "gradus/api/run_folder.h"

#include <gtest/gtest.h>

#include <sys/wait.h>
#include <unistd.h>

#include <cmath>
#include <csignal>
#include <filesystem>
#include <limits>
#include <utility>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"

namespace gradus {
namespace {

MetricLine Line(int64_t step, MetricLine::Scope scope = MetricLine::kEpoch) {
  MetricLine line;
  line.scope = scope;
  line.split = "train";
  line.step = step;
  line.epoch = 1;
  line.loss = 0.1;
  line.metrics = {{"accuracy", 1.0 / 3}};
  line.learning_rate = 1e-3;
  return line;
}

TEST(ToJson, HasSeventeenDigits) {
  EXPECT_EQ(ToJson(Line(15)),
            "{\"scope\":\"epoch\",\"step\":15,\"epoch\":1,\"split\":\"train\",\"loss\":0."
            "10000000000000001,"
            "\"accuracy\":0.33333333333333331,\"learning_rate\":0.001}");
}

TEST(ToJson, HasATableAsAListOfLines) {
  MetricLine line = Line(15);
  line.tables = {{"kinds", {3, {1, 2, 3, 4, 5, 6}}}};
  EXPECT_EQ(ToJson(line),
            "{\"scope\":\"epoch\",\"step\":15,\"epoch\":1,\"split\":\"train\",\"loss\":0."
            "10000000000000001,\"accuracy\":0.33333333333333331,"
            "\"kinds/counts\":[[1,2,3],[4,5,6]],\"learning_rate\":0.001}");
}

TEST(ToJson, WritesNullForWhatIsNotFinite) {
  MetricLine line = Line(1, MetricLine::kStep);
  line.loss = NAN;
  line.metrics = {{"a \"quoted\"\n", std::numeric_limits<double>::infinity()}};
  EXPECT_EQ(ToJson(line),
            "{\"scope\":\"step\",\"step\":1,\"epoch\":1,\"split\":\"train\",\"loss\":null,"
            "\"a \\\"quoted\\\"\\u000a\":null,\"learning_rate\":0.001}");
}

TEST(MetricsFile, LosesTheLinesThatAResumedRunWillWriteAgain) {
  const std::string path = testing::TempDir() + "/metrics.jsonl";
  std::filesystem::remove(path);
  {
    auto file = MetricsFile::Open(path, 0);
    ASSERT_TRUE(file.ok()) << file.status();
    for (int64_t step : {5, 10, 15}) ASSERT_TRUE((*file)->OnLine(Line(step)).ok());
    ASSERT_TRUE((*file)->OnLine(Line(15, MetricLine::kFinal)).ok());
    ASSERT_TRUE((*file)->BeforeCheckpoint().ok());
    EXPECT_EQ(*ReadFile(path, 1 << 20), ToJson(Line(5)) + "\n" + ToJson(Line(10)) + "\n" +
                                            ToJson(Line(15)) + "\n" +
                                            ToJson(Line(15, MetricLine::kFinal)) + "\n");
  }
  auto file = MetricsFile::Open(path, 10);
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(*ReadFile(path, 1 << 20), ToJson(Line(5)) + "\n" + ToJson(Line(10)) + "\n");
}

TEST(RunFolder, IsTakenOnce) {
  const std::string path = testing::TempDir() + "/run";
  std::filesystem::remove_all(path);
  const absl::StatusOr<RunFolder> first = RunFolder::Create(path, RunConfig());
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_EQ(RunFolder::Create(path, RunConfig()).status().message(),
            "run folder " + path +
                " is not empty; give another --run_dir, or remove it when its run has ended: no "
                "checkpoint is in it to go on from");
  ASSERT_TRUE(MakeFolders(first->checkpoints() + "/step-0000000001").ok());
  EXPECT_EQ(RunFolder::Create(path, RunConfig()).status().message(),
            "run folder " + path +
                " is not empty; give another --run_dir, or go on with --resume " + path);
}

TEST(RunFolder, LeavesNothingWhereItCannotWrite) {
  const std::string file = testing::TempDir() + "/a_file";
  ASSERT_TRUE(WriteFile(file, "").ok());
  const absl::StatusOr<RunFolder> folder = RunFolder::Create(file + "/run", RunConfig());
  EXPECT_FALSE(folder.ok());
  EXPECT_FALSE(Exists(file + "/run"));
}

TEST(RunFolder, TakesTheFirstFreeNumber) {
  const std::filesystem::path before = std::filesystem::current_path();
  const std::filesystem::path scratch = std::filesystem::path(testing::TempDir()) / "numbers";
  std::filesystem::remove_all(scratch);
  std::filesystem::create_directories(scratch / "runs/xor-1");
  std::filesystem::current_path(scratch);
  RunConfig config;
  config.mutable_model()->set_name("xor");
  const absl::StatusOr<RunFolder> folder = RunFolder::Create("", config);
  std::filesystem::current_path(before);
  ASSERT_TRUE(folder.ok()) << folder.status();
  EXPECT_EQ(folder->path, "runs/xor-2");
}

class RunLockTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "/locked";
    ASSERT_TRUE(RemoveTree(folder_).ok());
    ASSERT_TRUE(MakeFolders(folder_).ok());
  }
  bool Running() const {
    const absl::StatusOr<bool> running = IsRunning(folder_);
    EXPECT_TRUE(running.ok()) << running.status();
    return running.ok() && *running;
  }
  std::string folder_;
};

TEST_F(RunLockTest, IsHeldOnceAndLeavesNothing) {
  EXPECT_FALSE(Running());
  auto first = RunLock::Take(folder_);
  ASSERT_TRUE(first.ok()) << first.status();
  EXPECT_TRUE(Running());
  const absl::Status second = RunLock::Take(folder_).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(second));
  EXPECT_TRUE(absl::StartsWith(second.message(),
                               absl::StrCat("run folder ", folder_, " is in use by process ",
                                            getpid(), " on ")))
      << second;
  EXPECT_TRUE(Running());  // Neither a look nor a refusal takes it away.
  first->reset();
  EXPECT_FALSE(Running());
  EXPECT_TRUE(ListFolder(folder_)->empty());
  EXPECT_TRUE(RunLock::Take(folder_).ok());
}

TEST_F(RunLockTest, EndsWithTheProcessThatHeldIt) {
  int pipes[2];
  ASSERT_EQ(pipe(pipes), 0);
  const pid_t child = fork();
  if (child == 0) {
    const auto lock = RunLock::Take(folder_);
    const char taken = lock.ok();
    if (write(pipes[1], &taken, 1) != 1) _exit(1);
    for (;;) pause();
  }
  char taken = 0;
  ASSERT_EQ(read(pipes[0], &taken, 1), 1);
  ASSERT_EQ(taken, 1);
  EXPECT_TRUE(Running());
  const absl::Status refused = RunLock::Take(folder_).status();
  EXPECT_TRUE(absl::StrContains(refused.message(), absl::StrCat("process ", child, " on ")))
      << refused;
  ASSERT_EQ(kill(child, SIGKILL), 0);
  ASSERT_EQ(waitpid(child, nullptr, 0), child);
  close(pipes[0]);
  close(pipes[1]);
  EXPECT_TRUE(Exists(folder_ + "/lock"));  // Left behind, and held by nobody.
  EXPECT_FALSE(Running());
  EXPECT_TRUE(RunLock::Take(folder_).ok());
}

TEST_F(RunLockTest, BelongsToARunFolderAsLongAsItLives) {
  const std::string path = folder_ + "/run";
  {
    const absl::StatusOr<RunFolder> folder = RunFolder::Create(path, RunConfig());
    ASSERT_TRUE(folder.ok()) << folder.status();
    EXPECT_TRUE(*IsRunning(path));
    EXPECT_TRUE(absl::IsFailedPrecondition(RunLock::Take(path).status()));
  }
  EXPECT_FALSE(*IsRunning(path));
}

TEST_F(RunLockTest, ThatIsHeldInAnEmptyFolderMakesItTaken) {
  const auto lock = RunLock::Take(folder_);
  ASSERT_TRUE(lock.ok()) << lock.status();
  const absl::Status status = RunFolder::Create(folder_, RunConfig()).status();
  EXPECT_TRUE(absl::IsFailedPrecondition(status)) << status;
  EXPECT_TRUE(*IsRunning(folder_));
}

TEST_F(RunLockTest, ThatAKilledRunLeftDoesNotMakeAFolderOccupied) {
  ASSERT_TRUE(WriteFile(folder_ + "/lock", "1 here\n").ok());
  EXPECT_TRUE(RunFolder::Create(folder_, RunConfig()).ok());
}

TEST_F(RunLockTest, WhereNothingCanBeWrittenIsAnError) {
  EXPECT_EQ(RunLock::Take(folder_ + "/no").status().message(),
            "cannot lock run folder " + folder_ + "/no: No such file or directory");
  EXPECT_FALSE(*IsRunning(folder_ + "/no"));
}

}  // namespace
}  // namespace gradus
