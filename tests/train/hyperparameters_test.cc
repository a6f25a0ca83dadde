// The numbers that change during a run: whose they are, what makes them, what is refused.

#include "gradus/train/hyperparameters.h"

#include <gtest/gtest.h>

#include <cmath>

#include "absl/strings/match.h"
#include "gradus/base/text_config.h"
#include "gradus/run.pb.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr char kModel[] =
    "model { name: \"m\" input { name: \"x\" shape: 2 } input { name: \"y\" shape: 1 }"
    " layer { name: \"h\" input: \"x\" dense { units: 3 } }"
    " layer { name: \"drop\" dropout { rate: 0.25 } }"
    " layer { name: \"out\" dense { units: 1 } }"
    " loss { name: \"l\" mean_squared_error { prediction: \"out\" label: \"y\" } } }\n";

struct Made {
  ModelGraph model;
  std::unique_ptr<Hyperparameters> numbers;
  std::string errors;
};

// 100 examples an epoch in updates of 10, three epochs.
Made Make(const std::string& optimizer) {
  Made made;
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(kModel + optimizer, "f", RunConfig::default_instance(), {}, &diagnostics);
  if (parsed.message == nullptr) {
    made.errors = std::string(diagnostics.ToStatus().message());
    return made;
  }
  const auto& config = static_cast<const RunConfig&>(*parsed.message);
  made.model = BuildGraph(config.model(), Mode::kTraining, Parts::kAll, ConfigPath().Child("model"),
                          &diagnostics);
  const ConfigPath path = ConfigPath().Child("optimizer");
  const ParameterGroups groups =
      FindGroups(config.optimizer(), made.model.graph, path, &diagnostics);
  Timeline::Plan plan;
  plan.examples_per_epoch = 100;
  plan.examples_per_update = 10;
  plan.epochs = 3;
  made.numbers =
      Hyperparameters::Make(config.optimizer(), made.model, groups, MonitorTable({}, true),
                            std::make_shared<Timeline>(plan), path, &diagnostics);
  made.errors = std::string(diagnostics.ToStatus().message());
  return made;
}

double At(const Hyperparameters& numbers, int i, int64_t update, const RateState& state) {
  return numbers.At(i, numbers.timeline().At(update), state);
}

int Find(const Hyperparameters& numbers, absl::string_view field, int group) {
  for (int i = 0; i < numbers.count(); ++i) {
    if (numbers.number(i).field == field && numbers.number(i).group == group) return i;
  }
  return -1;
}

TEST(HyperparametersTest, WithoutARateTheRuleHasKerasDefault) {
  const Made made = Make("optimizer { adam {} }");
  ASSERT_EQ(made.errors, "");
  EXPECT_EQ(At(*made.numbers, 0, 7, made.numbers->NewState()), 0.001);
}

TEST(HyperparametersTest, AGroupScalesReplacesAndTheFirstThatMatchesHasTheParameter) {
  const Made made = Make(
      "optimizer { sgd {} learning_rate { constant: 0.5 }"
      " group { name: \"first\" match: \"h/.*\" learning_rate_scale: 2 }"
      " group { name: \"biases\" match: \".*/bias\" weight_decay: 0.125"
      "   learning_rate { exponential_decay { initial_learning_rate: 1 decay_steps: 1 decay_rate: "
      "0.5 } } }"
      " weight_decay: 0.25 }");
  ASSERT_EQ(made.errors, "");
  const Hyperparameters& numbers = *made.numbers;
  EXPECT_EQ(numbers.groups().names, (std::vector<std::string>{"default", "first", "biases"}));
  // h/kernel, h/bias, out/kernel, out/bias
  EXPECT_EQ(numbers.groups().group_of, (std::vector<int>{1, 1, 0, 2}));
  const RateState state = numbers.NewState();
  EXPECT_EQ(At(numbers, 0, 3, state), 0.5);
  EXPECT_EQ(At(numbers, 1, 3, state), 1.0);
  EXPECT_EQ(At(numbers, 2, 3, state), 0.125);
  EXPECT_EQ(At(numbers, Find(numbers, "weight_decay", 1), 3, state), 0.25);
  EXPECT_EQ(At(numbers, Find(numbers, "weight_decay", 2), 3, state), 0.125);
}

TEST(HyperparametersTest, FieldsOfTheRuleTheOptimizerAndTheModelFollowSchedules) {
  const std::string line =
      " follow { linear { initial_learning_rate: 0 end_learning_rate: 0.5 steps: 10 } } }";
  const Made made = Make(
      "optimizer { adam {} group { name: \"b\" match: \".*/bias\""
      " schedule { field: \"beta1\" follow { constant: 0.75 } } }"
      " schedule { field: \"beta1\"" +
      line + " schedule { field: \"optimizer.weight_decay\"" + line +
      " schedule { field: \"model.layer[drop].dropout.rate\"" + line +
      " schedule { field: \"model.loss[l].weight\"" + line + " }");
  ASSERT_EQ(made.errors, "");
  const Hyperparameters& numbers = *made.numbers;
  const RateState state = numbers.NewState();
  EXPECT_EQ(At(numbers, Find(numbers, "beta1", 0), 4, state), 0.2);
  EXPECT_EQ(At(numbers, Find(numbers, "beta1", 1), 4, state), 0.75);
  EXPECT_EQ(At(numbers, Find(numbers, "weight_decay", 1), 4, state), 0.2);
  const int rate = Find(numbers, "model.layer[drop].dropout.rate", -1);
  EXPECT_EQ(At(numbers, rate, 4, state), 0.2);
  EXPECT_EQ(numbers.number(rate).scalar, "drop/rate");
  EXPECT_EQ(At(numbers, Find(numbers, "model.loss[l].weight", -1), 4, state), 0.2);
  // A dropout rate must be below 1, a weight need not.
  EXPECT_FALSE(numbers.CheckRange(rate, 1).ok());
  EXPECT_TRUE(numbers.CheckRange(Find(numbers, "model.loss[l].weight", -1), 1).ok());
}

TEST(HyperparametersTest, WhatCannotBeIsAFindingWithItsPlace) {
  const struct {
    std::string optimizer, message;
  } cases[] = {
      {"optimizer { adam {} schedule { field: \"beta3\" follow { constant: 1 } } }",
       "f:2:39: there is no number called \"beta3\"; did you mean \"beta1\"? "
       "[optimizer.schedule[0].field]"},
      {"optimizer { adam {} schedule { field: \"amsgrad\" follow { constant: 1 } } }",
       "f:2:39: \"amsgrad\" stays as it is during a run; numbers that may follow a schedule: "
       "beta1, beta2, epsilon, epsilon_root, "
       "weight_decay, model.layer[drop].dropout.rate, model.loss[l].weight "
       "[optimizer.schedule[0].field]"},
      {"optimizer { adam {} schedule { field: \"learning_rate\" follow { constant: 1 } } }",
       "f:2:39: the learning rate has a field of its own; write learning_rate { ... } "
       "[optimizer.schedule[0].field]"},
      {"optimizer { adam {} schedule { field: \"beta1\" follow { constant: 0.5 } }"
       " schedule { field: \"beta1\" follow { constant: 0.6 } } }",
       "f:2:92: \"beta1\" follows a schedule already [optimizer.schedule[1].field]"},
      {"optimizer { adam {} group { name: \"a\" match: \"[\" } }",
       "f:2:46: group \"a\": match \"[\" is not a regular expression: missing ]: [ "
       "[optimizer.group[a].match]"},
      {"optimizer { adam {} group { name: \"a\" match: \"bias\" } }",
       "f:2:46: group \"a\": no parameter is called \"bias\"; the parameters are h/kernel, "
       "h/bias, out/kernel, out/bias [optimizer.group[a].match]"},
      {"optimizer { adam {} group { name: \"a\" match: \".*\" } group { name: \"b\" match: "
       "\".*/bias\" } }",
       "f:2:78: group \"b\": every parameter that match finds belongs to a group before it; write "
       "it before that group "
       "[optimizer.group[b].match]"},
      {"optimizer { adam {} group { name: \"default\" match: \".*\" } }",
       "f:2:35: group \"default\" exists already [optimizer.group[default].name]"},
      {"optimizer { adam {} group { name: \"a\\tb\" match: \".*\" } }",
       "f:2:35: group \"a\\tb\": a name has only letters, digits, _, - and . "
       "[optimizer.group[\"a\\tb\"].name]"},
      {"optimizer { adam {} group { name: \"a\" match: \".*\""
       " schedule { field: \"model.loss[l].weight\" follow { constant: 1 } } } }",
       "f:2:69: a number of the model belongs to no group of parameters; write it as optimizer { "
       "schedule { ... } } "
       "[optimizer.group[a].schedule[0].field]"},
      {"optimizer { adam {} controller { group: \"b\" reduce_on_plateau { monitor: "
       "\"validation/loss\" } } }",
       "f:2:41: there is no group \"b\"; the groups are default [optimizer.controller[0].group]"},
  };
  for (const auto& c : cases) {
    EXPECT_EQ(Make(c.optimizer).errors, c.message) << c.optimizer;
  }
}

// ---- Commands.

RateCommand Command(const std::string& text) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "c", RateCommand::default_instance(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  return static_cast<const RateCommand&>(*parsed.message);
}

class CommandTest : public testing::Test {
 protected:
  CommandTest()
      : made_(Make("optimizer { sgd {} learning_rate { linear { initial_learning_rate: 0.3"
                   " end_learning_rate: 0 steps: 30 } }"
                   " group { name: \"b\" match: \".*/bias\" learning_rate_scale: 2 } }")) {
    state_ = made_.numbers->NewState();
  }

  absl::Status Give(const std::string& command, int64_t update) {
    return made_.numbers->Accept(Command(command), made_.numbers->timeline().At(update), &state_,
                                 &events_);
  }
  double Rate(int64_t update, int group = 0) const {
    return At(*made_.numbers, group, update, state_);
  }

  const Made made_;
  RateState state_;
  std::vector<RateEvent> events_;
};

// Four roundings of numbers below 1.
constexpr double kRoundings = 5e-16;

TEST_F(CommandTest, SetPinsScaleMultipliesClearShowsWhatStoodBefore) {
  ASSERT_TRUE(Give("set: 0.5", 10).ok());
  EXPECT_EQ(Rate(10), 0.5);
  EXPECT_EQ(Rate(20, 1), 0.5);
  ASSERT_TRUE(Give("scale: 0.5", 12).ok());
  ASSERT_TRUE(Give("scale: 0.5", 13).ok());
  EXPECT_EQ(Rate(14), 0.125);
  ASSERT_TRUE(Give("clear: true group: \"b\"", 15).ok());
  EXPECT_EQ(Rate(15), 0.125);
  EXPECT_NEAR(Rate(15, 1), 0.3, kRoundings);  // 0.3 half way down, times two.
  ASSERT_EQ(events_.size(), 7u);
  EXPECT_EQ(events_[0].step, 10);
  EXPECT_EQ(events_[0].group, "default");
  EXPECT_NEAR(events_[0].old_value, 0.2, kRoundings);
  EXPECT_EQ(events_[0].new_value, 0.5);
  EXPECT_EQ(events_[0].cause, "set to 0.5");
  EXPECT_TRUE(events_[0].command.has_value());
  EXPECT_FALSE(events_[1].command.has_value());  // The other group's: one command, told once.
}

TEST_F(CommandTest, ANewScheduleGoesOnFromThePresentRateUnlessItMayJump) {
  const std::string schedule =
      "schedule { exponential_decay { initial_learning_rate: 8 decay_steps: 1 decay_rate: 0.5 } }";
  const RateState before = state_;
  ASSERT_TRUE(Give(schedule, 15).ok());
  for (int group : {0, 1}) {
    const double scale = group == 0 ? 1 : 2;
    EXPECT_NEAR(Rate(15, group), 0.15 * scale, kRoundings);
    EXPECT_NEAR(Rate(17, group), 0.15 / 4 * scale, kRoundings);
  }
  state_ = before;
  ASSERT_TRUE(Give(schedule + " jump: true", 15).ok());
  EXPECT_EQ(Rate(15), 8);
  EXPECT_EQ(Rate(16), 4);
  // As it is written, whatever was asked for before.
  state_ = before;
  ASSERT_TRUE(Give("scale: 0.5", 12).ok());
  ASSERT_TRUE(Give(schedule + " jump: true", 15).ok());
  EXPECT_EQ(Rate(15), 8);
  // Nothing multiplied by a number goes on from 0.
  state_ = before;
  EXPECT_EQ(Give("schedule { constant: 1 }", 30).message(),
            "the present value is 0 and so would the schedule's be that goes on from it; ask for a "
            "jump");
  EXPECT_TRUE(Give("schedule { constant: 1 } jump: true", 30).ok());
}

TEST_F(CommandTest, ANewScheduleTakesThePlaceOfAPinAndGoesOnFromIt) {
  const std::string schedule =
      "schedule { exponential_decay { initial_learning_rate: 8 decay_steps: 1 decay_rate: 0.5 } }";
  ASSERT_TRUE(Give("set: 0.5", 10).ok());
  const RateState pinned = state_;
  // One factor cannot lead to 0.5 in a group whose rate is twice the other's, too.
  EXPECT_EQ(Give(schedule, 12).message(),
            "the groups have different rates now; name one group, or ask for a jump");
  for (int group : {0, 1}) {
    state_ = pinned;
    ASSERT_TRUE(Give(schedule + (group == 0 ? " group: \"default\"" : " group: \"b\""), 12).ok());
    EXPECT_NEAR(Rate(12, group), 0.5, kRoundings);
    EXPECT_NEAR(Rate(14, group), 0.125, kRoundings);
    EXPECT_EQ(Rate(14, 1 - group), 0.5);
  }
  // Scaled afterwards, the pin is what it was scaled to.
  state_ = pinned;
  ASSERT_TRUE(Give("scale: 0.5", 11).ok());
  ASSERT_TRUE(Give(schedule + " group: \"default\"", 12).ok());
  EXPECT_NEAR(Rate(12), 0.25, kRoundings);
  EXPECT_NEAR(Rate(13), 0.125, kRoundings);
  state_ = pinned;
  ASSERT_TRUE(Give(schedule + " jump: true", 12).ok());
  EXPECT_EQ(Rate(12), 8);
  EXPECT_EQ(Rate(12, 1), 16);
}

TEST_F(CommandTest, AnotherEndStretchesWhatIsLeftWithoutAJump) {
  ASSERT_TRUE(Give("total_steps: 50", 10).ok());
  EXPECT_EQ(*made_.numbers->TotalSteps(state_), 50);
  EXPECT_NEAR(Rate(10), 0.2, kRoundings);
  EXPECT_NEAR(Rate(30), 0.1, kRoundings);  // Half of what was left of the line.
  EXPECT_NEAR(Rate(50), 0, kRoundings);
  // And once more, shorter.
  ASSERT_TRUE(Give("total_steps: 40", 30).ok());
  EXPECT_NEAR(Rate(30), 0.1, kRoundings);
  EXPECT_NEAR(Rate(35), 0.05, kRoundings);
  EXPECT_EQ(*made_.numbers->TotalSteps(state_), 40);
}

TEST_F(CommandTest, ARunThatIsOverKeepsItsRateUntilItIsGivenAnotherCurve) {
  ASSERT_TRUE(Give("schedule { exponential_decay { initial_learning_rate: 1 decay_steps: 10"
                   " decay_rate: 0.5 } }",
                   20)
                  .ok());
  const double last = Rate(30);
  EXPECT_NEAR(last, 0.05, kRoundings);
  ASSERT_TRUE(Give("total_steps: 50", 30).ok());
  for (int64_t update : {30, 31, 50, 90}) EXPECT_EQ(Rate(update), last) << update;
  const auto why = [&](int64_t update) {
    return made_.numbers->Explain(0, made_.numbers->timeline().At(update), state_)[0].detail;
  };
  EXPECT_FALSE(absl::StrContains(why(29), "left"));
  EXPECT_TRUE(absl::StartsWith(why(31), "put in place at step 20, times "));
  EXPECT_TRUE(absl::EndsWith(why(31), ", nothing left of it since step 30")) << why(31);
  // What was stretched before a schedule began does not stretch it: its steps are updates.
  ASSERT_TRUE(Give("schedule { linear { initial_learning_rate: 1 end_learning_rate: 0 steps: 20 } }",
                   30)
                  .ok());
  EXPECT_NEAR(Rate(30), last, kRoundings);
  EXPECT_NEAR(Rate(40), last / 2, kRoundings);
  EXPECT_EQ(Rate(50), 0);
  EXPECT_TRUE(absl::StartsWith(why(40), "put in place at step 30, times ")) << why(40);
  EXPECT_FALSE(absl::StrContains(why(40), "left"));
  // What comes after it does.
  ASSERT_TRUE(Give("total_steps: 60", 40).ok());
  EXPECT_NEAR(Rate(50), last / 4, kRoundings);
  EXPECT_NEAR(Rate(60), 0, kRoundings);
  EXPECT_TRUE(absl::EndsWith(why(50), ", what was left at step 40 stretched to end at 60"))
      << why(50);
}

TEST_F(CommandTest, ANewScheduleMayComeBeforeTheNewEndOfARunThatIsOver) {
  ASSERT_TRUE(Give("jump: true schedule { linear { initial_learning_rate: 1 end_learning_rate: 0"
                   " steps: 20 } }",
                   30)
                  .ok());
  ASSERT_TRUE(Give("total_steps: 50", 30).ok());
  EXPECT_EQ(Rate(30), 1);
  EXPECT_EQ(Rate(40), 0.5);
  EXPECT_EQ(Rate(50), 0);
}

TEST_F(CommandTest, AFractionOfTheRunIsOfTheRunAsItIsNow) {
  ASSERT_TRUE(Give("total_steps: 60", 10).ok());
  ASSERT_TRUE(Give("jump: true schedule { clock: RUN linear { initial_learning_rate: 1"
                   " end_learning_rate: 0 steps: 0.5 } }",
                   30)
                  .ok());
  EXPECT_NEAR(Rate(30), 1, kRoundings);
  EXPECT_NEAR(Rate(45), 0.5, kRoundings);
  EXPECT_NEAR(Rate(60), 0, kRoundings);
  EXPECT_NEAR(Rate(59), 1.0 / 30, kRoundings);
}

TEST_F(CommandTest, WhatIsRefusedChangesNothing) {
  const struct {
    std::string command, message;
  } cases[] = {
      {"set: 1 group: \"c\"", "there is no group \"c\"; the groups are default, b"},
      {"set: 1 field: \"beta1\"",
       "no number that changes is called \"beta1\"; there are learning_rate, weight_decay; a field of the "
       "rule is one when the optimizer has schedule { field: \"beta1\" follow { ... } }"},
      {"total_steps: 15", "total_steps 15 must be above the 15 updates that are done"},
      {"schedule { linear { initial_learning_rate: 0 end_learning_rate: 1 steps: 5 } }",
       "the schedule begins at 0 and cannot be scaled to go on from 0.15; give a schedule that "
       "begins above 0, or ask "
       "for a jump"},
      {"scale: 1e308 field: \"learning_rate\"", ""},
  };
  for (const auto& c : cases) {
    const absl::Status status = Give(c.command, 15);
    if (c.message.empty()) continue;
    EXPECT_EQ(std::string(status.message()), c.message);
  }
  // Twice 1e308 is not a number any more.
  const size_t commands = state_.commands.size(), events = events_.size();
  EXPECT_FALSE(Give("scale: 1e308", 15).ok());
  EXPECT_EQ(state_.commands.size(), commands);
  EXPECT_EQ(events_.size(), events);
}

TEST_F(CommandTest, TheyAreRestoredFromAHeader) {
  ASSERT_TRUE(Give("scale: 0.5", 5).ok());
  ASSERT_TRUE(Give("schedule { exponential_decay { initial_learning_rate: 8 decay_steps: 4 "
                   "decay_rate: 0.5 } }",
                   8)
                  .ok());
  ASSERT_TRUE(Give("total_steps: 60", 12).ok());
  TrainStateHeader header;
  made_.numbers->ToProto(state_, &header);
  const auto restored = made_.numbers->FromProto(header);
  ASSERT_TRUE(restored.ok()) << restored.status();
  for (int64_t update = 12; update < 80; ++update) {
    for (int group : {0, 1}) {
      EXPECT_EQ(At(*made_.numbers, group, update, *restored), Rate(update, group));
    }
  }
}

TEST_F(CommandTest, TheChainSaysWhatEachLayerMadeOfTheRate) {
  ASSERT_TRUE(Give("scale: 0.5", 5).ok());
  const auto why = made_.numbers->Explain(1, made_.numbers->timeline().At(15), state_);
  ASSERT_EQ(why.size(), 3u);
  EXPECT_EQ(why[0].layer, "schedule");
  EXPECT_EQ(why[0].detail, "linear");
  EXPECT_NEAR(why[0].out, 0.15, kRoundings);
  EXPECT_EQ(why[1].layer, "group");
  EXPECT_NEAR(why[1].out, 0.3, kRoundings);
  EXPECT_EQ(why[2].layer, "override");
  EXPECT_EQ(why[2].detail, "times 0.5");
  EXPECT_EQ(why[2].out, Rate(15, 1));
}

}  // namespace
}  // namespace gradus
