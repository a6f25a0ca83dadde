// Single steps against paper and pencil, and what is not finite.

#include "gradus/train/train_step.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

#include "gradus/train/non_finite.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

// Linear regression with a squared error, small enough to compute by hand.
std::string LinearModel(absl::string_view loss) {
  return absl::StrCat(
      "model { name: \"line\" input { name: \"x\" shape: 1 } input { name: \"y\" shape: 1 }"
      " layer { name: \"out\" input: \"x\" dense { units: 1 } } ",
      loss, " }\n");
}
constexpr char kSquaredError[] =
    "loss { name: \"l\" weight: 3 mean_squared_error { prediction: \"out\" label: \"y\" } }";
constexpr char kSgd[] = "optimizer { sgd {} learning_rate { constant: 0.25 } }";

struct Prepared {
  std::unique_ptr<TrainStep> step;
  TrainState state;
  StepReport report;

  absl::Status Run(const std::vector<float>& x, const std::vector<float>& y) {
    const void* inputs[] = {x.data(), y.data()};
    return step->Run(inputs, static_cast<int64_t>(x.size()), &state, &report);
  }
  float& kernel() { return state.store.weights()[state.store.layout().place(0).offset]; }
  float& bias() { return state.store.weights()[state.store.layout().place(1).offset]; }
};

Prepared Prepare(const std::string& text, const StepOptions& options = {}) {
  const RunConfig config = ParseRun(text);
  Diagnostics diagnostics;
  auto step = TrainStep::Create(config.model(), config.optimizer(), options, &diagnostics);
  EXPECT_TRUE(step.ok()) << step.status();
  auto state = (*step)->NewState();
  EXPECT_TRUE(state.ok()) << state.status();
  return {*std::move(step), *std::move(state), {}};
}

TEST(TrainStepTest, OneStepIsWhatPaperAndPencilGive) {
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError), kSgd));
  p.kernel() = 2;
  p.bias() = 1;
  // Residuals: 2*1+1-2 = 1, 2*3+1-5 = 2. Loss of an example: 3 r^2.
  ASSERT_TRUE(p.Run({1, 3}, {2, 5}).ok());
  EXPECT_EQ(p.report.step, 1);
  EXPECT_EQ(p.report.learning_rate, 0.25);
  EXPECT_EQ(p.report.sums.examples, 2);
  EXPECT_EQ(p.report.sums.loss, 3 * (1 + 4));
  // Gradients of the mean: kernel 3 * 2 * (1*1 + 2*3) / 2 = 21, bias 3 * 2 * (1 + 2) / 2 = 9.
  EXPECT_EQ(p.kernel(), 2 - 0.25f * 21);
  EXPECT_EQ(p.bias(), 1 - 0.25f * 9);
  EXPECT_EQ(p.state.progress.update, 1);
  EXPECT_EQ(p.state.progress.examples, 2);
}

TEST(TrainStepTest, AShortBatchHasItsOwnMean) {
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError), kSgd));
  p.kernel() = 1;
  p.bias() = 0;
  ASSERT_TRUE(p.Run({0, 0, 0, 0}, {0, 0, 0, 0}).ok());
  EXPECT_EQ(p.bias(), 0);
  ASSERT_TRUE(p.Run({1}, {0}).ok());  // Gradient 3 * 2 * 1.
  EXPECT_EQ(p.report.sums.loss, 3);
  EXPECT_EQ(p.kernel(), 1 - 0.25f * 6);
}

TEST(TrainStepTest, UpdateKUsesTheScheduleAtK) {
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError),
                                    "optimizer { sgd {} learning_rate { piecewise_constant_decay { "
                                    "boundaries: 0 values: [0.5, 0.25] } } }"));
  ASSERT_TRUE(p.Run({1}, {0}).ok());
  EXPECT_EQ(p.report.learning_rate, 0.5);
  ASSERT_TRUE(p.Run({1}, {0}).ok());
  EXPECT_EQ(p.report.learning_rate, 0.25);
}

TEST(TrainStepTest, WithoutARateTheRulesDefaultIsUsed) {
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError), "optimizer { sgd {} }"));
  EXPECT_EQ(p.step->numbers().At(0, {}, p.state.rates), 0.01);
}

TEST(TrainStepTest, ALossThatIsNotFiniteNamesStepRateAndNodeAndUpdatesNothing) {
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError), kSgd));
  p.kernel() = 1;
  ASSERT_TRUE(p.Run({1}, {1}).ok());
  const float kernel = p.kernel(), bias = p.bias();
  p.kernel() = 1e30f;
  const absl::Status status = p.Run({1}, {1});
  EXPECT_TRUE(IsNonFinite(status));
  EXPECT_EQ(
      std::string(status.message()),
      "step 2: the loss is not finite (learning rate 0.25); first non-finite node: "
      "node \"loss/l/square\" (Square): 1 of 1 numbers are not finite, the first is inf at [0, 0] "
      "[model.loss[l].mean_squared_error]");
  EXPECT_EQ(p.kernel(), 1e30f);
  EXPECT_EQ(p.bias(), bias);
  EXPECT_EQ(p.state.progress.update, 1);
  p.kernel() = kernel;
  EXPECT_TRUE(p.Run({1}, {1}).ok());
}

TEST(TrainStepTest, AGradientThatIsNotFiniteNamesItsParameter) {
  // The loss is finite, the kernel's gradient overflows: 2 * 3 * r * x.
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError), kSgd));
  p.kernel() = 0;
  const absl::Status status = p.Run({3e38f}, {1e18f});
  EXPECT_TRUE(IsNonFinite(status));
  EXPECT_EQ(std::string(status.message()),
            "step 1: a gradient is not finite (learning rate 0.25); first non-finite node: "
            "gradient/out/matmul/matmul, the gradient of \"out/kernel\"");
  EXPECT_EQ(p.state.progress.update, 0);
}

TEST(TrainStepTest, ARateThatIsNotFiniteIsRefusedBeforeAnythingIsComputed) {
  Prepared p = Prepare(absl::StrCat(
      LinearModel(kSquaredError),
      "optimizer { sgd {} learning_rate { exponential_decay { initial_learning_rate: 1 "
      "decay_steps: 1e-300 decay_rate: 2 } } }"));
  EXPECT_TRUE(p.Run({1}, {1}).ok());  // The exponent of update 0 is 0.
  const float kernel = p.kernel();
  const absl::Status status = p.Run({1}, {1});
  EXPECT_FALSE(IsNonFinite(status));
  EXPECT_EQ(std::string(status.message()),
            "step 2: learning_rate is inf, which must be finite and at least 0");
  EXPECT_EQ(p.kernel(), kernel);
}

TEST(TrainStepTest, AWeightThatOverflowsNamesItsParameter) {
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError),
                                    "optimizer { sgd {} learning_rate { constant: 1e38 } }"));
  p.kernel() = 0;
  const absl::Status status = p.Run({1}, {100});
  EXPECT_TRUE(IsNonFinite(status));
  EXPECT_EQ(
      std::string(status.message()),
      "step 1: a weight is not finite (learning rate 1e+38); the update took \"out/kernel\" out "
      "of range: the rate is too high");
}

TEST(TrainStepTest, CheckNumericsNamesTheFirstNodeBeforeAnythingIsUpdated) {
  StepOptions options;
  options.check_numerics = true;
  Prepared p = Prepare(absl::StrCat(LinearModel(kSquaredError), kSgd), options);
  p.kernel() = 1e30f;
  const absl::Status status = p.Run({1}, {1});
  EXPECT_TRUE(IsNonFinite(status));
  EXPECT_EQ(
      std::string(status.message()),
      "step 1: a value is not finite (learning rate 0.25); first non-finite node: "
      "node \"loss/l/square\" (Square): 1 of 1 numbers are not finite, the first is inf at [0, 0] "
      "[model.loss[l].mean_squared_error]");
  EXPECT_EQ(p.kernel(), 1e30f);
}

TEST(TrainStepTest, ALargeUpdateIsCutAmongThreadsWithoutChangingABit) {
  const std::string text =
      "model { name: \"wide\" input { name: \"x\" shape: 300 } input { name: \"y\" shape: 1 }"
      " layer { name: \"h\" input: \"x\" dense { units: 301 } }"
      " layer { name: \"out\" dense { units: 1 } }"
      " loss { mean_squared_error { prediction: \"out\" label: \"y\" } } }"
      " optimizer { adam {} }  run { seed: 1 }";
  std::vector<float> x(8 * 300), y(8, 1);
  for (size_t i = 0; i < x.size(); ++i) x[i] = std::sin(static_cast<float>(i));
  std::vector<std::vector<float>> weights;
  for (const int threads : {1, 2, 3}) {
    ThreadPool pool(threads);
    StepOptions options;
    options.pool = &pool;
    options.block_rows = 4;  // The sums over rows are the same, so only the update could differ.
    Prepared p = Prepare(text, options);
    const void* inputs[] = {x.data(), y.data()};
    for (int i = 0; i < 3; ++i) {
      ASSERT_TRUE(p.step->Run(inputs, 8, &p.state, &p.report).ok());
    }
    weights.emplace_back(p.state.store.weights(), p.state.store.weights() + p.state.store.floats());
  }
  EXPECT_EQ(std::memcmp(weights[0].data(), weights[1].data(), weights[0].size() * 4), 0);
  EXPECT_EQ(std::memcmp(weights[0].data(), weights[2].data(), weights[0].size() * 4), 0);
}

TEST(TrainStepTest, AStateLeafFollowsTheBatchesAndOnlyWhenTheUpdateIsAccepted) {
  auto run = MakeRun("optimizer { sgd {} } run { epochs: 1 }", true);
  const int i = run->state.store.state_layout().Find("norm/moving_mean");
  ASSERT_GE(i, 0);
  const auto mean = [&]() {
    const Tensor tensor =
        *run->state.store.Read(run->state.store.state_layout(), i, run->state.store.states());
    return std::vector<float>(tensor.data<float>().begin(), tensor.data<float>().end());
  };
  EXPECT_EQ(mean(), std::vector<float>(8, 0));
  ASSERT_TRUE(run->Go().ok());
  const std::vector<float> after = mean();
  EXPECT_NE(after, std::vector<float>(8, 0));
  std::vector<float> x = {std::numeric_limits<float>::quiet_NaN(), 0, 0, 0}, label = {0, 1};
  const void* inputs[] = {x.data(), label.data()};
  StepReport report;
  EXPECT_TRUE(IsNonFinite(run->step->Run(inputs, 2, &run->state, &report)));
  EXPECT_EQ(mean(), after);
}

TEST(TrainStepTest, WhatCannotBeTrainedIsRefused) {
  const struct {
    std::string text, message;
  } cases[] = {
      {absl::StrCat(LinearModel(""), kSgd),
       "a model without a loss cannot be trained; write loss { ... } [model]"},
      {LinearModel(kSquaredError), "no optimizer rule is set [optimizer]"},
      {absl::StrCat(LinearModel(kSquaredError), "optimizer { sgd { nesterov: true } }"),
       "sgd: nesterov is set, but momentum is 0; write momentum: 0.9 [optimizer.sgd.nesterov]"},
      // A momentum that follows a schedule is none that is 0, whatever else is wrong.
      {absl::StrCat(LinearModel(kSquaredError),
                    "optimizer { sgd { nesterov: true } schedule { field: \"momentum\" follow { "
                    "constant: 0.9 } } schedule { field: \"weight_dekay\" follow { constant: 0.1 } } }"),
       "there is no number called \"weight_dekay\"; did you mean \"weight_decay\"? "
       "[optimizer.schedule[1].field]"},
  };
  for (const auto& c : cases) {
    const RunConfig config = ParseRun(c.text);
    Diagnostics diagnostics;
    const auto step = TrainStep::Create(config.model(), config.optimizer(), {}, &diagnostics);
    EXPECT_EQ(std::string(step.status().message()), c.message);
  }
}

TEST(MetricSumsTest, AddUp) {
  MetricSums sums;
  sums.Add({1.5, {2}, 3});
  sums.Add({0.5, {1}, 1});
  EXPECT_EQ(sums.loss, 2);
  EXPECT_EQ(sums.metrics, std::vector<double>{3});
  EXPECT_EQ(sums.examples, 4);
}

TEST(MetricSumsTest, KeptRowsStandOneAfterAnother) {
  MetricSums sums, batch;
  batch.examples = 1;
  batch.rows = {{}, {1, 2}};
  sums.Add(batch);
  batch.rows = {{}, {3, 4}};
  sums.Add(batch);
  EXPECT_EQ(sums.rows, (std::vector<std::vector<float>>{{}, {1, 2, 3, 4}}));
  sums.Clear();
  EXPECT_EQ(sums.rows, (std::vector<std::vector<float>>{{}, {}}));
}

}  // namespace
}  // namespace gradus
