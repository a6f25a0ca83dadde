// A run that goes on with other rules, groups or stages: what is remembered goes over where it means
// the same, and nowhere else.

#include "gradus/train/carry_state.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

// Parameters: hidden/kernel, hidden/bias, output/kernel, output/bias.
std::unique_ptr<TestRun> Begun(const std::string& optimizer, int64_t max_steps = 5,
                             const std::string& run = "") {
  return MakeRun(absl::StrCat("optimizer { learning_rate { constant: 0.05 } ", optimizer,
                              " } run { epochs: 99 seed: 4 max_steps: ", max_steps, " ", run, " }"));
}

std::unique_ptr<TestRun> Trained(const std::string& optimizer) {
  std::unique_ptr<TestRun> run = Begun(optimizer);
  EXPECT_TRUE(run->Go().ok());
  return run;
}

MemoryMatch Carry(const TestRun& from, TestRun* to) {
  const auto match = CarryState({*from.step, from.config.optimizer()}, from.state,
                                {*to->step, to->config.optimizer()}, &to->state);
  EXPECT_TRUE(match.ok()) << match.status();
  return match.ok() ? *match : MemoryMatch();
}

// "restored", or what was done and why; "" when nothing is called that.
std::string What(const MemoryMatch& match, const std::string& name) {
  std::string what;
  for (const MemoryMatch::Row& row : match.rows) {
    if (row.name != name) continue;
    EXPECT_EQ(what, "") << name << " is there twice";
    what = row.kind == MemoryMatch::kRestored ? "restored"
           : row.kind == MemoryMatch::kFresh  ? "fresh: " + row.reason
                                              : "dropped: " + row.reason;
  }
  return what;
}

double Number(const TestRun& run, const std::string& name) {
  const UpdateMemory<float>& memory = run.state.store.memory();
  for (size_t i = 0; i < memory.numbers().size(); ++i) {
    if (memory.number_specs()[i].name == name) return memory.numbers()[i];
  }
  return std::nan("");
}

std::vector<float> Plain(const float* data, int64_t rows, int64_t columns, int64_t pitch) {
  std::vector<float> values;
  for (int64_t row = 0; row < rows; ++row) {
    values.insert(values.end(), data + row * pitch, data + row * pitch + columns);
  }
  return values;
}

std::vector<float> Weights(const TestRun& run, const std::string& parameter) {
  const ParameterPlace& place = run.step->layout().place(run.step->layout().Find(parameter));
  return Plain(run.state.store.weights() + place.offset, place.rows, place.columns, place.pitch);
}

// Of the only slot of this name that the parameter has.
std::vector<float> Slot(const UpdateMemory<float>& memory, const TestRun& run,
                        const std::string& parameter, const std::string& name) {
  std::vector<float> values;
  for (int slot = 0; slot < memory.slots(); ++slot) {
    if (memory.spec(slot).name != name) continue;
    const SlotPart<float> part =
        memory.Part(slot, run.step->layout(), run.step->layout().Find(parameter));
    if (part.data == nullptr) continue;
    EXPECT_TRUE(values.empty());
    values = Plain(part.data, part.rows, part.columns, part.pitch);
  }
  EXPECT_FALSE(values.empty()) << parameter << "/" << name;
  return values;
}

std::vector<float> Slot(const TestRun& run, const std::string& parameter, const std::string& name) {
  return Slot(run.state.store.memory(), run, parameter, name);
}

bool IsZero(const std::vector<float>& values) {
  return std::all_of(values.begin(), values.end(), [](float x) { return x == 0; });
}

class SameRules : public testing::TestWithParam<const char*> {};

TEST_P(SameRules, CarryEveryBit) {
  const auto before = Trained(GetParam());
  const auto after = Begun(GetParam());
  const MemoryMatch match = Carry(*before, after.get());
  EXPECT_TRUE(match.exact()) << match.Table();
  EXPECT_EQ(Bytes(after->state), Bytes(before->state));
  EXPECT_EQ(after->state.snapshots.size(), before->state.snapshots.size());
}

INSTANTIATE_TEST_SUITE_P(
    Of, SameRules,
    testing::Values(
        "adam {}", "sgd { momentum: 0.9 }", "adafactor {}", "shampoo {}", "prodigy {}", "lbfgs {}",
        "schedule_free_sgd {}", "asgd { averaged: true t0: 1 }",
        "adam {} average { ema { momentum: 0.9 } evaluate: true }",
        "adam {} average { swa { start: 2 every: 2 } } skip_non_finite {} lookahead {}",
        "adam {} group { name: 'head' match: 'output/.*' rule { lion {} } }",
        "sgd { momentum: 0.9 } group { name: 'body' match: 'hidden/.*' frozen: true }",
        "adam {} group { name: 'all' match: '.*' }",
        "adam {} controller { divergence_guard {} } controller { hypergradient {} }"));

TEST(CarryState, SlotsOfTheSameNameAreNotThoseOfAnotherRule) {
  const auto before = Trained("adam {}"), after = Begun("lion {}");
  const MemoryMatch match = Carry(*before, after.get());
  EXPECT_EQ(Weights(*after, "hidden/kernel"), Weights(*before, "hidden/kernel"));
  EXPECT_EQ(after->state.progress.update, 5);
  EXPECT_TRUE(IsZero(Slot(*after, "hidden/kernel", "momentum")));
  EXPECT_EQ(Number(*after, "default/updates"), 0);
  EXPECT_EQ(What(match, "hidden/kernel/momentum"), "fresh: the rule was adam");
  EXPECT_EQ(What(match, "hidden/kernel/velocity"), "dropped: the rule is lion");
  EXPECT_EQ(What(match, "default/updates"),
            "fresh: hidden/kernel of its group had the rule adam");
  EXPECT_EQ(match.Count(MemoryMatch::kRestored), 0);
}

// An independent way to the same weights: a new run that starts from them.
TEST(CarryState, AFreshRuleMakesTheUpdatesOfANewRun) {
  const auto before = Trained("sgd { momentum: 0.9 }");
  const auto after = Begun("adam {}", 6), started = Begun("adam {}", 6);
  Carry(*before, after.get());
  started->state.progress = before->state.progress;
  std::copy_n(before->state.store.weights(), before->state.store.floats(),
              started->state.store.weights());
  ASSERT_TRUE(after->Go().ok());
  ASSERT_TRUE(started->Go().ok());
  EXPECT_EQ(Number(*after, "default/updates"), 1);
  EXPECT_EQ(Weights(*after, "hidden/kernel"), Weights(*started, "hidden/kernel"));
}

TEST(CarryState, ANewSlotOfTheSameRuleBeginsBesideTheOthers) {
  const auto before = Trained("adam {}"), after = Begun("adam { amsgrad: true }");
  const MemoryMatch match = Carry(*before, after.get());
  EXPECT_EQ(Slot(*after, "output/bias", "momentum"), Slot(*before, "output/bias", "momentum"));
  EXPECT_EQ(Slot(*after, "output/bias", "velocity"), Slot(*before, "output/bias", "velocity"));
  EXPECT_EQ(Number(*after, "default/updates"), 5);
  EXPECT_EQ(match.Count(MemoryMatch::kFresh), 4);
  EXPECT_EQ(match.Count(MemoryMatch::kDropped), 0);
  // And back: it is not kept any more.
  const auto again = Begun("adam {}");
  const MemoryMatch back = Carry(*after, again.get());
  EXPECT_EQ(back.Count(MemoryMatch::kDropped), 4);
  EXPECT_EQ(back.Count(MemoryMatch::kFresh), 0);
  EXPECT_EQ(Bytes(again->state), Bytes(before->state));
}

TEST(CarryState, AGroupThatGetsARuleOfItsOwnBeginsAfreshAndTheOthersGoOn) {
  const auto before = Trained("adam {}");
  const auto after =
      Begun("adam {} group { name: 'head' match: 'output/.*' rule { sgd { momentum: 0.9 } } }");
  const MemoryMatch match = Carry(*before, after.get());
  EXPECT_EQ(Slot(*after, "hidden/bias", "velocity"), Slot(*before, "hidden/bias", "velocity"));
  EXPECT_EQ(Number(*after, "default/updates"), 5);
  EXPECT_EQ(Number(*after, "head/updates"), 0);
  EXPECT_TRUE(IsZero(Slot(*after, "output/kernel", "momentum")));
  EXPECT_EQ(What(match, "hidden/kernel/momentum"), "restored");
  EXPECT_EQ(What(match, "default/updates"), "restored");
  EXPECT_EQ(What(match, "output/kernel/momentum"), "fresh: the rule was adam");
  EXPECT_EQ(What(match, "output/kernel/velocity"), "dropped: the rule is sgd");
}

TEST(CarryState, AGroupThatIsSplitAndJoinedAgainChangesNoBit) {
  const char* const whole = "adam {}";
  const char* const split =
      "adam {} group { name: 'head' match: 'output/.*' } "
      "group { name: 'body' match: '.*/kernel' rule { adam {} } }";
  const auto straight = Begun(whole, 9);
  ASSERT_TRUE(straight->Go().ok());
  const auto first = Trained(whole), second = Begun(split, 7), third = Begun(whole, 9);
  EXPECT_EQ(Carry(*first, second.get()).Count(MemoryMatch::kFresh), 0);
  EXPECT_EQ(Number(*second, "head/updates"), 5);
  ASSERT_TRUE(second->Go().ok());
  const MemoryMatch match = Carry(*second, third.get());
  EXPECT_EQ(match.Count(MemoryMatch::kFresh), 0) << match.Table();
  EXPECT_EQ(What(match, "head/updates"), "dropped: it is not kept any more");
  ASSERT_TRUE(third->Go().ok());
  EXPECT_EQ(Bytes(third->state), Bytes(straight->state));
}

TEST(CarryState, ParametersThatWereCountedOtherwiseDoNotShareACount) {
  const auto first = Trained("adam {} group { name: 'head' match: 'output/.*' rule { sgd {} } }");
  // The head has adam from update 5 on: its count is behind.
  const auto second = Begun("adam {} group { name: 'head' match: 'output/.*' }", 7);
  Carry(*first, second.get());
  ASSERT_TRUE(second->Go().ok());
  EXPECT_EQ(Number(*second, "default/updates"), 7);
  EXPECT_EQ(Number(*second, "head/updates"), 2);
  const auto third = Begun("adam {}");
  const MemoryMatch match = Carry(*second, third.get());
  EXPECT_EQ(Number(*third, "default/updates"), 0);
  EXPECT_TRUE(IsZero(Slot(*third, "hidden/kernel", "momentum")));
  EXPECT_EQ(What(match, "hidden/kernel/momentum"),
            "fresh: output/kernel of its group was in a group with other numbers");
}

TEST(CarryState, WhatIsThawedInAGroupOfItsOwnBeginsAfreshAloneAndInAnotherTakesAllWithIt) {
  const auto before =
      Trained("adam {} group { name: 'body' match: 'hidden/.*' frozen: true } lookahead {}");
  const auto own = Begun("adam {} group { name: 'body' match: 'hidden/.*' } lookahead {}");
  MemoryMatch match = Carry(*before, own.get());
  EXPECT_EQ(Number(*own, "default/updates"), 5);
  EXPECT_EQ(Number(*own, "body/updates"), 0);
  EXPECT_EQ(What(match, "hidden/bias/momentum"), "fresh: the parameter was frozen");
  EXPECT_EQ(What(match, "output/bias/momentum"), "restored");
  // Slow weights that were never set would draw the weights to 0.
  EXPECT_EQ(What(match, "hidden/kernel/lookahead"), "fresh: the parameter was frozen");
  EXPECT_EQ(Slot(*own, "hidden/kernel", "lookahead"), Weights(*own, "hidden/kernel"));
  EXPECT_EQ(Slot(*own, "output/kernel", "lookahead"), Slot(*before, "output/kernel", "lookahead"));

  const auto joined = Begun("adam {} lookahead {}");
  match = Carry(*before, joined.get());
  EXPECT_EQ(Number(*joined, "default/updates"), 0);
  EXPECT_EQ(What(match, "output/bias/momentum"), "fresh: hidden/kernel of its group was frozen");
  EXPECT_EQ(What(match, "hidden/bias/momentum"), "fresh: the parameter was frozen");
}

TEST(CarryState, WhatIsFrozenForgets) {
  const auto before = Trained("adam {}");
  const auto after = Begun("adam {} group { name: 'body' match: 'hidden/.*' frozen: true }");
  const MemoryMatch match = Carry(*before, after.get());
  EXPECT_EQ(What(match, "hidden/kernel/momentum"), "dropped: the parameter is frozen");
  EXPECT_EQ(What(match, "output/kernel/momentum"), "restored");
  EXPECT_EQ(What(match, "default/updates"), "restored");
}

TEST(CarryState, SumsOverAllParametersGoOnForTheSameParametersOnly) {
  const auto before = Trained("prodigy {}");
  const auto renamed = Begun("prodigy {} group { name: 'all' match: '.*' rule { prodigy {} } }");
  EXPECT_EQ(What(Carry(*before, renamed.get()), "hidden/kernel/sum"), "restored");
  EXPECT_EQ(Number(*renamed, "all/d"), Number(*before, "default/d"));
  const auto fewer = Begun("prodigy {} group { name: 'head' match: 'output/.*' rule { sgd {} } }");
  const MemoryMatch match = Carry(*before, fewer.get());
  EXPECT_EQ(What(match, "hidden/kernel/sum"),
            "fresh: prodigy sums over all of its parameters, which are others now");
  EXPECT_EQ(Number(*fewer, "default/updates"), 0);
  EXPECT_EQ(Slot(*fewer, "hidden/kernel", "initial_weights"), Weights(*fewer, "hidden/kernel"));
}

TEST(CarryState, AMeanThatBeginsInTheMiddleIsOfTheUpdatesAfterIt) {
  const auto before = Trained("sgd {}");
  const auto after = Begun("sgd {} average { swa {} }", 8);
  const MemoryMatch match = Carry(*before, after.get());
  EXPECT_EQ(What(match, "hidden/kernel/average"), "fresh: there was none");
  EXPECT_EQ(Slot(*after, "hidden/kernel", "average"), Weights(*after, "hidden/kernel"));
  class Sum final : public TrainObserver {
   public:
    absl::Status OnStep(const StepReport&, const TrainState& state) override {
      sum += state.store.weights()[0];
      return absl::OkStatus();
    }
    double sum = 0;
  } sum;
  TrainObserver* const observers[] = {&sum};
  ASSERT_TRUE(after->Go(observers).ok());
  ASSERT_EQ(after->step->layout().place(0).offset, 0);
  // Three roundings to float.
  EXPECT_NEAR(Slot(*after, after->step->layout().place(0).name, "average")[0], sum.sum / 3,
              std::abs(sum.sum) * 0x1p-23);
  // One that is to start later does.
  const auto later = Begun("sgd {} average { swa { start: 6 } }", 8);
  Carry(*before, later.get());
  EXPECT_EQ(Number(*later, "average_updates"), 5);
}

TEST(CarryState, StagesAreSwitchedOnAndOff) {
  const auto before = Trained("adam {} average { ema { momentum: 0.9 } } lookahead {}");
  const auto off = Begun("adam {}");
  MemoryMatch match = Carry(*before, off.get());
  EXPECT_EQ(What(match, "hidden/bias/average"), "dropped: it is not kept any more");
  EXPECT_EQ(What(match, "lookahead_updates"), "dropped: it is not kept any more");
  EXPECT_EQ(What(match, "hidden/bias/momentum"), "restored");
  const auto on = Begun("adam {} average { ema { momentum: 0.5 } } lookahead {} skip_non_finite {}");
  match = Carry(*off, on.get());
  EXPECT_EQ(Slot(*on, "output/kernel", "average"), Weights(*on, "output/kernel"));
  EXPECT_EQ(Number(*on, "lookahead_updates"), 0);
  EXPECT_EQ(What(match, "skipped_in_a_row"), "fresh: there was none");
  // Another momentum is the same average, another kind is not.
  const auto changed = Begun("adam {} average { ema { momentum: 0.5 } } lookahead {}");
  match = Carry(*before, changed.get());
  EXPECT_TRUE(match.exact()) << match.Table();
  const auto mean = Begun("adam {} average { swa {} } lookahead {}");
  EXPECT_EQ(What(Carry(*before, mean.get()), "hidden/bias/average"), "fresh: there was none");
  EXPECT_EQ(Slot(*mean, "hidden/bias", "average"), Weights(*mean, "hidden/bias"));
}

TEST(CarryState, StatesToGoBackToHaveTheNewMemory) {
  const std::string guard = " controller { divergence_guard { snapshot_every_steps: 2 } }";
  const auto before = Trained("adam {}" + guard);
  ASSERT_EQ(before->state.snapshots.count("good"), 1u);
  const auto after =
      Begun("adam {} group { name: 'head' match: 'output/.*' rule { lion {} } }" + guard);
  MemoryMatch match = Carry(*before, after.get());
  EXPECT_EQ(What(match, "@good"), "restored");
  const StoreSnapshot &old = before->state.snapshots["good"], &good = after->state.snapshots["good"];
  EXPECT_EQ(Slot(good.memory, *after, "hidden/kernel", "velocity"),
            Slot(old.memory, *before, "hidden/kernel", "velocity"));
  EXPECT_TRUE(IsZero(Slot(good.memory, *after, "output/kernel", "momentum")));
  // They are older than the state, and so is their count.
  EXPECT_EQ(good.memory.numbers()[0], old.memory.numbers()[0]);
  EXPECT_LT(good.memory.numbers()[0], 5);
  const auto without = Begun("adam {}");
  match = Carry(*before, without.get());
  EXPECT_EQ(What(match, "@good"), "dropped: nothing goes back to it any more");
  EXPECT_TRUE(without->state.snapshots.empty());
}

TEST(CarryState, ControllersGoOnWithThoseOfTheirKind) {
  const auto before = Trained(
      "sgd {} controller { divergence_guard {} } "
      "controller { reduce_on_plateau { monitor: 'validation/loss' patience: 1 } }");
  const auto after = Begun(
      "sgd {} controller { reduce_on_plateau { monitor: 'validation/loss' patience: 1 } } "
      "controller { hypergradient {} }");
  const MemoryMatch match = Carry(*before, after.get());
  EXPECT_EQ(What(match, "controller[0] reduce_on_plateau"), "restored");
  EXPECT_EQ(after->state.rates.controllers[0], before->state.rates.controllers[1]);
  EXPECT_EQ(What(match, "controller[1] hypergradient"), "fresh: there was none of its kind");
  EXPECT_EQ(What(match, "controller[0] divergence_guard"),
            "dropped: there is none of its kind any more");
}

TEST(MemoryMatch, ItsTableLeavesOutWhatWasRestoredAndSumsUpWhatIsLong) {
  MemoryMatch match;
  match.rows = {{MemoryMatch::kRestored, "a/momentum", ""},
                {MemoryMatch::kFresh, "b/momentum", "the rule was sgd"},
                {MemoryMatch::kDropped, "b/velocity", "the rule is lion"}};
  EXPECT_EQ(match.Table(),
            "memory of the optimizer: 1 restored, 1 fresh, 1 dropped\n"
            "  fresh    b/momentum  the rule was sgd\n"
            "  dropped  b/velocity  the rule is lion\n");
  match.rows.clear();
  for (int i = 0; i < 30; ++i) {
    match.rows.push_back({MemoryMatch::kFresh, absl::StrCat("layer_", i, "/kernel/momentum"),
                          i == 7 ? "the parameter was frozen" : "the rule was sgd"});
  }
  EXPECT_EQ(match.Table(),
            "memory of the optimizer: 0 restored, 30 fresh, 0 dropped\n"
            "  fresh    layer_0/kernel/momentum and 28 more  the rule was sgd\n"
            "  fresh    layer_7/kernel/momentum              the parameter was frozen\n");
}

}  // namespace
}  // namespace gradus
