// `gradus rate` and `gradus train --replay`: another terminal changes a run, a kill loses nothing of
// it, and a replay gives the same bytes.

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kTutorial[] = "examples/tutorial_adam.pbtxt";

Outcome Rate(const std::string& run, std::vector<std::string> flags) {
  flags.insert(flags.begin(), {"rate", run});
  return RunGradus(flags);
}

// Stopped after the first of six epochs of 15 updates.
std::string StoppedRun(const std::string& folder) {
  const std::string run = folder + "/run";
  const Outcome outcome =
      RunGradus({"train", kTutorial, "--set", "run.epochs=6", "--set", "run.threads=1", "--set",
                 "run.log_every_steps=1", "--run_dir", run, "--stop_after_epoch", "1"});
  EXPECT_EQ(outcome.code, 4) << outcome.err;
  return run;
}

TEST(Rate, OfAStoppedRunChangesWhenItGoesOnAndAReplayGivesTheSameBytes) {
  const std::string folder = FreshFolder("stopped");
  const std::string run = StoppedRun(folder);
  const Outcome set = Rate(run, {"--set", "0.01"});
  EXPECT_EQ(set.code, 0) << set.err;
  EXPECT_EQ(set.out, absl::StrCat(run,
                                  " does not run now; this takes effect when it goes on (gradus "
                                  "train --resume ",
                                  run, ")\nrate of group default: 0.001 -> 0.01 from step 15\n"));
  for (const std::vector<std::string>& flags : std::vector<std::vector<std::string>>{
           {"--scale", "0.5", "--at_step", "22"},
           {"--clear", "--at_step", "40"},
           {"--schedule", "cosine_decay { initial_learning_rate: 1 decay_steps: 30 }", "--at-step",
            "45"},
           {"--total_steps", "75", "--at_step", "50"},
           {"--schedule", "constant: 0.002", "--jump", "--at_step", "70"}}) {
    const Outcome outcome = Rate(run, flags);
    EXPECT_EQ(outcome.code, 0) << outcome.err;
  }
  const Outcome resumed = RunGradus({"train", "--resume", run});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(absl::StrContains(
      resumed.out, "\nrate of group default: 0.01 -> 0.005 from step 22: scaled by 0.5\n"))
      << resumed.out;
  EXPECT_TRUE(absl::StrContains(resumed.out, "epoch 5/5  step 75  train")) << resumed.out;
  EXPECT_FALSE(absl::StrContains(resumed.out, "epoch 6/6")) << resumed.out;
  EXPECT_TRUE(Names(run + "/control").empty());

  const std::string again = folder + "/again";
  const Outcome replay =
      RunGradus({"train", run + "/run.pbtxt", "--replay", run, "--run_dir", again});
  ASSERT_EQ(replay.code, 0) << replay.err;
  EXPECT_EQ(Contents(again + "/model.safetensors"), Contents(run + "/model.safetensors"));
  EXPECT_EQ(Contents(again + "/metrics.jsonl"), Contents(run + "/metrics.jsonl"));

  const Outcome ended = Rate(run, {"--set", "0.01"});
  EXPECT_EQ(ended.code, 1);
  EXPECT_EQ(ended.err, absl::StrCat("gradus: ", run,
                                    " has ended after 75 updates; --total_steps with a larger "
                                    "number lets it go on\n"));
  const Outcome other = RunGradus(
      {"train", kTutorial, "--replay", run, "--run_dir", folder + "/other"});
  EXPECT_EQ(other.code, 1);
  EXPECT_TRUE(absl::StrContains(other.err, "the configuration is not that of the run")) << other.err;
  EXPECT_TRUE(Names(folder + "/other").empty());
}

TEST(Rate, OfARunThatTrainsAndIsKilledIsTheSameAgain) {
  const std::string folder = FreshFolder("killed");
  const std::string run = folder + "/run";
  // Far too long to end by itself; the first answer says that it trains.
  const Outcome live = RunShell(absl::StrCat(
      "$GRADUS train ", kTutorial,
      " --set run.epochs=20000000 --set run.threads=1 --set run.checkpoint.every_steps=5000 "
      "--run_dir '", run, "' >/dev/null & pid=$!\n",
      "until $GRADUS rate '", run, "' --set 0.005 --wait 60 2>/dev/null; do :; done\n",
      "$GRADUS rate '", run, "' --scale 0.5 --wait 60\n",
      "$GRADUS rate '", run, "' --scale 0.5 --group no --wait 60\n",
      "$GRADUS rate '", run, "' --scale 4 --at_step 4000000000 --wait 60\n",
      "until [ -n \"$(ls '", run, "/checkpoints')\" ]; do :; done\n",
      "$GRADUS rate '", run, "' --set 0.002 --wait 60\n",
      "kill -9 $pid; wait $pid"));
  EXPECT_EQ(live.code, 137) << live.err;
  EXPECT_TRUE(absl::StartsWith(live.out, "rate of group default: 0.001 -> 0.005 from step "))
      << live.out;
  EXPECT_TRUE(absl::StrContains(live.out, "\nrate of group default: 0.005 -> 0.0025 from step "));
  EXPECT_TRUE(absl::StrContains(live.out, "\naccepted for step 4000000000: scaled by 4\n"));
  EXPECT_TRUE(absl::StrContains(live.err, "gradus: there is no group \"no\""));
  const std::string last = "0.0025 -> 0.002 from step ";
  const size_t at = live.out.find(last);
  ASSERT_NE(at, std::string::npos) << live.out;
  const int64_t step = std::strtoll(live.out.c_str() + at + last.size(), nullptr, 10);

  // It trained on until it was killed.
  int64_t reached = step;
  for (const std::string& name : Names(run + "/checkpoints")) {
    const size_t digits = name.find_first_of("0123456789");
    if (digits == std::string::npos) continue;
    reached = std::max<int64_t>(reached, std::strtoll(name.c_str() + digits, nullptr, 10));
  }
  const Outcome end = Rate(run, {"--total_steps", absl::StrCat(reached + 500), "--at_step",
                                 absl::StrCat(reached + 10)});
  ASSERT_EQ(end.code, 0) << end.err;
  const Outcome resumed = RunGradus({"train", "--resume", run});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  const Outcome explained = RunGradus({"explain", run, "--step", absl::StrCat(step)});
  EXPECT_TRUE(absl::StrContains(
      explained.out, absl::StrCat("  last change: 0.0025 -> 0.002 from step ", step,
                                  ", by override: set to 0.002\n")))
      << explained.out;
  const Outcome replay = RunGradus(
      {"train", run + "/run.pbtxt", "--replay", run, "--run_dir", folder + "/again"});
  ASSERT_EQ(replay.code, 0) << replay.err;
  EXPECT_EQ(Contents(folder + "/again/model.safetensors"), Contents(run + "/model.safetensors"));
  EXPECT_NE(Contents(run + "/model.safetensors"), "");
}

TEST(Rate, IsRefusedWithAMessage) {
  const std::string run = StoppedRun(FreshFolder("refused"));
  const struct {
    std::vector<std::string> flags;
    int code;
    std::string err;
  } cases[] = {
      {{}, 2, "give one of --set X, --scale X, --schedule TEXT, --clear and --total_steps N"},
      {{"--set", "1", "--clear"},
       2,
       "give one of --set X, --scale X, --schedule TEXT, --clear and --total_steps N"},
      {{"--set", "fast"}, 2, "--set \"fast\" is not a number"},
      {{"--set", "1", "--jump"}, 2, "--jump goes with --schedule"},
      {{"--set", "1", "--at_step", "-3"}, 2, "--at_step \"-3\" is not a number of updates"},
      {{"--set", "-1"}, 1, "set -1 must be at least 0 [set]"},
      {{"--set", "nan"}, 1, "set nan must be a finite number [set]"},
      {{"--set", "1", "--group", "b"}, 1, "there is no group \"b\"; the groups are default"},
      {{"--set", "1", "--field", "beta1"},
       1,
       "no number that changes is called \"beta1\"; there are learning_rate, weight_decay; a field of the "
       "rule is one when the optimizer has schedule { field: \"beta1\" follow { ... } }"},
      {{"--total_steps", "15"}, 1, "total_steps 15 must be above the 15 updates that are done"},
      {{"--schedule", "constant: -1"},
       1,
       "--schedule:1:11: constant -1 must be at least 0 [constant]"},
      {{"--schedule", "cosine_decay { initial_learning_rate: 0 decay_steps: 3 }"},
       1,
       "the schedule begins at 0 and cannot be scaled to go on from 0.001; give a schedule that "
       "begins above 0, or ask for a jump"},
  };
  for (const auto& c : cases) {
    const Outcome outcome = Rate(run, c.flags);
    EXPECT_EQ(outcome.code, c.code) << c.err;
    EXPECT_EQ(outcome.err, absl::StrCat("gradus: ", c.err, "\n"));
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_TRUE(Names(run + "/control").empty());
  EXPECT_EQ(Rate(run + "/no", {"--set", "1"}).err,
            absl::StrCat("gradus: ", run, "/no is not the folder of a run: ", run,
                         "/no/run.pbtxt does not exist\n"));
}

}  // namespace
}  // namespace gradus
