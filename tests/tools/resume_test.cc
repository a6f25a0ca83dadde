// `gradus train --resume` with another optimizer, and a run whose rule is a plugin's that is not here.

#include <gtest/gtest.h>

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_replace.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kTutorial[] = "examples/tutorial_adam.pbtxt";

void Edit(const std::string& file, const std::string& from, const std::string& to) {
  const std::string text = Contents(file);
  ASSERT_TRUE(absl::StrContains(text, from)) << text;
  std::ofstream(file) << absl::StrReplaceAll(text, {{from, to}});
}

TEST(Resume, WithOtherRulesAndGroupsShowsWhatWasRestoredAndIsReplayed) {
  const std::string run = FreshFolder("rules") + "/run";
  ASSERT_EQ(RunGradus({"train", kTutorial, "--run_dir", run, "--set", "run.epochs=4", "--set",
                       "run.threads=1", "--set", "run.log_every_steps=1", "--stop_after_epoch", "1"})
                .code,
            4);
  const Outcome groups = RunGradus(
      {"train", "--resume", run, "--stop_after_epoch", "2", "--set",
       "optimizer.group=[{ name: \"head\" match: \"output/.*\" rule { sgd { momentum: 0.9 } } }]"});
  ASSERT_EQ(groups.code, 4) << groups.err;
  EXPECT_TRUE(absl::StrContains(
      groups.out, "at step 15\n"
                  "memory of the optimizer: 9 restored, 3 fresh, 2 dropped\n"
                  "  fresh    head/updates            output/kernel of its group had the rule adam\n"
                  "  fresh    output/kernel/momentum  the rule was adam\n"
                  "  fresh    output/bias/momentum    the rule was adam\n"
                  "  dropped  output/kernel/velocity  the rule is sgd\n"
                  "  dropped  output/bias/velocity    the rule is sgd\n"))
      << groups.out;
  // Numbers of the same rules are no news.
  const Outcome numbers = RunGradus({"train", "--resume", run, "--stop_after_epoch", "3", "--set",
                                     "optimizer.adam.beta1=0.8"});
  ASSERT_EQ(numbers.code, 4) << numbers.err;
  EXPECT_FALSE(absl::StrContains(numbers.out, "memory of the optimizer")) << numbers.out;
  const Outcome whole =
      RunGradus({"train", "--resume", run, "--set",
                 "optimizer=lion {} learning_rate { constant: 0.0001 } average { ema {} evaluate: true }"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_TRUE(absl::StrContains(whole.out, "memory of the optimizer: 0 restored, 14 fresh, "))
      << whole.out;

  const std::string again = run + "-again";
  const Outcome replay =
      RunGradus({"train", run + "/run.pbtxt", "--replay", run, "--run_dir", again});
  ASSERT_EQ(replay.code, 0) << replay.err;
  for (const char* file : {"/model.safetensors", "/metrics.jsonl", "/events.jsonl"}) {
    EXPECT_EQ(Contents(again + file), Contents(run + file)) << file;
  }
}

TEST(Resume, NeedsThePluginOfItsRuleWhichPredictingAndEvaluatingDoNot) {
  const std::string folder = FreshFolder("plugin"), run = folder + "/run";
  ASSERT_EQ(RunGradus({"train", kTutorial, "--run_dir", run, "--set", "run.epochs=2", "--set",
                       "run.checkpoint.best={ metric: \"validation/loss\" }"})
                .code,
            0);
  const std::string rows = "examples/data/breast_cancer.csv";
  const std::vector<std::string> predict = {"predict", run, rows}, eval = {"eval", run, "--split",
                                                                           "validation"};
  const Outcome predicted = RunGradus(predict), evaluated = RunGradus(eval);
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  ASSERT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_TRUE(absl::StrContains(evaluated.out, "best checkpoint")) << evaluated.out;
  std::vector<std::string> files = {run + "/run.pbtxt"};
  for (const std::string& name : Names(run + "/checkpoints")) {
    if (name != "best") files.push_back(run + "/checkpoints/" + name + "/run.pbtxt");
  }
  for (const std::string& file : files) Edit(file, "  adam {", "  [acme.lion] {");
  EXPECT_EQ(RunGradus(predict).out, predicted.out);
  EXPECT_EQ(RunGradus(eval).out, evaluated.out);
  const Outcome resumed = RunGradus({"train", "--resume", run, "--set", "run.epochs=3"});
  EXPECT_EQ(resumed.code, 1);
  EXPECT_TRUE(absl::StrContains(resumed.err, "no extension is called \"acme.lion\"")) << resumed.err;
  EXPECT_TRUE(absl::StrContains(resumed.err, "give --plugin FILE")) << resumed.err;
}

}  // namespace
}  // namespace gradus
