// Whole runs: lines, checkpoints, stops, and resuming to the byte.

#include "gradus/train/train_loop.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "gradus/base/file.h"
#include "gradus/train/non_finite.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr char kAdam[] = "optimizer { adam {} learning_rate { constant: 0.01 } } ";

// Keeps all that it hears; stops after an update when asked to.
class Recorder final : public TrainObserver {
 public:
  explicit Recorder(int64_t stop_after = -1) : stop_after_(stop_after) {}

  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    last_ = report.step;
    reports.push_back(report);
    return absl::OkStatus();
  }
  absl::Status OnLine(const MetricLine& line) override {
    static constexpr const char* kScopes[] = {"step", "epoch", "final"};
    lines.push_back(line);
    texts.push_back(
        absl::StrCat(kScopes[line.scope], " ", line.split, " ", line.step, " ", line.epoch));
    return absl::OkStatus();
  }
  absl::Status OnCheckpoint(const std::string& path) override {
    checkpoints.push_back(path.substr(path.rfind('/') + 1));
    return absl::OkStatus();
  }
  bool StopRequested() override { return last_ == stop_after_; }

  std::vector<StepReport> reports;
  std::vector<MetricLine> lines;
  std::vector<std::string> texts, checkpoints;

 private:
  const int64_t stop_after_;
  int64_t last_ = 0;
};

TEST(TrainLoopTest, TheLossFalls) {
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 200 seed: 1 }"));
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  const auto end = run->Go(observers);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(*end, LoopEnd::kFinished);
  ASSERT_EQ(recorder.lines.size(), 400u);
  EXPECT_LT(recorder.lines[398].loss, 0.3 * recorder.lines[0].loss);  // train
  EXPECT_LT(recorder.lines[399].loss, 0.5 * recorder.lines[1].loss);  // validation
  EXPECT_GT(recorder.lines[398].metrics[0].second, 0.95);
}

TEST(TrainLoopTest, LinesComeInTheOrderOfWhatTheySay) {
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 2 log_every_steps: 3 }"));
  run->data.test = Points(5);
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(run->Go(observers).ok());
  EXPECT_EQ(recorder.texts,
            (std::vector<std::string>{"step train 3 1", "epoch train 4 1", "epoch validation 4 1",
                                      "step train 6 2", "epoch train 8 2", "epoch validation 8 2",
                                      "final test 8 2"}));
}

TEST(TrainLoopTest, AnEndWithinAnEpochHasLinesForThePartOfIt) {
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 9 max_steps: 6 }"));
  run->data.test = Points(5);
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(run->Go(observers).ok());
  EXPECT_EQ(recorder.texts,
            (std::vector<std::string>{"epoch train 4 1", "epoch validation 4 1", "final train 6 2",
                                      "final validation 6 2", "final test 6 2"}));
  const double loss = recorder.reports[4].sums.loss + recorder.reports[5].sums.loss;
  EXPECT_EQ(recorder.lines[2].loss, loss / 64);
  // A run that goes on from here finds the sums of the epoch.
  EXPECT_EQ(run->state.epoch_sums.loss, loss);
  EXPECT_EQ(run->state.epoch_sums.examples, 64);
}

TEST(TrainLoopTest, AnEndAtAnEpochsEndHasNoLineTwice) {
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 9 max_steps: 4 }"));
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(run->Go(observers).ok());
  EXPECT_EQ(recorder.texts, (std::vector<std::string>{"epoch train 4 1", "epoch validation 4 1"}));
}

TEST(TrainLoopTest, AnEpochsLossIsTheMeanOverItsExamplesShortBatchIncluded) {
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 1 }"));
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(run->Go(observers).ok());
  ASSERT_EQ(recorder.reports.size(), 4u);
  EXPECT_EQ(recorder.reports[3].sums.examples, 4);
  double loss = 0, hits = 0;
  for (const StepReport& report : recorder.reports) {
    loss += report.sums.loss;
    hits += report.sums.metrics[0];
  }
  EXPECT_EQ(recorder.lines[0].loss, loss / 100);
  EXPECT_EQ(recorder.lines[0].metrics[0].second, hits / 100);
  EXPECT_EQ(hits, std::round(hits));
}

class Resume : public testing::TestWithParam<bool> {};

TEST_P(Resume, StoppedAfterAnyOfTwentyStepsAndResumedItIsTheSameRunToTheByte) {
  // A schedule, slots, batches of two sizes, two threads, with and without a state leaf (which
  // keeps the batch from being cut): all that a state has.
  const std::string rest =
      "optimizer { rmsprop { momentum: 0.5 centered: true } learning_rate { exponential_decay {"
      " initial_learning_rate: 0.01 decay_steps: 7 decay_rate: 0.9 } } }"
      "run { epochs: 6 seed: 2 log_every_steps: 5 }";
  Recorder whole;
  TrainObserver* const whole_observers[] = {&whole};
  auto uninterrupted = MakeRun(rest, GetParam(), 2);
  ASSERT_TRUE(uninterrupted->Go(whole_observers).ok());
  ASSERT_EQ(uninterrupted->state.progress.update, 24);
  for (int64_t stop = 1; stop <= 20; ++stop) {
    SCOPED_TRACE(stop);
    const std::string folder = FreshFolder(absl::StrCat("resume_", GetParam(), "_", stop));
    auto first = MakeRun(rest, GetParam(), 2, folder);
    Recorder before(stop);
    TrainObserver* const before_observers[] = {&before};
    const auto end = first->Go(before_observers);
    ASSERT_TRUE(end.ok()) << end.status();
    EXPECT_EQ(*end, LoopEnd::kStopped);
    EXPECT_EQ(first->state.progress.update, stop);

    auto second = MakeRun(rest, GetParam(), 2, folder);
    std::vector<std::string> skipped;
    const auto newest = NewestCheckpoint(folder, &skipped);
    ASSERT_TRUE(newest.ok()) << newest.status();
    ASSERT_TRUE(
        LoadCheckpoint(*newest, second->step->numbers(), *second->watcher, &second->state).ok());
    EXPECT_EQ(Bytes(second->state), Bytes(first->state));
    Recorder after;
    TrainObserver* const after_observers[] = {&after};
    ASSERT_TRUE(second->Go(after_observers).ok());
    EXPECT_EQ(Bytes(second->state), Bytes(uninterrupted->state));

    // The log is the uninterrupted run's, too.
    std::vector<MetricLine> lines = before.lines;
    lines.insert(lines.end(), after.lines.begin(), after.lines.end());
    ASSERT_EQ(lines.size(), whole.lines.size());
    for (size_t i = 0; i < lines.size(); ++i) {
      EXPECT_EQ(lines[i].step, whole.lines[i].step);
      EXPECT_EQ(lines[i].loss, whole.lines[i].loss);
      EXPECT_EQ(lines[i].metrics, whole.lines[i].metrics);
      EXPECT_EQ(lines[i].learning_rate, whole.lines[i].learning_rate);
    }
    ASSERT_TRUE(RemoveTree(folder).ok());
  }
}

INSTANTIATE_TEST_SUITE_P(BatchNorm, Resume, testing::Bool());

TEST(TrainLoopTest, ARunThatHasEndedAndIsResumedSaysItsEndAgain) {
  const std::string folder = FreshFolder("ended");
  const std::string rest = absl::StrCat(kAdam, "run { max_steps: 6 epochs: 9 }");
  auto first = MakeRun(rest, false, 1, folder);
  ASSERT_TRUE(first->Go().ok());
  auto second = MakeRun(rest, false, 1, folder);
  ASSERT_TRUE(LoadCheckpoint(JoinPath(folder, "step-0000000006"), second->step->numbers(),
                             *second->watcher, &second->state)
                  .ok());
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(second->Go(observers).ok());
  EXPECT_EQ(recorder.texts, (std::vector<std::string>{"final train 6 2", "final validation 6 2"}));
  EXPECT_EQ(recorder.lines[0].learning_rate, 0.01);
  ASSERT_TRUE(RemoveTree(folder).ok());
}

TEST(TrainLoopTest, SavesWhenTheSettingsSaySoAndOnceAtTheEnd) {
  const std::string folder = FreshFolder("saves");
  auto run =
      MakeRun(absl::StrCat(
                  kAdam, "run { epochs: 3 checkpoint { every_epochs: 2 every_steps: 3 keep: 2 } }"),
              false, 1, folder);
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(run->Go(observers).ok());
  // Steps 3, 6, 9, 12; epoch 2 ends with step 8; the end is step 12.
  EXPECT_EQ(recorder.checkpoints,
            (std::vector<std::string>{"step-0000000003", "step-0000000006", "step-0000000008",
                                      "step-0000000009", "step-0000000012"}));
  EXPECT_EQ(*ListFolder(folder), (std::vector<std::string>{"step-0000000009", "step-0000000012"}));
  ASSERT_TRUE(RemoveTree(folder).ok());
}

TEST(TrainLoopTest, ALossThatIsNotFiniteEndsTheRunAndTheLastCheckpointStays) {
  const std::string folder = FreshFolder("nan");
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 3 checkpoint { every_epochs: 1 } }"), false,
                     1, folder);
  class Poison final : public TrainObserver {
   public:
    absl::Status OnStep(const StepReport& report, const TrainState& state) override {
      // A stranger's code writes into the weights.
      if (report.step == 5) {
        const_cast<float*>(state.store.weights())[0] = std::numeric_limits<float>::quiet_NaN();
      }
      return absl::OkStatus();
    }
  } poison;
  TrainObserver* const observers[] = {&poison};
  const absl::Status status = run->Go(observers).status();
  EXPECT_TRUE(IsNonFinite(status)) << status;
  EXPECT_EQ(*ListFolder(folder), std::vector<std::string>{"step-0000000004"});
  ASSERT_TRUE(RemoveTree(folder).ok());
}

TEST(TrainLoopTest, AnObserversErrorEndsTheRun) {
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 3 }"));
  class Refuses final : public TrainObserver {
   public:
    absl::Status OnLine(const MetricLine&) override { return absl::UnavailableError("disk"); }
  } refuses;
  TrainObserver* const observers[] = {&refuses};
  EXPECT_EQ(run->Go(observers).status().message(), "disk");
  EXPECT_EQ(run->state.progress.update, 4);
}

TEST(TrainLoopTest, NoEpochsAreNoUpdates) {
  auto run = MakeRun(absl::StrCat(kAdam, "run { epochs: 0 }"));
  const std::string before = Bytes(run->state);
  ASSERT_TRUE(run->Go().ok());
  EXPECT_EQ(Bytes(run->state), before);
}

}  // namespace
}  // namespace gradus
