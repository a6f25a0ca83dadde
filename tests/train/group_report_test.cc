// What is reported of each group, against plain loops over the weights before and after.

#include "gradus/train/group_report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

#include "tests/testing/allocation_counter.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr char kGroups[] =
    "group { name: \"biases\" match: \".*/bias\" rule { sgd {} } learning_rate { constant: 0.5 } } "
    "group { name: \"still\" match: \"norm/.*\" frozen: true } ";

std::unique_ptr<TestRun> Make(const std::string& more, int64_t every, int threads = 1) {
  return MakeRun(absl::StrCat("optimizer { adam {} learning_rate { constant: 0.01 } ", kGroups, more,
                              " } run { epochs: 3 log_groups_every_steps: ", every, " }"),
                 true, threads);
}

const std::vector<float> kX = {0.1f, 0.2f, -0.3f, 0.4f, 0.9f, -0.7f}, kLabel = {1, 0, 1};

absl::Status Step(TestRun* run, StepReport* report) {
  const void* inputs[] = {kX.data(), kLabel.data()};
  return run->step->Run(inputs, 3, &run->state, report);
}

// The plain values of the parameters with or without "bias" at the end that are trained.
std::vector<double> Plain(const TestRun& run, const float* block, bool biases) {
  std::vector<double> values;
  const ParameterLayout& layout = run.state.store.layout();
  for (int i = 0; i < layout.count(); ++i) {
    const std::string& name = layout.place(i).name;
    const bool bias = name.size() > 5 && name.substr(name.size() - 5) == "/bias";
    if (name.substr(0, 5) == "norm/" ? true : bias != biases) continue;
    const Tensor tensor = *run.state.store.Read(layout, i, block);
    for (float value : tensor.data<float>()) values.push_back(value);
  }
  return values;
}

double Norm(const std::vector<double>& values) {
  double sum = 0;
  for (double value : values) sum += value * value;
  return std::sqrt(sum);
}

TEST(GroupReportTest, NormsAreThoseOfPlainLoops) {
  // A wrapper, decay and clipping around the rules; the reference's gradients are those of the graph.
  auto run = Make(
      "clip { global_norm: 0.01 } weight_decay: 0.1 lookahead { sync_period: 1 } centralize_gradients: "
      "true ",
      1, 2);
  auto raw = MakeRun("optimizer { sgd {} learning_rate { constant: 0 } } run { epochs: 3 }", true, 2);
  StepReport report, plain;
  // Biases begin at 0, and nothing is large or small beside that.
  std::fill_n(run->state.store.weights() +
                  run->state.store.layout().place(run->state.store.layout().Find("hidden/bias")).offset,
              8, 0.25f);
  for (int update = 0; update < 4; ++update) {
    for (int i = 0; i < run->state.store.layout().count(); ++i) {
      const ParameterLayout& layout = run->state.store.layout();
      const int there = raw->state.store.layout().Find(layout.place(i).name);
      ASSERT_TRUE(ParameterStore::Write(raw->state.store.layout(), there,
                                        *run->state.store.Read(layout, i, run->state.store.weights()),
                                        raw->state.store.weights())
                      .ok());
    }
    ASSERT_TRUE(Step(raw.get(), &plain).ok());
    EXPECT_TRUE(plain.groups.empty());
    std::vector<std::vector<double>> before;
    for (const bool biases : {false, true}) {
      before.push_back(Plain(*run, run->state.store.weights(), biases));
    }
    ASSERT_TRUE(Step(run.get(), &report).ok());
    ASSERT_EQ(report.groups.size(), 2u);
    for (const bool biases : {false, true}) {
      const GroupReport& group = report.groups[biases ? 1 : 0];
      EXPECT_EQ(group.group, biases ? "biases" : "default");
      EXPECT_EQ(group.rule, biases ? "sgd" : "adam");
      EXPECT_EQ(group.learning_rate, biases ? 0.5 : 0.01);
      std::vector<double> change = Plain(*run, run->state.store.weights(), biases);
      for (size_t i = 0; i < change.size(); ++i) change[i] -= before[biases][i];
      const double gradient = Norm(Plain(*raw, raw->state.store.gradients(), biases));
      const double weight = Norm(before[biases]), moved = Norm(change);
      EXPECT_GT(moved, 0);
      // The same numbers in double, in another order.
      EXPECT_NEAR(group.gradient_norm, gradient, 1e-14 * gradient);
      EXPECT_NEAR(group.weight_norm, weight, 1e-14 * weight);
      EXPECT_NEAR(group.update_norm, moved, 1e-14 * moved);
      EXPECT_NEAR(group.update_to_weight, moved / weight, 1e-13 * moved / weight);
      EXPECT_NEAR(group.effective_rate, moved / gradient, 1e-13 * moved / gradient);
    }
  }
}

TEST(GroupReportTest, ThePlainRulesEffectiveRateIsItsRate) {
  auto run = MakeRun(
      "optimizer { sgd {} learning_rate { constant: 0.125 } } run { epochs: 3 log_groups_every_steps: 1 "
      "}");
  StepReport report;
  ASSERT_TRUE(Step(run.get(), &report).ok());
  ASSERT_EQ(report.groups.size(), 1u);
  // Each weight after it is rounded to 2^-24 of itself; updates are some thousandths of the weights.
  EXPECT_NEAR(report.groups[0].effective_rate, 0.125, 1e-5);
}

TEST(GroupReportTest, OnlyEveryNthUpdateReportsAndNumbersDoNotDependOnIt) {
  auto run = Make("", 3), all = Make("", 1), none = Make("", 1000);
  StepReport report, each, nothing;
  for (int update = 1; update <= 7; ++update) {
    ASSERT_TRUE(Step(run.get(), &report).ok());
    ASSERT_TRUE(Step(all.get(), &each).ok());
    ASSERT_TRUE(Step(none.get(), &nothing).ok());
    EXPECT_EQ(report.groups.size(), update % 3 == 0 ? 2u : 0u) << update;
    EXPECT_TRUE(nothing.groups.empty());
    for (size_t g = 0; g < report.groups.size(); ++g) {
      EXPECT_EQ(report.groups[g].update_norm, each.groups[g].update_norm);
    }
  }
  EXPECT_TRUE(Bytes(run->state) == Bytes(none->state));
}

TEST(GroupReportTest, AnUpdateThatIsLeftOutReportsNothing) {
  auto run = Make("skip_non_finite {}", 1);
  StepReport report;
  ASSERT_TRUE(Step(run.get(), &report).ok());
  EXPECT_EQ(report.groups.size(), 2u);
  std::vector<float> bad = kX;
  bad[1] = std::numeric_limits<float>::quiet_NaN();
  const void* inputs[] = {bad.data(), kLabel.data()};
  ASSERT_TRUE(run->step->Run(inputs, 3, &run->state, &report).ok());
  EXPECT_NE(report.skipped, "");
  EXPECT_TRUE(report.groups.empty());
}

TEST(GroupReportTest, NothingIsAllocatedAfterTheFirst) {
  if (!AllocationCounter::kCounts) GTEST_SKIP() << AllocationCounter::kWhyNot;
  auto run = MakeRun(
      "optimizer { adam {} sharpness_aware {} lookahead { sync_period: 2 } centralize_gradients: true "
      "clip { global_norm: 1 } average { ema {} } group { name: \"a_name_that_is_not_short_at_all\" "
      "match: \".*/bias\" } } run { epochs: 3 log_groups_every_steps: 2 }",
      true);
  StepReport report;
  for (int update = 1; update <= 9; ++update) {
    if (update == 5) {
      AllocationCounter::Reset();
      AllocationCounter::Count(true);
    }
    const absl::Status status = Step(run.get(), &report);
    if (update == 9) AllocationCounter::Count(false);
    ASSERT_TRUE(status.ok()) << status;
  }
  EXPECT_EQ(AllocationCounter::ours(), 0) << AllocationCounter::FirstOfOurs();
}

}  // namespace
}  // namespace gradus
