// Whole runs that something changes on the way: controllers, early stopping, groups, commands from
// outside.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <thread>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gradus/base/file.h"
#include "gradus/base/random.h"
#include "gradus/base/text_config.h"
#include "gradus/train/non_finite.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

class Recorder final : public TrainObserver {
 public:
  explicit Recorder(int64_t stop_after = -1) : stop_after_(stop_after) {}
  absl::Status OnStep(const StepReport& report, const TrainState& state) override {
    rates.push_back(report.learning_rate);
    last_ = state.progress.update;
    return absl::OkStatus();
  }
  absl::Status OnLine(const MetricLine& line) override {
    if (line.split == "validation") validation.push_back(line.loss);
    order.push_back(line.split);
    return absl::OkStatus();
  }
  absl::Status OnEvent(const RateEvent& event) override {
    events.push_back(event);
    order.push_back(event.layer);
    return absl::OkStatus();
  }
  absl::Status OnCheckpoint(const std::string&) override {
    order.push_back("saved");
    return absl::OkStatus();
  }
  absl::Status OnCommand(const RateCommand&, const absl::Status& status) override {
    answers.push_back(status);
    return absl::OkStatus();
  }
  bool StopRequested() override { return last_ == stop_after_; }

  std::vector<double> rates, validation;
  std::vector<RateEvent> events;
  std::vector<std::string> order;
  std::vector<absl::Status> answers;

 private:
  const int64_t stop_after_;
  int64_t last_ = 0;
};

RateCommand Command(const std::string& text) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "c", RateCommand::default_instance(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  return static_cast<const RateCommand&>(*parsed.message);
}

TEST(ControlledRunTest, AScheduledMomentumMayStartAtZeroAndPassThroughIt) {
  auto run = MakeRun(
      "optimizer { sgd {} learning_rate { constant: 0.1 } schedule { field: \"momentum\" follow {"
      " piecewise_constant_decay { boundaries: [2, 4] values: [0, 0.9, 0] } } } } run { epochs: 2 "
      "}");
  ASSERT_EQ(run->state.store.memory().slots(), 1);
  ASSERT_TRUE(run->Go().ok());
  // With a momentum of 0 the velocity is the last change: it was an ordinary step.
  auto plain = MakeRun("optimizer { sgd {} learning_rate { constant: 0.1 } } run { max_steps: 3 }");
  auto scheduled = MakeRun(
      "optimizer { sgd {} learning_rate { constant: 0.1 } schedule { field: \"momentum\" follow {"
      " piecewise_constant_decay { boundaries: 2 values: [0, 0.9] } } } } run { max_steps: 3 }");
  ASSERT_TRUE(plain->Go().ok());
  ASSERT_TRUE(scheduled->Go().ok());
  for (int64_t i = 0; i < plain->state.store.floats(); ++i) {
    EXPECT_EQ(plain->state.store.weights()[i], scheduled->state.store.weights()[i]);
  }
}

TEST(ControlledRunTest, GroupsUpdateLikeRunsOfTheirOwnRates) {
  // One step: weights of a group move by its own rate times the gradient, which is the same in all
  // three.
  const auto weights = [](const std::string& optimizer, const std::string& name) {
    auto run = MakeRun(optimizer + " run { max_steps: 1 seed: 3 }");
    EXPECT_TRUE(run->Go().ok());
    const ParameterStore& store = run->state.store;
    const int i = store.layout().Find(name);
    const Tensor tensor = *store.Read(store.layout(), i, store.weights());
    return std::vector<float>(tensor.data<float>().begin(), tensor.data<float>().end());
  };
  const std::string grouped =
      "optimizer { sgd {} learning_rate { constant: 0.25 }"
      " group { name: \"biases\" match: \".*/bias\" learning_rate_scale: 2 } }";
  const std::string slow = "optimizer { sgd {} learning_rate { constant: 0.25 } }";
  const std::string fast = "optimizer { sgd {} learning_rate { constant: 0.5 } }";
  EXPECT_EQ(weights(grouped, "hidden/kernel"), weights(slow, "hidden/kernel"));
  EXPECT_EQ(weights(grouped, "hidden/bias"), weights(fast, "hidden/bias"));
  EXPECT_NE(weights(slow, "output/bias"), weights(fast, "output/bias"));
}

TEST(ControlledRunTest, WeightDecayIsTakenBeforeTheRuleScaledByTheRate) {
  const auto run = [](const std::string& decay) {
    auto made = MakeRun("optimizer { sgd {} learning_rate { constant: 0.5 } " + decay +
                        " } run { max_steps: 1 seed: 3 }");
    std::vector<float> start(made->state.store.weights(),
                             made->state.store.weights() + made->state.store.floats());
    EXPECT_TRUE(made->Go().ok());
    std::vector<float> end(made->state.store.weights(),
                           made->state.store.weights() + made->state.store.floats());
    return std::make_pair(start, end);
  };
  const auto plain = run(""), decayed = run("weight_decay: 0.25");
  for (size_t i = 0; i < plain.first.size(); ++i) {
    // Keras: w <- w - w * decay * rate, then w <- w - rate * g. Two roundings of numbers below 4.
    EXPECT_NEAR(decayed.second[i], plain.second[i] - plain.first[i] * 0.125f, 1e-6);
  }
}

TEST(ControlledRunTest, ValidationNumbersAreThoseOfAStoreInAnotherGeometry) {
  // The same run but for groups that change nothing: the same losses, training and validation.
  Recorder grouped, plain;
  TrainObserver* const grouped_observers[] = {&grouped};
  TrainObserver* const plain_observers[] = {&plain};
  const std::string rest = " run { epochs: 3 seed: 1 }";
  ASSERT_TRUE(MakeRun("optimizer { sgd {} group { name: \"b\" match: \".*/bias\" }"
                      " group { name: \"h\" match: \"hidden/.*\" } }" +
                      rest)
                  ->Go(grouped_observers)
                  .ok());
  ASSERT_TRUE(MakeRun("optimizer { sgd {} }" + rest)->Go(plain_observers).ok());
  EXPECT_EQ(grouped.validation, plain.validation);
}

TEST(ControlledRunTest, AfterAValidationPlateauComesFirstThenEarlyStoppingThenSaving) {
  const std::string folder = FreshFolder("order");
  auto run = MakeRun(
      "optimizer { sgd {} learning_rate { constant: 1e-9 } controller { reduce_on_plateau {"
      " monitor: \"validation/loss\" patience: 2 factor: 0.5 } } }"
      " run { epochs: 9 early_stopping { monitor: \"validation/loss\" patience: 2 min_delta: 1e-4 }"
      " checkpoint { every_epochs: 1 } }",
      false, 1, folder);
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  const auto end = run->Go(observers);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(*end, LoopEnd::kEarly);
  EXPECT_EQ(recorder.order, (std::vector<std::string>{"train", "validation", "saved", "train",
                                                      "validation", "saved", "train", "validation",
                                                      "controller[0] reduce_on_plateau", "saved"}));
  EXPECT_EQ(recorder.events[0].step, 12);
  EXPECT_EQ(recorder.events[0].old_value, 1e-9);
  EXPECT_EQ(recorder.events[0].new_value, 0.5e-9);
  EXPECT_NE(run->state.ended_by, "");
  // It stays ended.
  auto again = MakeRun(
      "optimizer { sgd {} learning_rate { constant: 1e-9 } controller { reduce_on_plateau {"
      " monitor: \"validation/loss\" patience: 2 factor: 0.5 } } }"
      " run { epochs: 9 early_stopping { monitor: \"validation/loss\" patience: 2 min_delta: 1e-4 "
      "} }");
  ASSERT_TRUE(LoadCheckpoint(*FindCheckpoint(folder, "last"), again->step->numbers(),
                             *again->watcher, &again->state)
                  .ok());
  const auto end_again = again->Go();
  ASSERT_TRUE(end_again.ok()) << end_again.status();
  EXPECT_EQ(*end_again, LoopEnd::kEarly);
  EXPECT_EQ(again->state.progress.update, 12);
  ASSERT_TRUE(RemoveTree(folder).ok());
}

TEST(ControlledRunTest, OneThatHasEndedEarlyGoesOnWithAnotherEndAndItsPatienceBeginsAfresh) {
  const std::string folder = FreshFolder("goes_on");
  const std::string text =
      "optimizer { sgd {} learning_rate { constant: 1e-9 } }"
      " run { epochs: 9 early_stopping { monitor: \"validation/loss\" patience: 2 min_delta: 1e-4 }"
      " }";
  auto run = MakeRun(text, false, 1, folder);
  RateInbox inbox;
  run->options.inbox = &inbox;
  ASSERT_EQ(*run->Go(), LoopEnd::kEarly);
  EXPECT_EQ(run->state.progress.update, 12);
  const std::string why = run->state.ended_by;
  // Another rate does not let it go on, nor does an end that is no later.
  Recorder refused;
  TrainObserver* const refused_observers[] = {&refused};
  inbox.Put(Command("scale: 2"));
  inbox.Put(Command("total_steps: 12"));
  ASSERT_EQ(*run->Go(refused_observers), LoopEnd::kEarly);
  ASSERT_EQ(refused.answers.size(), 2u);
  EXPECT_FALSE(refused.answers[1].ok());
  EXPECT_TRUE(refused.rates.empty());
  EXPECT_EQ(run->state.ended_by, why);

  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  inbox.Put(Command("total_steps: 36"));
  ASSERT_EQ(*run->Go(observers), LoopEnd::kEarly);
  ASSERT_EQ(recorder.events.size(), 1u);
  EXPECT_EQ(recorder.events[0].cause,
            "the run ends after 36 updates; it had ended early (" + why +
                "), patience begins afresh");
  // Two epochs of patience, and not a measurement less.
  EXPECT_EQ(run->state.progress.update, 20);
  EXPECT_EQ(recorder.validation.size(), 2u);
  // The best measure is still that of the first part.
  EXPECT_EQ(*run->state.watcher.early_stopping.best_step, 4);
  ASSERT_TRUE(RemoveTree(folder).ok());
}

TEST(ControlledRunTest, AStopInTheUpdateThatEndsARunLosesNothingOfItsEnd) {
  const std::string rest =
      "optimizer { sgd {} learning_rate { piecewise_constant_decay { boundaries: 7 values: [0.5, "
      "30] } } } run { seed: 1 early_stopping { monitor: \"validation/loss\" patience: 2 "
      "restore_best: true } ";
  for (const char* end : {"epochs: 9 }", "max_steps: 12 }"}) {
    auto whole = MakeRun(rest + end), stopped = MakeRun(rest + end);
    ASSERT_TRUE(whole->Go().ok());
    Recorder recorder(whole->state.progress.update);
    TrainObserver* const observers[] = {&recorder};
    ASSERT_TRUE(stopped->Go(observers).ok());
    ASSERT_TRUE(stopped->Go().ok());
    EXPECT_EQ(Bytes(stopped->state), Bytes(whole->state)) << end;
    EXPECT_EQ(stopped->state.ended_by, whole->state.ended_by);
  }
}

TEST(ControlledRunTest, TheBestStateIsKeptAndRestored) {
  const std::string folder = FreshFolder("best");
  // The rate explodes after three epochs, so that the best validation lies behind.
  const std::string text =
      "optimizer { sgd {} learning_rate { piecewise_constant_decay { boundaries: 11 values: [0.5, "
      "30] } } }"
      " run { epochs: 8 seed: 1 early_stopping { monitor: \"validation/loss\" patience: 3 "
      "restore_best: true }"
      " checkpoint { keep: 1 best { metric: \"validation/loss\" } } }";
  auto run = MakeRun(text, false, 1, folder);
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(run->Go(observers).ok());
  const size_t best =
      static_cast<size_t>(std::min_element(recorder.validation.begin(), recorder.validation.end()) -
                          recorder.validation.begin());
  ASSERT_LT(best + 1, recorder.validation.size());
  const auto validation = [&](const ParameterStore& store) {
    return run->evaluation->Run(run->data.validation, 32, store)->loss / 37;
  };
  EXPECT_EQ(validation(run->state.store), recorder.validation[best]);
  const auto path = FindCheckpoint(folder, "best");
  ASSERT_TRUE(path.ok()) << path.status();
  auto other = MakeRun(text);
  ASSERT_TRUE(LoadCheckpointWeights(*path, &other->state.store).ok());
  EXPECT_EQ(validation(other->state.store), recorder.validation[best]);
  ASSERT_TRUE(RemoveTree(folder).ok());
}

TEST(ControlledRunTest, ADivergedRunGoesBackCutsTheRateAndGoesOn) {
  const std::string rest =
      "optimizer { sgd {} learning_rate { piecewise_constant_decay { boundaries: [9, 10] values: "
      "[0.1, 1e39, 0.1] } }";
  const std::string guard =
      " controller { divergence_guard { factor: 0.5 warmup_steps: 4 max_restores: 3 "
      "snapshot_every_steps: 3 } }";
  auto lost = MakeRun(rest + "} run { epochs: 8 }");
  EXPECT_TRUE(IsNonFinite(lost->Go().status()));
  auto run = MakeRun(rest + guard + "} run { epochs: 8 }");
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  const auto end = run->Go(observers);
  ASSERT_TRUE(end.ok()) << end.status();
  EXPECT_EQ(run->state.progress.epoch, 8);
  ASSERT_FALSE(recorder.events.empty());
  EXPECT_EQ(recorder.events[0].layer, "controller[0] divergence_guard");
  EXPECT_LT(recorder.events[0].new_value, recorder.events[0].old_value);
  EXPECT_TRUE(std::isfinite(recorder.validation.back()));
  EXPECT_EQ(run->step->numbers().At(0, run->state.progress, run->state.rates), 0.05)
      << "half the schedule's rate, once warmed up";
}

// A controller with a smoothed monitor, an override and a new end, stopped at ten steps and
// resumed: the same rates.
TEST(ControlledRunTest, StoppedAnywhereAndResumedItHasTheSameRatesToTheBit) {
  const std::string rest =
      "optimizer { sgd {} learning_rate { cosine_decay { initial_learning_rate: 0.5 decay_steps: "
      "40 } }"
      " controller { reduce_on_plateau { monitor: \"batch/loss\" smoothing: 0.9 patience: 5 "
      "factor: 0.7 } }"
      " controller { hypergradient { step_size: 0.05 } }"
      " group { name: \"b\" match: \".*/bias\" learning_rate_scale: 2 } }"
      " run { epochs: 10 seed: 4 }";
  const auto commands = [](RateInbox* inbox) {
    inbox->Put(Command("at_step: 7 scale: 0.5"));
    inbox->Put(Command("at_step: 13 total_steps: 52"));
    inbox->Put(Command("at_step: 21 set: 0.01 group: \"b\""));
    inbox->Put(Command("at_step: 30 clear: true"));
  };
  Recorder whole;
  TrainObserver* const whole_observers[] = {&whole};
  auto uninterrupted = MakeRun(rest);
  RateInbox inbox;
  commands(&inbox);
  uninterrupted->options.inbox = &inbox;
  ASSERT_TRUE(uninterrupted->Go(whole_observers).ok());
  ASSERT_EQ(whole.rates.size(), 52u);
  ASSERT_EQ(whole.answers.size(), 4u);
  for (const absl::Status& answer : whole.answers) EXPECT_TRUE(answer.ok()) << answer;

  RandomSequence random(1, 2);
  for (int trial = 0; trial < 10; ++trial) {
    const int64_t stop = 1 + static_cast<int64_t>(random.Uniform() * 50);
    SCOPED_TRACE(stop);
    const std::string folder = FreshFolder(absl::StrCat("controlled_", trial));
    RateInbox own;
    commands(&own);
    Recorder before(stop), after;
    TrainObserver* const before_observers[] = {&before};
    TrainObserver* const after_observers[] = {&after};
    auto first = MakeRun(rest, false, 1, folder);
    first->options.inbox = &own;
    ASSERT_TRUE(first->Go(before_observers).ok());
    auto second = MakeRun(rest, false, 1, folder);
    ASSERT_TRUE(LoadCheckpoint(*FindCheckpoint(folder, "last"), second->step->numbers(),
                               *second->watcher, &second->state)
                    .ok());
    second->options.inbox = &own;  // What was not due yet waits on.
    ASSERT_TRUE(second->Go(after_observers).ok());
    std::vector<double> rates = before.rates;
    rates.insert(rates.end(), after.rates.begin(), after.rates.end());
    EXPECT_EQ(rates, whole.rates);
    EXPECT_EQ(Bytes(second->state), Bytes(uninterrupted->state));
    ASSERT_TRUE(RemoveTree(folder).ok());
  }
}

TEST(ControlledRunTest, CommandsMayComeFromAnotherThread) {
  auto run = MakeRun("optimizer { sgd {} learning_rate { constant: 0.1 } } run { epochs: 400 }");
  RateInbox inbox;
  run->options.inbox = &inbox;
  std::thread other([&] {
    for (int i = 0; i < 50; ++i) inbox.Put(Command(absl::StrCat("set: 0.", 10 + i)));
  });
  Recorder recorder;
  TrainObserver* const observers[] = {&recorder};
  ASSERT_TRUE(run->Go(observers).ok());
  other.join();
  RateCommand left;
  while (inbox.Take(1 << 20, &left)) recorder.answers.push_back(absl::OkStatus());
  EXPECT_EQ(recorder.answers.size(), 50u);
}

}  // namespace
}  // namespace gradus
