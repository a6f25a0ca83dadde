// An update of several batches against one large batch, and what it means for clocks, resumes and
// batch statistics.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "gradus/train/non_finite.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

// What each update used and saw.
class Watch final : public TrainObserver {
 public:
  absl::Status OnStep(const StepReport& report, const TrainState& state) override {
    rates.push_back(report.learning_rate);
    losses.push_back(report.sums.loss / static_cast<double>(report.sums.examples));
    examples.push_back(state.progress.examples);
    return absl::OkStatus();
  }
  std::vector<double> rates, losses;
  std::vector<int64_t> examples;
};

// The run that MakeRun makes, with another batch size.
std::unique_ptr<TestRun> WithBatches(int64_t size, const std::string& optimizer,
                                     const std::string& settings, bool batch_norm = false,
                                     int threads = 1) {
  return MakeRun(absl::StrCat("optimizer { ", optimizer, " } run { ", settings, " }"), batch_norm,
                 threads, "", size);
}

void ExpectLikeOneLargeBatch(const std::string& optimizer, int threads) {
  // 100 examples: updates of 96 and of the 4 that are left, three times.
  auto several = WithBatches(32, absl::StrCat(optimizer, " gradient_accumulation_steps: 3"),
                             "epochs: 3", false, threads);
  auto one = WithBatches(96, optimizer, "epochs: 3", false, threads);
  Watch parts, whole;
  TrainObserver* const watch_parts[] = {&parts};
  TrainObserver* const watch_whole[] = {&whole};
  ASSERT_TRUE(several->Go(watch_parts).ok());
  ASSERT_TRUE(one->Go(watch_whole).ok());
  EXPECT_EQ(parts.rates, whole.rates);
  EXPECT_EQ(parts.examples, (std::vector<int64_t>{96, 100, 196, 200, 296, 300}));
  ASSERT_EQ(parts.losses.size(), whole.losses.size());
  // The same sums in another order: some roundings of 2^-24 in each, for six updates.
  for (size_t i = 0; i < whole.losses.size(); ++i) {
    EXPECT_NEAR(parts.losses[i], whole.losses[i], 2e-6 * whole.losses[i]) << i;
  }
  const ParameterStore& a = several->state.store;
  const ParameterStore& b = one->state.store;
  for (int64_t i = 0; i < a.floats(); ++i) {
    EXPECT_NEAR(a.weights()[i], b.weights()[i], 2e-6) << i;
  }
}

TEST(GradientAccumulationTest, SeveralBatchesAreOneLargeBatch) {
  const char* const rate = " learning_rate { clock: EPOCHS linear { initial_learning_rate: 0.5"
                           " end_learning_rate: 0.1 steps: 3 } }";
  ExpectLikeOneLargeBatch(absl::StrCat("sgd { momentum: 0.9 }", rate), 1);
  ExpectLikeOneLargeBatch(absl::StrCat("sgd { momentum: 0.9 nesterov: true }", rate), 2);
}

TEST(GradientAccumulationTest, ClocksCountUpdatesAndTheirExamples) {
  const struct {
    const char* schedule;
    std::vector<double> rates;
  } kCases[] = {
      // Updates 0..3 begin at examples 0, 96, 100, 196 of 200.
      {"linear { initial_learning_rate: 0 end_learning_rate: 4 steps: 4 }", {0, 1, 2, 3}},
      {"clock: EPOCHS linear { initial_learning_rate: 0 end_learning_rate: 2 steps: 2 }",
       {0, 0.96, 1, 1.96}},
      {"clock: WHOLE_EPOCHS linear { initial_learning_rate: 0 end_learning_rate: 2 steps: 2 }",
       {0, 0, 1, 1}},
      {"clock: EXAMPLES linear { initial_learning_rate: 0 end_learning_rate: 200 steps: 200 }",
       {0, 96, 100, 196}},
      {"clock: RUN linear { initial_learning_rate: 0 end_learning_rate: 1 steps: 1 }",
       {0, 0.48, 0.5, 0.98}},
  };
  for (const auto& c : kCases) {
    SCOPED_TRACE(c.schedule);
    auto run = WithBatches(
        32, absl::StrCat("sgd {} gradient_accumulation_steps: 3 learning_rate { ", c.schedule, " }"),
        "epochs: 2");
    // The run's weights do not matter, only the numbers.
    EXPECT_EQ(run->step->numbers().TotalSteps(run->state.rates), 4);
    const Timeline& timeline = run->step->numbers().timeline();
    for (int64_t update = 0; update < 4; ++update) {
      EXPECT_NEAR(run->step->numbers().At(0, timeline.At(update), run->state.rates),
                  c.rates[update], 1e-12)
          << update;
    }
  }
}

TEST(GradientAccumulationTest, DropoutMasksDoNotDependOnTheCut) {
  const std::string model = PointsModel(false, "layer { name: \"drop\" dropout { rate: 0.5 } }");
  const auto weights = [&](int64_t batches) {
    const RunConfig config = ParseRun(absl::StrCat(
        model, "optimizer { sgd {} learning_rate { constant: 0.5 } gradient_accumulation_steps: ",
        batches, " }"));
    Diagnostics diagnostics;
    StepOptions options;
    options.seed = 4;  // No batch size: the examples are divided evenly.
    auto step = TrainStep::Create(config.model(), config.optimizer(), options, &diagnostics);
    EXPECT_TRUE(step.ok()) << step.status();
    TrainState state = *(*step)->NewState();
    std::vector<float> x, label;
    for (int i = 0; i < 10; ++i) {
      x.insert(x.end(), {0.1f * static_cast<float>(i), 1.f - 0.3f * static_cast<float>(i)});
      label.push_back(static_cast<float>(i % 2));
    }
    const void* inputs[] = {x.data(), label.data()};
    StepReport report;
    for (int i = 0; i < 3; ++i) {
      EXPECT_TRUE((*step)->Run(inputs, 10, &state, &report).ok());
      EXPECT_EQ(report.sums.examples, 10);
    }
    return std::vector<float>(state.store.weights(), state.store.weights() + state.store.floats());
  };
  const std::vector<float> whole = weights(1), parts = weights(4);  // 3 + 3 + 3 + 1.
  ASSERT_EQ(whole.size(), parts.size());
  for (size_t i = 0; i < whole.size(); ++i) EXPECT_NEAR(whole[i], parts[i], 1e-6) << i;
}

TEST(GradientAccumulationTest, BatchStatisticsAreThoseOfEachBatchInTurn) {
  // At rate 0 the moving averages of 3 batches a time are those of 1 batch a time.
  const char* const frozen = "sgd {} learning_rate { constant: 0 }";
  auto several = WithBatches(
      32, absl::StrCat(frozen, " gradient_accumulation_steps: 3"), "epochs: 2", true);
  auto one = WithBatches(32, frozen, "epochs: 2", true);
  ASSERT_TRUE(several->Go().ok());
  ASSERT_TRUE(one->Go().ok());
  EXPECT_EQ(several->state.progress.update, 4);
  EXPECT_EQ(one->state.progress.update, 8);
  const ParameterStore& a = several->state.store;
  const ParameterStore& b = one->state.store;
  ASSERT_GT(a.state_layout().floats(), 0);
  EXPECT_EQ(std::memcmp(a.states(), b.states(),
                        static_cast<size_t>(a.state_layout().floats()) * sizeof(float)),
            0);
}

TEST(GradientAccumulationTest, ARunThatIsResumedHasTheSameBytes) {
  const std::string optimizer = "adam {} gradient_accumulation_steps: 2";
  auto whole = WithBatches(16, optimizer, "epochs: 3", true);
  ASSERT_TRUE(whole->Go().ok());
  const std::string folder = FreshFolder("accumulation");
  auto first = WithBatches(16, optimizer, "max_steps: 6 epochs: 3", true);
  first->options.checkpoint_folder = folder;
  ASSERT_TRUE(first->Go().ok());
  auto second = WithBatches(16, optimizer, "epochs: 3", true);
  std::vector<std::string> skipped;
  const auto path = NewestCheckpoint(folder, &skipped);
  ASSERT_TRUE(path.ok()) << path.status();
  ASSERT_TRUE(LoadCheckpoint(*path, second->step->numbers(), *second->watcher, &second->state).ok());
  ASSERT_TRUE(second->Go().ok());
  EXPECT_TRUE(Bytes(second->state) == Bytes(whole->state));
}

TEST(GradientAccumulationTest, AnUpdateWithABadBatchLeavesEverythingAsItWas) {
  auto run = WithBatches(32, "adam {} gradient_accumulation_steps: 3", "epochs: 1", true);
  const std::string before = Bytes(run->state);
  StepReport report;
  std::vector<float> x(96 * 2, 0.5f), label(96, 1.f);
  for (size_t i = 0; i < x.size(); ++i) x[i] += 0.01f * static_cast<float>(i);
  x[2 * 70] = std::numeric_limits<float>::quiet_NaN();  // In the third batch.
  const void* inputs[] = {x.data(), label.data()};
  const absl::Status status = run->step->Run(inputs, 96, &run->state, &report);
  EXPECT_TRUE(IsNonFinite(status)) << status;
  EXPECT_TRUE(Bytes(run->state) == before);
  x[2 * 70] = 0.5f;
  EXPECT_TRUE(run->step->Run(inputs, 96, &run->state, &report).ok());
  EXPECT_FALSE(Bytes(run->state) == before);
}

}  // namespace
}  // namespace gradus
