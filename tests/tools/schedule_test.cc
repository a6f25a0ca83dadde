// `gradus schedule`, and what `gradus check` says of rates, as processes.

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kDecay[] = "examples/tutorial_exponential_decay.pbtxt";

TEST(Schedule, IsATableWhereThereIsNoTerminal) {
  const Outcome outcome = RunGradus({"schedule", kDecay, "--at", "0,1,1000"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  // 0.01 * 0.96 ^ (k / 1000), as Python prints it with 17 digits.
  EXPECT_EQ(outcome.out,
            "step\tgroup\trate\n"
            "0\tdefault\t0.01\n"
            "1\tdefault\t0.0099995917883868597\n"
            "1000\tdefault\t0.0095999999999999992\n");
}

TEST(Schedule, WrittenToStandardOutputComesAfterWhatIsThereAlready) {
  const std::string log = testing::TempDir() + "/schedule.log";
  const Outcome outcome = RunShell(absl::StrCat(
      "echo before > '", log, "'; $GRADUS schedule --text 'constant: 0.5' --at 3 --format tsv --out ",
      "/dev/stdout >> '", log, "'; echo after >> '", log, "'; cat '", log, "'"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "before\nstep\tgroup\trate\n3\tdefault\t0.5\nafter\n");
}

TEST(Schedule, IsTheWholeRunWhenNothingElseIsAskedFor) {
  const Outcome outcome = RunGradus({"schedule", kDecay, "--set", "run.epochs=2"});
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  // 456 examples in batches of 32, twice, and the header.
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 31);
  EXPECT_TRUE(absl::StrContains(outcome.out, "\n29\tdefault\t"));
  EXPECT_FALSE(absl::StrContains(outcome.out, "\n30\t"));
}

TEST(Schedule, TakesARangeWithoutItsEnd) {
  const Outcome outcome = RunGradus({"schedule", "--text", "constant: 0.5", "--steps", "3:10:3"});
  EXPECT_EQ(outcome.out, "step\tgroup\trate\n3\tdefault\t0.5\n6\tdefault\t0.5\n9\tdefault\t0.5\n");
  EXPECT_EQ(outcome.err, "");
}

TEST(Schedule, OfATextWithoutAnEndSaysWhatItShows) {
  const Outcome outcome = RunGradus({"schedule", "--text", "constant: 0.5"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 1001);
  EXPECT_EQ(outcome.err,
            "gradus: the run has no known end, so this is 0:1000:1; --steps START:STOP:STRIDE "
            "gives another range\n");
  const Outcome ended = RunGradus({"schedule", "--text", "constant: 0.5", "--total_steps", "7"});
  EXPECT_EQ(std::count(ended.out.begin(), ended.out.end(), '\n'), 8);
  EXPECT_EQ(ended.err, "");
}

TEST(Schedule, ConvertsClocksOfAText) {
  const Outcome outcome =
      RunGradus({"schedule", "--text",
                 "clock: EPOCHS linear { initial_learning_rate: 0 end_learning_rate: 1 steps: 2 }",
                 "--steps_per_epoch", "50", "--at", "25"});
  EXPECT_EQ(outcome.out, "step\tgroup\trate\n25\tdefault\t0.25\n") << outcome.err;
}

TEST(Schedule, PrintsJson) {
  const Outcome outcome =
      RunGradus({"schedule", "--text", "constant: 0.1", "--at", "0,7", "--format=json"});
  EXPECT_EQ(outcome.out,
            "[\n"
            "{\"step\":0,\"group\":\"default\",\"rate\":0.10000000000000001},\n"
            "{\"step\":7,\"group\":\"default\",\"rate\":0.10000000000000001}\n"
            "]\n");
}

TEST(Schedule, ShowsEveryGroupAndAllNumbers) {
  const std::vector<std::string> arguments = {
      "schedule",
      kDecay,
      "--at",
      "4",
      "--set",
      "optimizer.group=name: \"biases\" match: \".*/bias\" learning_rate { constant: 0.25 }",
      "--set",
      "optimizer.schedule=field: \"beta1\" follow { constant: 0.75 }"};
  EXPECT_TRUE(absl::EndsWith(RunGradus(arguments).out, "\n4\tbiases\t0.25\n"));
  std::vector<std::string> all = arguments;
  all.push_back("--all");
  const Outcome outcome = RunGradus(all);
  EXPECT_TRUE(
      absl::StartsWith(outcome.out, "step\tgroup\tfield\trate\n4\tdefault\tlearning_rate\t"))
      << outcome.out << outcome.err;
  EXPECT_TRUE(absl::StrContains(outcome.out, "\n4\tbiases\tlearning_rate\t0.25\n"));
  EXPECT_TRUE(absl::StrContains(outcome.out, "\n4\tdefault\tbeta1\t0.75\n"));
  EXPECT_TRUE(absl::StrContains(outcome.out, "\n4\tbiases\tbeta1\t0.75\n"));
}

TEST(Schedule, DrawsPictures) {
  const Outcome terminal = RunGradus({"schedule", kDecay, "--format=terminal"});
  EXPECT_EQ(terminal.code, 0) << terminal.err;
  EXPECT_TRUE(absl::StrContains(terminal.out, "** default\n")) << terminal.out;
  EXPECT_TRUE(absl::StrContains(terminal.out, "0.01 +***")) << terminal.out;
  const Outcome svg = RunGradus({"schedule", kDecay, "--format=svg"});
  EXPECT_TRUE(absl::StartsWith(svg.out, "<svg ")) << svg.err;
  EXPECT_FALSE(absl::StrContains(svg.out, "may change"));
  // The picture says that it is not the last word.
  const Outcome controlled = RunGradus(
      {"schedule", kDecay, "--format=svg", "--set",
       "optimizer.controller=reduce_on_plateau { monitor: \"validation/loss\" factor: 0.1 "
       "patience: 3 }"});
  EXPECT_TRUE(absl::StrContains(controlled.out, "plan; reduce_on_plateau may change it."))
      << controlled.err;
}

TEST(Schedule, APictureOfAHugeRunIsQuick) {
  const Outcome outcome = RunGradus(
      {"schedule", "--text", "constant: 0.5", "--total_steps", "1000000000", "--format=terminal"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(absl::StrContains(outcome.out, "of 1000000000 updates are drawn")) << outcome.out;
}

TEST(Schedule, WritesTheFileThatItsNameSays) {
  const std::string folder = FreshFolder("schedule");
  for (const char* name : {"/a.svg", "/a.json", "/a.tsv"}) {
    const Outcome outcome = RunGradus(
        {"schedule", "--text", "constant: 0.5", "--steps", "0:3", "--out", folder + name});
    EXPECT_EQ(outcome.code, 0) << outcome.err;
    EXPECT_EQ(outcome.out, "");
  }
  EXPECT_TRUE(absl::StartsWith(Contents(folder + "/a.svg"), "<svg "));
  EXPECT_TRUE(absl::StartsWith(Contents(folder + "/a.json"), "[\n{\"step\":0,"));
  EXPECT_TRUE(absl::StartsWith(Contents(folder + "/a.tsv"), "step\tgroup\trate\n0\t"));
  const Outcome nowhere = RunGradus(
      {"schedule", "--text", "constant: 0.5", "--steps", "0:3", "--out", folder + "/no/a.tsv"});
  EXPECT_EQ(nowhere.code, 1);
  EXPECT_TRUE(absl::StrContains(nowhere.err, folder + "/no/a.tsv")) << nowhere.err;
}

TEST(Schedule, ALongTableIntoAClosedPipeEndsQuietly) {
  const Outcome outcome =
      RunShell("$GRADUS schedule --text 'constant: 0.5' --total_steps 1000000000 | head -n 2");
  EXPECT_EQ(outcome.out, "step\tgroup\trate\n0\tdefault\t0.5\n");
  EXPECT_EQ(outcome.err, "");
}

struct Wrong {
  std::vector<std::string> arguments;
  const char* message;
};

TEST(Schedule, BadArgumentsSayWhatIsRight) {
  const std::vector<std::string> text = {"--text", "constant: 0.5"};
  const Wrong wrongs[] = {
      {{}, "give a FILE, or --text with a schedule such as 'constant: 0.1'"},
      {{kDecay, "--text", "constant: 1"}, "a FILE and --text exclude each other"},
      {{kDecay, "--at", "1", "--steps", "0:2"}, "--at and --steps exclude each other"},
      {{kDecay, "--total_steps", "5"}, "--total_steps goes with --text; a file says it itself"},
      {{kDecay, "--at", "-1"}, "step \"-1\" is not a whole number from 0 to 9223372036854775807"},
      {{kDecay, "--at", "99999999999999999999"},
       "step \"99999999999999999999\" is not a whole number from 0 to 9223372036854775807"},
      {{kDecay, "--steps", "0:10:0"},
       "STRIDE \"0\" is not a whole number from 1 to 9223372036854775807"},
      {{kDecay, "--steps", "0:-10:1"},
       "STOP \"-10\" is not a whole number from 0 to 9223372036854775807"},
      {{kDecay, "--steps", "7"},
       "steps \"7\" are not START:STOP:STRIDE, such as 0:1000:10 (STOP is left out)"},
      {{kDecay, "--steps", "7:7"}, "steps \"7:7\" are none: STOP 7 must be above START 7"},
      {{"--text", "constant: 0.5", "--total_steps", "many"},
       "--total_steps \"many\" is not a whole number from 1 on"},
      {{"--text", "constant: 0.5", "--total_steps", "0"},
       "--total_steps 0 is not a whole number from 1 to 9007199254740991"},
      {{"--text", "clock: RUN constant: 0.5"},
       "--text:1:8: clock RUN needs the run's end; give --total_steps N [clock]"},
  };
  for (const Wrong& wrong : wrongs) {
    std::vector<std::string> arguments = {"schedule"};
    arguments.insert(arguments.end(), wrong.arguments.begin(), wrong.arguments.end());
    const Outcome outcome = RunGradus(arguments);
    EXPECT_EQ(outcome.code, 2) << wrong.message;
    EXPECT_EQ(outcome.out, "");
    EXPECT_EQ(outcome.err, std::string("gradus: ") + wrong.message + "\n");
  }
}

TEST(Schedule, AWrongTextIsToldWithItsPlace) {
  const Outcome outcome = RunGradus({"schedule", "--text", "cosine_decay { decay_step: 3 }"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_TRUE(absl::StartsWith(outcome.err, "gradus: --text:1:16: ")) << outcome.err;
  EXPECT_TRUE(absl::StrContains(outcome.err, "did you mean \"decay_steps\"?")) << outcome.err;
  // A file is not a part of the command line.
  EXPECT_EQ(RunGradus({"schedule", "there/is/none.pbtxt"}).code, 1);
}

TEST(Check, WarnsOfRatesAndGoesOn) {
  const Outcome outcome =
      RunGradus({"check", kDecay, "--set",
                 "optimizer.learning_rate=warmup { steps: 10 then { constant: 0.1 } }"});
  EXPECT_EQ(outcome.code, 0);
  EXPECT_TRUE(
      absl::StrContains(outcome.err, "the rate is 0 at the first update, which does nothing"))
      << outcome.err;
  EXPECT_TRUE(absl::StrContains(outcome.out, "model \"tutorial_exponential_decay\""));
  EXPECT_EQ(RunGradus({"check", kDecay}).err, "");
}

TEST(Check, ANumberThatWillLeaveItsRangeIsAnError) {
  const Outcome outcome =
      RunGradus({"check", kDecay, "--set",
                 "optimizer.schedule=field: \"beta1\" follow { linear { initial_learning_rate: 0.9 "
                 "end_learning_rate: 1.1 steps: 1000 } }"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "at step 500 beta1 is 1, which must be"))
      << outcome.err;
}

TEST(Train, SaysWhatCheckSaysOfTheRatesOnceAndGoesOn) {
  const std::string run = FreshFolder("warned") + "/run";
  const std::vector<std::string> settings = {
      "--set", "run.epochs=2", "--set",
      "optimizer.learning_rate=warmup { steps: 5 then { constant: 0.01 } }"};
  std::vector<std::string> check = {"check", kDecay}, train = {"train", kDecay, "--run_dir", run};
  check.insert(check.end(), settings.begin(), settings.end());
  train.insert(train.end(), settings.begin(), settings.end());
  train.insert(train.end(), {"--stop_after_epoch", "1"});
  const Outcome stopped = RunGradus(train);
  EXPECT_EQ(stopped.code, 4) << stopped.err;
  EXPECT_TRUE(absl::StrContains(stopped.err, "the rate is 0 at the first update")) << stopped.err;
  EXPECT_EQ(stopped.err, RunGradus(check).err);
  // It was said when the run began.
  const Outcome resumed = RunGradus({"train", "--resume", run});
  EXPECT_EQ(resumed.code, 0);
  EXPECT_EQ(resumed.err, "");
}

TEST(Train, DoesNotBeginWhenANumberWillLeaveItsRange) {
  const std::string run = FreshFolder("range") + "/run";
  const Outcome outcome =
      RunGradus({"train", kDecay, "--run_dir", run, "--set",
                 "optimizer.schedule=field: \"beta1\" follow { linear { initial_learning_rate: 0.9 "
                 "end_learning_rate: 1.1 steps: 1000 } }"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "at step 500 beta1 is 1, which must be"))
      << outcome.err;
  EXPECT_EQ(Names(run), std::vector<std::string>());
}

}  // namespace
}  // namespace gradus
