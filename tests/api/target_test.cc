// When a target is reached.

#include "gradus/api/target.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <limits>

#include "gradus/api/run_folder.h"
#include "gradus/base/file.h"
#include "tests/api/api_testing.h"

namespace gradus {
namespace {

Target Of(const std::string& monitor, double value, Direction direction = AUTO) {
  Target target;
  target.set_monitor(monitor);
  target.set_value(value);
  target.set_direction(direction);
  return target;
}

MetricLine Line(const std::string& split, int64_t step, double loss, double accuracy,
                MetricLine::Scope scope = MetricLine::kEpoch) {
  MetricLine line;
  line.split = split;
  line.step = step;
  line.epoch = step / 10;
  line.loss = loss;
  line.metrics = {{"accuracy", accuracy}};
  line.scope = scope;
  return line;
}

std::string Watch(const Target& target, const std::vector<MetricLine>& lines) {
  TargetWatch watch(target);
  for (const MetricLine& line : lines) EXPECT_TRUE(watch.OnLine(line).ok());
  return watch.InWords();
}

TEST(TargetWatch, IsReachedByTheFirstMeasurementThatIsAsGood) {
  EXPECT_EQ(Watch(Of("validation/loss", 0.5),
                  {Line("validation", 10, 0.6, 0), Line("validation", 20, 0.5, 0),
                   Line("validation", 30, 0.1, 0)}),
            "validation/loss 0.5: reached at step 20 (epoch 2) with 0.5");
}

TEST(TargetWatch, KnowsWhichWayIsBetter) {
  const std::vector<MetricLine> lines = {Line("validation", 10, 0.6, 0.4),
                                         Line("validation", 20, 0.5, 0.95)};
  EXPECT_EQ(Watch(Of("validation/accuracy", 0.9), lines),
            "validation/accuracy 0.9: reached at step 20 (epoch 2) with 0.95");
  EXPECT_EQ(Watch(Of("validation/accuracy", 0.5, MIN), lines),
            "validation/accuracy 0.5: reached at step 10 (epoch 1) with 0.4");
  EXPECT_EQ(Watch(Of("validation/loss", 0.55, MAX), lines),
            "validation/loss 0.55: reached at step 10 (epoch 1) with 0.6");
}

TEST(TargetWatch, LooksAtItsOwnSplitAndAtNoSingleBatch) {
  EXPECT_EQ(Watch(Of("train/loss", 0.5),
                  {Line("train", 5, 0.1, 0, MetricLine::kStep), Line("validation", 10, 0.1, 0),
                   Line("train", 10, 0.7, 0), Line("train", 15, 0.1, 0, MetricLine::kFinal)}),
            "train/loss 0.5: not reached; the best was 0.7");
  // A validation within an epoch is one of all its examples.
  EXPECT_EQ(Watch(Of("validation/loss", 0.5), {Line("validation", 5, 0.1, 0, MetricLine::kStep)}),
            "validation/loss 0.5: reached at step 5 (epoch 0) with 0.1");
}

TEST(TargetWatch, IsNotReachedByWhatIsNoNumber) {
  const double infinity = std::numeric_limits<double>::infinity();
  EXPECT_EQ(Watch(Of("validation/loss", 0.5), {Line("validation", 10, std::nan(""), 0),
                                               Line("validation", 20, -infinity, 0)}),
            "validation/loss 0.5: not reached; it was never measured");
}

TEST(ReadTarget, SaysOfARunsLogWhatAWatchSaysOfTheRun) {
  const std::string folder = testing::TempDir() + "/target";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(MakeFolders(folder).ok());
  for (const char* monitor : {"validation/loss", "train/loss", "validation/distance"}) {
    const auto trainer = SmallTrainer({"data.validation.fraction=0.2", "run.epochs=20",
                                     "run.validate_every_steps=1", "run.log_every_steps=1"});
    const std::string path = JoinPath(folder, "metrics.jsonl");
    std::filesystem::remove(path);
    const Target target = Of(monitor, 0.5);
    TargetWatch watch(target);
    {
      const auto metrics = MetricsFile::Open(path, 0);
      ASSERT_TRUE(metrics.ok()) << metrics.status();
      TrainObserver* const observers[] = {metrics->get(), &watch};
      ASSERT_TRUE(trainer->Train(observers).ok());
    }
    const absl::StatusOr<TargetWatch> read = ReadTarget(target, path);
    ASSERT_TRUE(read.ok()) << read.status();
    ASSERT_TRUE(watch.best().has_value());
    EXPECT_EQ(read->InWords(), watch.InWords());
    EXPECT_EQ(*read->best(), *watch.best());
    EXPECT_EQ(read->reached().has_value(), watch.reached().has_value());
  }
}

TEST(ReadTarget, OfARunWithoutALogIsNotReached) {
  const absl::StatusOr<TargetWatch> read =
      ReadTarget(Of("validation/loss", 1), testing::TempDir() + "/no_such_metrics.jsonl");
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_FALSE(read->reached().has_value());
}

}  // namespace
}  // namespace gradus
