// Run folders are taken once; their log is exact, and a resumed run's is that of an unbroken one.

#include "gradus/api/run_folder.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

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
  ASSERT_TRUE(RunFolder::Create(path, RunConfig()).ok());
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

}  // namespace
}  // namespace gradus
