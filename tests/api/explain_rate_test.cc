// What is said of a rate from the run's folder is what the run used.

#include "gradus/api/explain_rate.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_split.h"
#include "gradus/api/rate_request.h"
#include "tests/api/rate_testing.h"

namespace gradus {
namespace {

// What update k used, by the log.
std::vector<double> LoggedRates(const std::string& metrics) {
  std::vector<double> rates;
  for (absl::string_view line : absl::StrSplit(Text(metrics), '\n', absl::SkipEmpty())) {
    if (!absl::StrContains(line, "\"scope\":\"step\"") ||
        !absl::StrContains(line, "\"split\":\"train\"")) {
      continue;
    }
    constexpr absl::string_view kRate = "\"learning_rate\":";
    absl::string_view rest = line.substr(line.find(kRate) + kRate.size());
    double rate = 0;
    EXPECT_TRUE(absl::SimpleAtod(rest.substr(0, rest.find('}')), &rate)) << line;
    rates.push_back(rate);
  }
  return rates;
}

double Explained(const std::string& run, int64_t step, const std::string& group) {
  ExplainOptions options;
  options.step = step;
  options.group = group;
  const auto explained = ExplainRate(run, options);
  EXPECT_TRUE(explained.ok()) << explained.status();
  if (!explained.ok() || explained->rates.size() != 1) return -1;
  EXPECT_EQ(explained->rates[0].chain.back().out, explained->rates[0].value);
  return explained->rates[0].value;
}

TEST(ExplainRate, IsWhatTheRunUsedAtEveryUpdate) {
  const std::string path = EmptyFolder("explained");
  FolderRun run = FolderRun::Start(path);
  ASSERT_TRUE(ControlFolder(path).PutAgain(AllCommands(), 0).ok());
  ASSERT_EQ(*run.Go(), LoopEnd::kFinished);
  const std::vector<double> rates = LoggedRates(path + "/metrics.jsonl");
  ASSERT_EQ(rates.size(), 105u);
  for (int64_t step : {0, 14, 15, 19, 20, 21, 32, 33, 45, 49, 50, 60, 61, 75, 76, 77, 80, 104}) {
    EXPECT_EQ(Explained(path, step, "default"), rates[static_cast<size_t>(step)]) << step;
  }
}

TEST(ExplainRate, HasTheChainAndTheLastChange) {
  const std::string path = EmptyFolder("chain");
  FolderRun run = FolderRun::Start(path);
  ASSERT_TRUE(ControlFolder(path)
                  .PutAgain({Command("at_step: 20 scale: 0.5 group: \"biases\"")}, 0)
                  .ok());
  StopAfter stop(28);
  ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
  const auto now = ExplainRate(path);
  ASSERT_TRUE(now.ok()) << now.status();
  EXPECT_EQ(now->step, 28);
  EXPECT_EQ(now->updates_done, 28);
  ASSERT_EQ(now->rates.size(), 2u);
  EXPECT_EQ(now->rates[0].group, "default");
  EXPECT_EQ(now->rates[1].group, "biases");
  std::vector<std::string> layers;
  for (const auto& why : now->rates[1].chain) layers.push_back(why.layer);
  EXPECT_EQ(layers, (std::vector<std::string>{"schedule", "controller[0]", "group", "override"}));
  EXPECT_EQ(now->rates[1].chain[0].out, now->rates[0].chain[0].out);
  ASSERT_TRUE(now->rates[1].last_change.has_value());
  EXPECT_EQ(now->rates[1].last_change->step, 20);
  EXPECT_EQ(now->rates[1].last_change->cause, "scaled by 0.5");
  EXPECT_FALSE(now->rates[0].last_change.has_value());
  // Of the run's own numbers, while it holds its folder.
  const TrainState& state = run.trainer->state();
  for (int g : {0, 1}) {
    EXPECT_EQ(now->rates[g].value,
              run.trainer->step().numbers().At(g, state.progress, state.rates));
  }
  // Before the command, and far ahead as things stand.
  ExplainOptions options;
  options.step = 19;
  EXPECT_FALSE(ExplainRate(path, options)->rates[1].last_change.has_value());
  options.step = 1000000;
  EXPECT_EQ(ExplainRate(path, options)->rates[1].chain.size(), 4u);
}

TEST(ExplainRate, SaysThatAGroupIsFrozen) {
  const std::string path = EmptyFolder("explained_frozen");
  FolderRun::Start(path, {"optimizer.group[biases]=name: \"biases\" match: \".*/bias\" frozen: true"});
  ExplainOptions options;
  options.group = "biases";
  const auto explained = ExplainRate(path, options);
  ASSERT_TRUE(explained.ok()) << explained.status();
  ASSERT_EQ(explained->rates.size(), 1u);
  ASSERT_EQ(explained->rates[0].chain.size(), 1u);
  EXPECT_EQ(explained->rates[0].chain[0].layer, "frozen");
  EXPECT_EQ(explained->rates[0].value, 0);
}

TEST(ExplainRate, NeedsNoDataOnceARunHasAState) {
  const std::string path = EmptyFolder("moved"), data = EmptyFolder("moved.csv");
  ASSERT_TRUE(WriteFile(data, Text("examples/data/breast_cancer.csv")).ok());
  FolderRun run = FolderRun::Start(path, {"data.train.csv.path=" + data});
  StopAfter stop(40);
  ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
  run.folder.lock.reset();
  const auto before = ExplainRate(path);
  ASSERT_TRUE(before.ok()) << before.status();
  ASSERT_TRUE(RemoveTree(data).ok());
  const auto after = ExplainRate(path);
  ASSERT_TRUE(after.ok()) << after.status();
  EXPECT_EQ(after->rates[0].value, before->rates[0].value);
  const auto reply = RequestRate(path, Command("set: 0.25 at_step: 119"), absl::Duration());
  ASSERT_TRUE(reply.ok()) << reply.status();
  EXPECT_EQ(reply->kind, RateReply::kWaits);
  // It knows how long an epoch is: the last update is 119.
  EXPECT_TRUE(absl::IsOutOfRange(
      RequestRate(path, Command("set: 0.25 at_step: 120"), absl::Duration()).status()));
  // To train, it needs them; and before the first state they must be counted.
  std::vector<std::string> skipped;
  const std::string checkpoint = *NewestCheckpoint(path + "/checkpoints", &skipped);
  EXPECT_TRUE(absl::StrContains(Trainer::Resume(checkpoint).status().message(), "moved.csv"));
  ASSERT_TRUE(RemoveTree(checkpoint).ok());
  EXPECT_TRUE(absl::StrContains(ExplainRate(path).status().message(), "moved.csv"));
}

TEST(ExplainRate, SaysWhatThereIsInstead) {
  const std::string path = EmptyFolder("instead");
  FolderRun run = FolderRun::Start(path);
  StopAfter stop(1);
  ASSERT_TRUE(run.Go({&stop}).ok());
  ExplainOptions options;
  options.group = "bias";
  EXPECT_EQ(ExplainRate(path, options).status().message(),
            "there is no group \"bias\"; the groups are default, biases");
  options = ExplainOptions();
  options.field = "beta1";
  EXPECT_EQ(ExplainRate(path, options).status().message(),
            "no number that changes is called \"beta1\"; there are learning_rate, weight_decay");
  options = ExplainOptions();
  options.step = -1;
  EXPECT_EQ(ExplainRate(path, options).status().message(),
            "step -1 is negative; updates are counted from 0");
  EXPECT_TRUE(absl::IsNotFound(ExplainRate(path + "/no").status()));
  options = ExplainOptions();
  options.field = "weight_decay";
  EXPECT_EQ(ExplainRate(path, options)->rates[0].value, 0);
}

}  // namespace
}  // namespace gradus
