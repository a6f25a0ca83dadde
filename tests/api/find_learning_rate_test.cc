// The search for a rate: what it measures is what training does, what it suggests is good, and it
// leaves no trace.

#include "gradus/api/find_learning_rate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/rate_table.h"
#include "gradus/api/rate_trials.h"
#include "gradus/base/file.h"
#include "tests/api/api_testing.h"

namespace gradus {
namespace {

constexpr double kRates[] = {1e-3, 2e-3, 4e-3, 8e-3, 16e-3, 32e-3};

// With 4 of the 20 points held out: batches of 8 and 8.
const std::vector<std::string>& Validated() {
  static const auto* const settings =
      new std::vector<std::string>{"data.validation.fraction=0.2", "run.epochs=10"};
  return *settings;
}

std::vector<std::string> And(std::vector<std::string> settings,
                             const std::vector<std::string>& more) {
  settings.insert(settings.end(), more.begin(), more.end());
  return settings;
}

std::string State(const Trainer& trainer, const std::string& name) {
  const std::string folder = testing::TempDir() + "/" + name;
  std::filesystem::remove_all(folder);
  const absl::StatusOr<std::string> path = trainer.SaveState(folder);
  EXPECT_TRUE(path.ok()) << path.status();
  if (!path.ok()) return name;
  return absl::StrCat(*ReadFile(*path + "/state.pbtxt", 1 << 20),
                      *ReadFile(*path + "/state.safetensors", 1 << 20));
}

absl::StatusOr<RateRange> Find(const std::vector<std::string>& settings,
                               FindRateOptions options = {}) {
  const auto trainer = SmallTrainer(settings);
  return FindLearningRate(*trainer, options);
}

// ---- No trace.

class StopAt final : public TrainObserver {
 public:
  explicit StopAt(int64_t step) : step_(step) {}
  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    last_ = report.step;
    return absl::OkStatus();
  }
  bool StopRequested() override { return last_ == step_; }

 private:
  const int64_t step_;
  int64_t last_ = 0;
};

// In the middle of an epoch, with slots, batch normalisation's states, a command, a controller's
// memory.
std::unique_ptr<Trainer> HalfTrained() {
  auto trainer = SmallTrainer(
      And(Validated(), {"optimizer.controller=[{ hypergradient { step_size: 0.05 } }]"}));
  RateCommand command;
  command.set_scale(0.5);
  EXPECT_TRUE(trainer->Command(command).ok());
  StopAt stop(7);
  TrainObserver* const observers[] = {&stop};
  const absl::StatusOr<LoopEnd> end = trainer->Train(observers);
  EXPECT_TRUE(end.ok() && *end == LoopEnd::kStopped) << end.status();
  return trainer;
}

class NoTrace : public testing::TestWithParam<int> {};

TEST_P(NoTrace, IsLeft) {
  const auto searched = HalfTrained(), plain = HalfTrained();
  const std::string before = State(*searched, "before");
  FindRateOptions options;
  options.present_weights = true;
  int asked = 0;
  if (GetParam() > 0) options.cancelled = [&asked] { return ++asked >= GetParam(); };
  const absl::StatusOr<RateRange> range = FindLearningRate(*searched, options);
  EXPECT_EQ(absl::IsCancelled(range.status()), GetParam() > 0) << range.status();
  EXPECT_EQ(State(*searched, "after"), before);
  ASSERT_TRUE(searched->Train().ok());
  ASSERT_TRUE(plain->Train().ok());
  EXPECT_EQ(State(*searched, "searched"), State(*plain, "plain"));
  EXPECT_NE(State(*searched, "searched"), before);
}

// 0: to the end; else stopped after so many updates, in the range test and in trials.
INSTANTIATE_TEST_SUITE_P(Stopped, NoTrace, testing::Values(0, 1, 50, 150, 330, 500));

TEST(FindLearningRate, LeavesNoTraceWhenItFails) {
  const auto trainer = SmallTrainer();
  // The square of its output is no float any more.
  ASSERT_TRUE(
      trainer->SetParameter("out/kernel", Tensor::Of<float>({4, 1}, {1e30f, 1e30f, 1e30f, 1e30f}))
          .ok());
  const std::string before = State(*trainer, "before");
  FindRateOptions options;
  options.present_weights = true;
  const absl::StatusOr<RateRange> range = FindLearningRate(*trainer, options);
  EXPECT_TRUE(absl::StrContains(range.status().message(), "not finite at the first batch"))
      << range.status();
  EXPECT_EQ(State(*trainer, "after"), before);
}

TEST(FindLearningRate, IsTheSameEveryTimeAndOtherwiseWithAnotherSeed) {
  const absl::StatusOr<RateRange> a = Find(Validated()), b = Find(Validated());
  const absl::StatusOr<RateRange> c = Find(And(Validated(), {"run.seed=6"}));
  ASSERT_TRUE(a.ok() && b.ok() && c.ok()) << a.status();
  EXPECT_EQ(a->curve.mean, b->curve.mean);
  EXPECT_NE(a->curve.mean, c->curve.mean);
  EXPECT_EQ(a->suggestion, b->suggestion);
  ASSERT_EQ(a->trials.size(), b->trials.size());
  for (size_t i = 0; i < a->trials.size(); ++i) {
    EXPECT_EQ(a->trials[i].loss, b->trials[i].loss) << i;
  }
}

// ---- What it measures.

// Steps of a trainer that is told every rate from outside; batches in file order.
std::vector<double> Steps(Trainer* trainer, double bias_scale) {
  const Points points = MakePoints(20);
  std::vector<double> losses;
  for (size_t k = 0; k < std::size(kRates); ++k) {
    for (const char* group : {"default", "biases"}) {
      RateCommand command;
      command.set_group(group);
      command.set_set(kRates[k] * (group[0] == 'b' ? bias_scale : 1));
      EXPECT_TRUE(trainer->Command(command).ok());
    }
    const int64_t begin = k % 3 == 0   ? 0
                          : k % 3 == 1 ? 8
                                       : 16,
                  end = std::min<int64_t>(begin + 8, 20);
    const auto rows = [&](const Tensor& all, int64_t width) {
      const absl::Span<const float> values = all.data<float>();
      return Tensor::Of<float>(
          {end - begin, width},
          std::vector<float>(values.begin() + begin * width, values.begin() + end * width));
    };
    const absl::StatusOr<StepResult> result =
        trainer->Step({{"x", rows(points.x, 3)}, {"y", rows(points.y, 1)}});
    EXPECT_TRUE(result.ok()) << result.status();
    losses.push_back(result->loss);
  }
  return losses;
}

TEST(RangeTest, IsStepsAtThoseRatesWithEveryGroupInProportionAndTheRestHeld) {
  const std::vector<std::string> groups = {
      "data.order=FILE_ORDER",
      "optimizer.group=[{ name: \"biases\" match: \".*/bias\" learning_rate_scale: 3 }]"};
  // Rate and beta1 move in the run that is searched; in the other one beta1 stays where it begins.
  const auto moving = SmallTrainer(
      And(groups,
          {"optimizer.learning_rate=linear { initial_learning_rate: 0.02 end_learning_rate: 0.001 "
           "steps: 9 }",
           "optimizer.schedule=[{ field: \"beta1\" follow { linear { initial_learning_rate: 0.8 "
           "end_learning_rate: 0.1 steps: 4 } } }]"}));
  const auto told = SmallTrainer(And(groups, {"optimizer.adam.beta1=0.8"}));
  const auto trials = RateTrials::Create(*moving, false, nullptr);
  ASSERT_TRUE(trials.ok()) << trials.status();
  EXPECT_EQ((*trials)->peak(), 0.02);
  std::vector<double> losses;
  const auto never = [](double) { return false; };
  ASSERT_TRUE((*trials)->Ramp(0, kRates, never, &losses).ok());
  EXPECT_EQ(losses, Steps(told.get(), 3));
  EXPECT_NE(losses, Steps(SmallTrainer(groups).get(), 1));
}

TEST(RangeTest, RisesExponentiallyInsideItsBand) {
  FindRateOptions options;
  options.start = 1e-5;
  options.end = 0.1;
  options.steps = 41;
  options.trials = 0;
  const absl::StatusOr<RateRange> range = Find(Validated(), options);
  ASSERT_TRUE(range.ok()) << range.status();
  const RateRange::Curve& curve = range->curve;
  ASSERT_EQ(curve.rates.size(), 41u);
  EXPECT_FALSE(range->diverges.has_value());
  EXPECT_NEAR(curve.rates.back(), 0.1, 1e-15);
  for (size_t k = 0; k < 41; ++k) {
    EXPECT_NEAR(std::log10(curve.rates[k]), -5 + 0.1 * static_cast<double>(k), 1e-12);
    EXPECT_LE(curve.low[k], curve.mean[k]);
    EXPECT_LE(curve.mean[k], curve.high[k]);
  }
  EXPECT_LE(range->steepest, range->lowest);
  EXPECT_TRUE(range->trials.empty());
  EXPECT_EQ(range->confidence, RateConfidence::kLow);
}

TEST(RangeTest, BreaksOffWhereTrainingDoes) {
  FindRateOptions options;
  options.trials = 0;
  options.end = 1e6;
  const absl::StatusOr<RateRange> range = Find(And(Validated(), {"optimizer.sgd={}"}), options);
  ASSERT_TRUE(range.ok()) << range.status();
  ASSERT_TRUE(range->diverges.has_value());
  EXPECT_GT(*range->diverges, range->curve.rates.back());
  EXPECT_LT(range->suggestion, *range->diverges);
  const double least = *std::min_element(range->curve.low.begin(), range->curve.low.end());
  for (double high : range->curve.high) EXPECT_TRUE(std::isfinite(high)) << least;
}

double TrainedLoss(const std::vector<std::string>& settings) {
  const auto trainer = SmallTrainer(settings);
  EXPECT_TRUE(trainer->Train().ok());
  const absl::StatusOr<MetricLine> line =
      trainer->Evaluate(trainer->data().validation, "validation");
  EXPECT_TRUE(line.ok()) << line.status();
  return line->loss;
}

TEST(Trial, IsTheRunWithThatRate) {
  const auto trainer = SmallTrainer(Validated());
  const auto trials = RateTrials::Create(*trainer, false, nullptr);
  ASSERT_TRUE(trials.ok()) << trials.status();
  EXPECT_EQ((*trials)->planned_steps(), 20);
  for (double rate : {0.01, 0.02}) {  // The run's own, and twice that, which loses no bit.
    const auto loss = (*trials)->Train(0, rate, 20);
    ASSERT_TRUE(loss.ok() && loss->has_value());
    EXPECT_EQ(**loss, TrainedLoss(And(Validated(),
                                      {absl::StrCat("optimizer.learning_rate.constant=", rate)})));
  }
  const auto other = (*trials)->Train(1, 0.01, 20);
  EXPECT_EQ(**other, TrainedLoss(And(Validated(), {"run.seed=6", "data.shuffle_seed=4"})));
}

TEST(Trial, ThatIsShorterHasTheWholeSchedule) {
  const auto trainer = SmallTrainer(And(
      Validated(),
      {"optimizer.learning_rate=cosine_decay { initial_learning_rate: 0.02 decay_steps: 20 }"}));
  const auto trials = RateTrials::Create(*trainer, false, nullptr);
  ASSERT_TRUE(trials.ok()) << trials.status();
  const auto loss = (*trials)->Train(0, 0.02, 10);
  ASSERT_TRUE(loss.ok() && loss->has_value());
  // Half the time, so twice the pace: sums of other order, and cosines of other arguments, are a
  // few roundings apart.
  EXPECT_NEAR(**loss,
              TrainedLoss({"data.validation.fraction=0.2", "run.epochs=5",
                           "optimizer.learning_rate=cosine_decay { initial_learning_rate: 0.02 "
                           "decay_steps: 10 }"}),
              1e-6 * **loss);
}

TEST(Trial, ThatBreaksHasNoLoss) {
  const auto trainer = SmallTrainer(And(Validated(), {"optimizer.sgd={}", "run.epochs=60"}));
  const auto trials = RateTrials::Create(*trainer, false, nullptr);
  ASSERT_TRUE(trials.ok()) << trials.status();
  const auto loss = (*trials)->Train(0, 1e20, 120);
  ASSERT_TRUE(loss.ok()) << loss.status();
  EXPECT_FALSE(loss->has_value()) << **loss;
}

// ---- What is to be pasted.

class Scaled : public testing::TestWithParam<const char*> {};

TEST_P(Scaled, HasItsPeakAtTheSuggestion) {
  const std::vector<std::string> settings =
      And(Validated(), {absl::StrCat("optimizer.learning_rate=", GetParam()),
                        "optimizer.group=[{ name: \"biases\" match: \".*/bias\" learning_rate { "
                        "constant: 0.004 } }]"});
  const auto trainer = SmallTrainer(settings);
  const auto trials = RateTrials::Create(*trainer, false, nullptr);
  ASSERT_TRUE(trials.ok()) << trials.status();
  const double peak = (*trials)->peak(), rate = 0.00316;
  const std::vector<std::string> scaled =
      And(settings, ScaleRates(trainer->config().optimizer(), peak, rate));
  const auto again = SmallTrainer(scaled);
  ASSERT_NE(again, nullptr);
  const Hyperparameters &before = trainer->step().numbers(), &after = again->step().numbers();
  for (int64_t step = 0; step < 20; ++step) {
    const Progress progress = trainer->timeline().At(step);
    for (int group : {0, 1}) {
      const double was = before.ScheduleAt(group, progress), is = after.ScheduleAt(group, progress);
      // Numbers in the settings have twelve digits.
      EXPECT_NEAR(is, was * rate / peak, 1e-11 * is) << step << " " << group;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(
    Schedules, Scaled,
    testing::Values(
        "constant: 0.02",
        "exponential_decay { initial_learning_rate: 0.1 decay_steps: 5 decay_rate: 0.5 }",
        "cosine_decay { initial_learning_rate: 0.001 warmup_target: 0.5 warmup_steps: 4 "
        "decay_steps: 16 }",
        // Its end_learning_rate is 1e-4 by default.
        "polynomial_decay { initial_learning_rate: 0.02 decay_steps: 10 }",
        "one_cycle { max_learning_rate: 0.3 total_steps: 20 }",
        "cyclic { base_learning_rate: 0.001 max_learning_rate: 0.2 step_size_up: 4 }",
        "clock: EPOCHS piecewise_constant_decay { boundaries: [2, 5] values: [0.05, 0.02, 0.005] }",
        "warmup { steps: 5 then { cosine_decay { initial_learning_rate: 0.1 decay_steps: 15 } } "
        "}"));

// ---- What it suggests.

TEST(FindLearningRate, IsWithin5PercentOfTheBestOfAGrid) {
  const auto trainer = Trainer::FromFile("examples/diabetes.pbtxt");
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const absl::StatusOr<RateRange> range = FindLearningRate(**trainer, {});
  ASSERT_TRUE(range.ok()) << range.status();
  const auto trials = RateTrials::Create(**trainer, false, nullptr);
  ASSERT_TRUE(trials.ok()) << trials.status();
  const int64_t steps = (*trials)->planned_steps();
  double best = 1e300;
  for (int k = 0; k < 13; ++k) {
    const auto loss = (*trials)->Train(0, std::pow(10, -5 + 0.5 * k), steps);
    ASSERT_TRUE(loss.ok()) << loss.status();
    best = std::min(best, loss->value_or(best));
  }
  const auto suggested = (*trials)->Train(0, range->suggestion, steps);
  ASSERT_TRUE(suggested.ok() && suggested->has_value());
  EXPECT_LE(**suggested, 1.05 * best);
  EXPECT_TRUE(range->validated);
  EXPECT_EQ(range->text, absl::StrCat("optimizer { learning_rate { constant: ",
                                      ShortestNumber(range->suggestion), " } }"));
  EXPECT_EQ(range->settings,
            (std::vector<std::string>{absl::StrCat("optimizer.learning_rate.constant=",
                                                   ShortestNumber(range->suggestion))}));
}

TEST(FindLearningRate, IsNeverSureOfLessThanTheWholeRun) {
  FindRateOptions shorter;
  shorter.trial_steps = 10;
  FindRateOptions few;
  few.trials = 1;
  FindRateOptions alone;
  alone.seeds = 1;
  const std::string kept = "data.validation.fraction=0.2";
  for (const auto& [settings, options, because] :
       {std::make_tuple(std::vector<std::string>{kept, "run.epochs=10"}, shorter,
                        "10 of 20 updates"),
        std::make_tuple(std::vector<std::string>{kept, "run.epochs=10"}, few,
                        "trials were used up"),
        std::make_tuple(std::vector<std::string>{kept, "run.epochs=10"}, alone,
                        "no other was asked"),
        std::make_tuple(std::vector<std::string>{kept, "run.epochs=0"}, FindRateOptions(),
                        "no updates"),
        std::make_tuple(std::vector<std::string>{"run.epochs=10"}, FindRateOptions(),
                        "no validation examples")}) {
    const absl::StatusOr<RateRange> range = Find(settings, options);
    ASSERT_TRUE(range.ok()) << range.status();
    EXPECT_NE(range->confidence, RateConfidence::kHigh) << because;
    const bool seeds_differ = absl::StrContains(range->because, "is better by");
    EXPECT_TRUE(seeds_differ || absl::StrContains(range->because, because)) << range->because;
  }
}

// ---- What it refuses.

TEST(FindLearningRate, RefusesWhatMakesNoSense) {
  const struct {
    double start, end;
    int64_t steps;
    int seeds, trials;
    const char* message;
  } cases[] = {{0, 1, 0, 3, 1, "must begin above 0"},  {1, 0.1, 0, 3, 1, "end above its beginning"},
               {1e-3, INFINITY, 0, 3, 1, "end above"}, {NAN, 1, 0, 3, 1, "must begin above 0"},
               {1e-3, 1, 3, 3, 1, "steps 3 must"},     {1e-3, 1, 0, 0, 1, "seeds 0 must"},
               {1e-3, 1, 0, 3, -1, "trials -1 must"}};
  for (const auto& refused : cases) {
    FindRateOptions options;
    options.start = refused.start;
    options.end = refused.end;
    options.steps = refused.steps;
    options.seeds = refused.seeds;
    options.trials = refused.trials;
    const absl::StatusOr<RateRange> range = Find({}, options);
    EXPECT_TRUE(absl::IsInvalidArgument(range.status()));
    EXPECT_TRUE(absl::StrContains(range.status().message(), refused.message)) << range.status();
  }
  const absl::StatusOr<RateRange> still = Find({"optimizer.learning_rate.constant=0"});
  EXPECT_TRUE(absl::StrContains(still.status().message(), "never above 0")) << still.status();
}

}  // namespace
}  // namespace gradus
