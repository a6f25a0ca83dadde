// Metrics of sums and of kept rows: an epoch that was interrupted anywhere has the same line, in the state's text every sum has its
// name, and what does not fit the model is refused.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/base/file.h"
#include "gradus/train/checkpoint.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr char kMetrics[] =
    " metric { name: \"f1\" f1_score { prediction: \"output\" label: \"label\" } }"
    " metric { name: \"area\" auc { prediction: \"output\" label: \"label\" } }"
    " metric { name: \"rmse\" root_mean_squared_error { prediction: \"output\" label: \"label\" } }"
    " metric { name: \"pr\" auc { prediction: \"output\" label: \"label\" curve: PR } }"
    " metric { name: \"bins\" auc { prediction: \"output\" label: \"label\" num_thresholds: 50 } }"
    " metric { name: \"confusion\" confusion_matrix { prediction: \"output\" label: \"label\" } }";
constexpr char kRest[] =
    "optimizer { adam {} learning_rate { constant: 0.05 } } run { epochs: 3 seed: 2 }";

std::unique_ptr<TestRun> MakeMetricsRun(const std::string& folder = "") {
  return MakeRun(kRest, false, 2, folder, 32, kMetrics);
}

class Lines final : public TrainObserver {
 public:
  explicit Lines(int64_t stop = -1) : stop_(stop) {}
  absl::Status OnLine(const MetricLine& line) override {
    std::string text = absl::StrCat(line.split, " ", line.step);
    const auto add = [&text](double number) {
      text.append(reinterpret_cast<const char*>(&number), sizeof number);
    };
    add(line.loss);
    for (const auto& metric : line.metrics) add(metric.second);
    for (const NamedTable& named : line.tables) {
      for (const double count : named.table.values) add(count);
    }
    lines.push_back(std::move(text));
    last = line;
    return absl::OkStatus();
  }
  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    step_ = report.step;
    return absl::OkStatus();
  }
  bool StopRequested() override { return step_ == stop_; }

  std::vector<std::string> lines;  // Their numbers' bytes.
  MetricLine last;

 private:
  const int64_t stop_;
  int64_t step_ = 0;
};

TEST(MetricResumeTest, AnEpochThatWasInterruptedAnywhereHasTheSameLine) {
  Lines whole;
  TrainObserver* const whole_observers[] = {&whole};
  auto uninterrupted = MakeMetricsRun();
  ASSERT_TRUE(uninterrupted->Go(whole_observers).ok());
  ASSERT_EQ(uninterrupted->state.progress.update, 12);
  for (int64_t stop = 1; stop <= 11; ++stop) {
    SCOPED_TRACE(stop);
    const std::string folder = FreshFolder(absl::StrCat("metrics_", stop));
    auto first = MakeMetricsRun(folder);
    Lines lines(stop);
    TrainObserver* const observers[] = {&lines};
    ASSERT_TRUE(first->Go(observers).ok());
    auto second = MakeMetricsRun();
    std::vector<std::string> skipped;
    const auto newest = NewestCheckpoint(folder, &skipped);
    ASSERT_TRUE(newest.ok()) << newest.status();
    const absl::Status loaded =
        LoadCheckpoint(*newest, second->step->numbers(), *second->watcher, &second->state);
    ASSERT_TRUE(loaded.ok()) << loaded;
    EXPECT_EQ(Bytes(second->state), Bytes(first->state));
    EXPECT_TRUE(CheckSums(second->state.epoch_sums, second->step->model().metrics).ok());
    Lines after;
    TrainObserver* const after_observers[] = {&after};
    ASSERT_TRUE(second->Go(after_observers).ok());
    std::vector<std::string> all = lines.lines;
    all.insert(all.end(), after.lines.begin(), after.lines.end());
    EXPECT_TRUE(all == whole.lines);
    ASSERT_TRUE(RemoveTree(folder).ok());
  }
}

TEST(MetricResumeTest, TheTextNamesEverySum) {
  const std::string folder = FreshFolder("metric_names");
  auto run = MakeMetricsRun(folder);
  Lines lines(2);
  TrainObserver* const observers[] = {&lines};
  ASSERT_TRUE(run->Go(observers).ok());
  const auto header = ReadCheckpointHeader(folder + "/step-0000000002");
  ASSERT_TRUE(header.ok()) << header.status();
  std::vector<std::string> names;
  for (const MetricSum& sum : header->epoch_sum()) names.push_back(sum.name());
  // One for the loss, 3 of F1, 1 of RMSE, 2 * 49 between 50 thresholds, 4 counts, 1 of the accuracy.
  ASSERT_EQ(names.size(), 1u + 3 + 1 + 98 + 4 + 1);
  EXPECT_EQ(names[1], "f1/true_positives");
  EXPECT_EQ(names[4], "rmse/squares");
  EXPECT_EQ(names[5], "bins/positives_0");
  EXPECT_EQ(names[103], "confusion/0_as_0");
  EXPECT_EQ(names[107], "accuracy");
  ASSERT_TRUE(RemoveTree(folder).ok());
}

TEST(MetricResumeTest, SumsOfAnotherModelAreRefused) {
  auto run = MakeMetricsRun();
  const std::vector<ModelMetric>& metrics = run->step->model().metrics;
  MetricSums sums;
  EXPECT_TRUE(CheckSums(sums, metrics).ok());  // Of no examples there are none.
  sums.examples = 2;
  sums.metrics = {1, 2};
  EXPECT_EQ(CheckSums(sums, metrics).message(),
            "there are 2 sums of metrics, the model's have 107");
  sums.metrics.resize(107);
  EXPECT_EQ(
      CheckSums(sums, metrics).message(),
      "metric area has 0 numbers of the epoch so far and should have 2 of each of 2 examples");
  sums.rows = {{}, {1, 1, 0, 0}, {}, {1, 1, 0, 0}};
  EXPECT_TRUE(CheckSums(sums, metrics).ok());
  sums.rows[2] = {1};
  EXPECT_EQ(
      CheckSums(sums, metrics).message(),
      "metric rmse has 1 numbers of the epoch so far and should have 1 of each of 0 examples");
}

TEST(MetricResumeTest, EvaluationGivesTheSameNumbersInBatchesOfAnySize) {
  constexpr size_t kConfusion = 6;
  auto run = MakeMetricsRun();
  ASSERT_TRUE(run->Go().ok());
  std::vector<double> expected, table;
  for (const int64_t batch : {37, 1, 7, 32, 1000}) {
    const auto sums = run->evaluation->Run(Points(37), batch, run->state.store);
    ASSERT_TRUE(sums.ok()) << sums.status();
    std::vector<double> numbers;
    FinishSums(*sums, run->evaluation->model().metrics, &numbers);
    ASSERT_EQ(numbers.size(), 8u);
    if (expected.empty()) expected = numbers;
    // Kernels of other sizes may round a prediction differently, by some 1e-7; no prediction is that near a threshold or another.
    for (size_t i = 0; i < numbers.size(); ++i) {
      if (i == kConfusion) continue;
      EXPECT_NEAR(numbers[i], expected[i], 1e-6) << batch << " " << i;
    }
    EXPECT_TRUE(std::isnan(numbers[kConfusion]));  // It is a table.
    const std::vector<NamedTable> tables =
        FinishTables(*sums, run->evaluation->model().metrics);
    ASSERT_EQ(tables.size(), 1u);
    if (table.empty()) table = tables[0].table.values;
    EXPECT_EQ(tables[0].table.values, table) << batch;
  }
}

TEST(MetricResumeTest, AnUpdateThatWasGivenUpHasNoMetrics) {
  auto run = MakeMetricsRun();
  MetricSums sums;
  sums.loss = std::numeric_limits<double>::quiet_NaN();
  sums.examples = 4;
  sums.rows = {{}, {1, 1}, {}, {}};
  sums.ForgetMetrics();
  std::vector<double> numbers;
  FinishSums(sums, run->step->model().metrics, &numbers);
  ASSERT_EQ(numbers.size(), 1u);
  EXPECT_TRUE(std::isnan(numbers[0]));
  double loss;
  std::vector<std::pair<std::string, double>> named = {{"old", 1}};
  FinishSums(sums, run->step->model().metrics, &loss, &named);
  EXPECT_TRUE(named.empty());
}

}  // namespace
}  // namespace gradus
