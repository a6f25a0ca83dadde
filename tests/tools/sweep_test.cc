// `gradus sweep` as a person uses it: trials are ordinary runs, several at once, stopped and gone on
// with, ranked.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

namespace fs = std::filesystem;

constexpr char kTutorial[] = "examples/tutorial_adam.pbtxt";
constexpr char kRate[] = "optimizer.learning_rate.constant=log(0.001,0.1,2)";
constexpr char kBatch[] = "data.batch_size=choice(16, 64)";

std::vector<std::string> Sweep(const std::string& out, const std::vector<std::string>& more) {
  std::vector<std::string> arguments = {"sweep", kTutorial, "--out", out, "--parallel", "2"};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> Grid(const std::string& out, int epochs) {
  return Sweep(out, {"--search", kRate, "--search", kBatch, "--strategy", "grid", "--set",
                     absl::StrCat("run.epochs=", epochs)});
}

// The last table of an output.
std::string TableOf(const std::string& out) {
  const size_t begin = out.rfind("rank  trial");
  if (begin == std::string::npos) return "";
  return out.substr(begin, out.find("\n\n", begin) - begin);
}

const std::vector<std::string> kTrials = {"trial-000", "trial-001", "trial-002", "trial-003"};

TEST(Sweep, TrialsAreOrdinaryRunFolders) {
  const std::string folder = FreshFolder("ordinary");
  const Outcome outcome = RunGradus(Grid(folder + "/sweep", 3));
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(Names(folder + "/sweep"),
            (std::vector<std::string>{"base.pbtxt", "best.pbtxt", "sweep.jsonl", "trial-000",
                                      "trial-001", "trial-002", "trial-003", "trials.jsonl"}));
  const Outcome train = RunGradus(
      {"train", kTutorial, "--set", "run.epochs=3", "--set", "run.threads=1", "--set",
       "optimizer.learning_rate.constant=0.1", "--set", "data.batch_size=16", "--run_dir",
       folder + "/run"});
  ASSERT_EQ(train.code, 0) << train.err;
  std::vector<std::string> names = Names(folder + "/run");
  names.push_back("log.txt");
  std::sort(names.begin(), names.end());
  EXPECT_EQ(Names(folder + "/sweep/trial-002"), names);
  for (const char* name : {"/run.pbtxt", "/metrics.jsonl", "/model.pbtxt", "/model.safetensors"}) {
    EXPECT_EQ(Contents(folder + "/run" + name), Contents(folder + "/sweep/trial-002" + name));
  }
  EXPECT_EQ(absl::StrReplaceAll(train.out, {{folder + "/run", folder + "/sweep/trial-002"}}),
            Contents(folder + "/sweep/trial-002/log.txt"));
}

TEST(Sweep, EndsWithATableAndTheBestConfiguration) {
  const std::string folder = FreshFolder("table") + "/sweep";
  const Outcome outcome = RunGradus(Grid(folder, 3));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = absl::StrSplit(TableOf(outcome.out), '\n');
  ASSERT_EQ(lines.size(), 5u) << outcome.out;
  // Columns line up: each number ends where its title does.
  const size_t end = lines[0].find("best validation/loss") + sizeof("best validation/loss") - 1;
  double last = 0;
  for (size_t i = 1; i < lines.size(); ++i) {
    EXPECT_TRUE(absl::StartsWith(lines[i], absl::StrCat("   ", i, "  trial-00"))) << lines[i];
    EXPECT_TRUE(absl::EndsWith(lines[i], "  finished")) << lines[i];
    EXPECT_TRUE(lines[i][end - 1] != ' ' && lines[i][end] == ' ') << lines[i];
    const double value = std::atof(lines[i].substr(end - 12, 12).c_str());
    EXPECT_GT(value, last);
    last = value;
  }
  const std::string best = lines[1].substr(6, 9);
  EXPECT_TRUE(absl::StrContains(outcome.out, "\nbest  " + folder + "/" + best + "  "));
  EXPECT_TRUE(absl::EndsWith(outcome.out,
                             "\ntrain it again with: gradus train " + folder + "/best.pbtxt\n"));
  EXPECT_EQ(Contents(folder + "/best.pbtxt"), Contents(folder + "/" + best + "/run.pbtxt"));
  const Outcome again = RunGradus({"train", folder + "/best.pbtxt", "--run_dir", folder + "-again"});
  ASSERT_EQ(again.code, 0) << again.err;
  EXPECT_EQ(Contents(folder + "-again/model.safetensors"),
            Contents(folder + "/" + best + "/model.safetensors"));

  EXPECT_EQ(RunGradus({"sweep", "--table", folder}).out, TableOf(outcome.out) + "\n");
}

TEST(Sweep, WhatIsFinishedIsNotRepeated) {
  const std::string folder = FreshFolder("repeated") + "/sweep";
  const Outcome first = RunGradus(Grid(folder, 2));
  ASSERT_EQ(first.code, 0) << first.err;
  const std::string ends = Contents(folder + "/trials.jsonl");
  for (const auto& again : {Grid(folder, 2), std::vector<std::string>{"sweep", "--resume", folder}}) {
    const Outcome second = RunGradus(again);
    EXPECT_EQ(second.code, 0) << second.err;
    EXPECT_EQ(TableOf(second.out), TableOf(first.out));
    EXPECT_EQ(Contents(folder + "/trials.jsonl"), ends);
  }
}

// Long enough that a trial is in the middle of it when the signal comes.
constexpr int kEpochs = 300;

struct Stop {
  int signal;
  int lines;  // After so many lines on the output; with the third the first trials begin.
};

class StoppedSweep : public testing::TestWithParam<Stop> {};

void ExpectSameTrials(const std::string& a, const std::string& b) {
  for (const std::string& trial : kTrials) {
    for (const char* name : {"/metrics.jsonl", "/model.safetensors", "/run.pbtxt"}) {
      EXPECT_EQ(Contents(absl::StrCat(a, "/", trial, name)),
                Contents(absl::StrCat(b, "/", trial, name)))
          << trial << name;
    }
  }
}

// When the signal arrives is left to chance: the end must be the same whenever it was.
TEST_P(StoppedSweep, GoesOnToTheSameBytes) {
  const Stop stop = GetParam();
  const std::string folder = FreshFolder(absl::StrCat("stopped-", stop.signal, "-", stop.lines));
  const Outcome whole = RunGradus(Grid(folder + "/whole", kEpochs));
  ASSERT_EQ(whole.code, 0) << whole.err;
  const Outcome stopped =
      RunGradusAndSignal(Grid(folder + "/sweep", kEpochs), stop.lines, stop.signal);
  if (stop.signal == SIGKILL) {
    EXPECT_EQ(stopped.code, 256 + SIGKILL);
  } else {
    ASSERT_EQ(stopped.code, 4) << stopped.out;
    EXPECT_TRUE(absl::EndsWith(stopped.out, "\nstopped; go on with: gradus sweep --resume " + folder +
                                                "/sweep\n"))
        << stopped.out;
    EXPECT_FALSE(fs::exists(folder + "/sweep/lock"));
  }
  const Outcome resumed = RunGradus(Grid(folder + "/sweep", kEpochs));
  ASSERT_EQ(resumed.code, 0) << resumed.err << resumed.out;
  EXPECT_EQ(TableOf(resumed.out), TableOf(whole.out));
  ExpectSameTrials(folder + "/sweep", folder + "/whole");
}

INSTANTIATE_TEST_SUITE_P(After, StoppedSweep, testing::Values(Stop{SIGINT, 3}, Stop{SIGINT, 4}, Stop{SIGTERM, 5},
                                         Stop{SIGKILL, 3}, Stop{SIGKILL, 4}));

class SweepInTheMiddle : public testing::TestWithParam<std::string> {};

// The signal comes when a trial has epochs behind it, so that it has a state to go on from: also
// when the sweep is killed, because its trials then stop by themselves.
TEST_P(SweepInTheMiddle, ItsTrialsGoOnWhereTheyStood) {
  const std::string folder = FreshFolder("middle-" + GetParam());
  ASSERT_EQ(RunGradus(Grid(folder + "/whole", kEpochs)).code, 0);
  std::string command = "$GRADUS";
  for (const std::string& word : Grid(folder + "/sweep", kEpochs)) {
    absl::StrAppend(&command, " '", word, "'");
  }
  RunShell(absl::StrCat(command, " & sweep=$!\nuntil [ -s '", folder,
                        "/sweep/trial-000/metrics.jsonl' ]; do :; done\nkill -", GetParam(),
                        " $sweep\nwait $sweep"));
  const Outcome resumed = RunGradus({"sweep", "--resume", folder + "/sweep", "--parallel", "1"});
  ASSERT_EQ(resumed.code, 0) << resumed.err << resumed.out;
  EXPECT_TRUE(absl::StrContains(Contents(folder + "/sweep/trial-000/log.txt"),
                                "\nresuming " + folder + "/sweep/trial-000 at step "))
      << Contents(folder + "/sweep/trial-000/log.txt");
  ExpectSameTrials(folder + "/sweep", folder + "/whole");
}

INSTANTIATE_TEST_SUITE_P(By, SweepInTheMiddle, testing::Values("TERM", "KILL"),
                         [](const auto& info) { return info.param; });

TEST(Sweep, HalvingThatIsKilledDecidesAsIfItWereNot) {
  const std::string folder = FreshFolder("killed-halving");
  const auto arguments = [&](const std::string& name) {
    return Sweep(folder + name, {"--set", "run.epochs=90", "--min_epochs", "10", "--search",
                                 "optimizer.learning_rate.constant=log(1e-4, 0.1)", "--strategy",
                                 "halving", "--seed", "5"});
  };
  const Outcome whole = RunGradus(arguments("/whole"));
  ASSERT_EQ(whole.code, 0) << whole.err;
  for (int lines : {6, 14, 16}) {  // In each of the rungs.
    const std::string name = absl::StrCat("/sweep-", lines);
    EXPECT_EQ(RunGradusAndSignal(arguments(name), lines, SIGKILL).code, 256 + SIGKILL);
    const Outcome resumed = RunGradus(arguments(name));
    ASSERT_EQ(resumed.code, 0) << resumed.err << resumed.out;
    EXPECT_EQ(TableOf(resumed.out), TableOf(whole.out));
  }
}

// A schedule that depends on the run's length, so that a survivor which had been trained for a
// shorter run first would end elsewhere.
TEST(Sweep, ASurvivorOfHalvingIsTheRunThatWasNeverInterrupted) {
  const std::string folder = FreshFolder("halving");
  const std::string schedule =
      "optimizer.learning_rate=clock: RUN cosine_decay { initial_learning_rate: 0.1 decay_steps: 1 }";
  const Outcome outcome = RunGradus(
      Sweep(folder + "/sweep", {"--set", "run.epochs=9", "--set", schedule, "--search",
                                "optimizer.learning_rate.cosine_decay.initial_learning_rate="
                                "log(1e-4, 0.1)",
                                "--strategy", "halving", "--seed", "5"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  EXPECT_TRUE(absl::StrContains(outcome.out, "rungs  9 to epoch 1, 3 to epoch 3, 1 to epoch 9\n"));
  const std::vector<std::string> lines = absl::StrSplit(TableOf(outcome.out), '\n');
  ASSERT_EQ(lines.size(), 10u) << outcome.out;
  int at_1 = 0, at_3 = 0;
  for (size_t i = 2; i < lines.size(); ++i) {
    at_1 += absl::EndsWith(lines[i], "       1  halted");
    at_3 += absl::EndsWith(lines[i], "       3  halted");
  }
  EXPECT_TRUE(absl::EndsWith(lines[1], "       9  finished")) << lines[1];
  EXPECT_EQ(at_1, 6) << outcome.out;
  EXPECT_EQ(at_3, 2) << outcome.out;
  const std::string best = folder + "/sweep/" + lines[1].substr(6, 9);
  const Outcome whole =
      RunGradus({"train", folder + "/sweep/best.pbtxt", "--run_dir", folder + "/whole"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_EQ(Contents(best + "/model.safetensors"), Contents(folder + "/whole/model.safetensors"));
  EXPECT_EQ(Contents(best + "/metrics.jsonl"), Contents(folder + "/whole/metrics.jsonl"));
}

TEST(Sweep, EachRuleOfAChoiceHasItsOwnSpace) {
  const std::string folder = FreshFolder("rules") + "/sweep";
  const Outcome outcome = RunGradus(
      Sweep(folder, {"--set", "run.epochs=1", "--search",
                     "optimizer.*=choice(adam { beta1: 0.8 }, rmsprop {})", "--search",
                     "adam: optimizer.learning_rate.constant=choice(0.01)", "--strategy", "grid"}));
  EXPECT_EQ(outcome.code, 2);
  const Outcome two = RunGradus(
      Sweep(folder, {"--set", "run.epochs=1", "--search",
                     "optimizer.*=choice(adam { beta1: 0.8 }, rmsprop {})", "--search",
                     "adam: optimizer.learning_rate.constant=choice(0.01, 0.02)", "--search",
                     "rmsprop: optimizer.learning_rate.constant=log(0.001, 0.004, 3)", "--strategy",
                     "grid"}));
  ASSERT_EQ(two.code, 0) << two.err;
  EXPECT_TRUE(absl::StrContains(Contents(folder + "/trial-001/run.pbtxt"), "beta1: 0.8"));
  EXPECT_TRUE(absl::StrContains(Contents(folder + "/trial-001/run.pbtxt"), "constant: 0.02"));
  EXPECT_TRUE(absl::StrContains(Contents(folder + "/trial-003/run.pbtxt"), "rmsprop"));
  EXPECT_TRUE(absl::StrContains(Contents(folder + "/trial-003/run.pbtxt"), "constant: 0.002"));
  EXPECT_FALSE(fs::exists(folder + "/trial-005"));
}

TEST(Sweep, ATrialThatFailsIsARowAndNotTheEnd) {
  const std::string folder = FreshFolder("failing") + "/sweep";
  const std::vector<std::string> arguments =
      Sweep(folder, {"--set", "run.epochs=2", "--search",
                     "optimizer.learning_rate.constant=choice(1e38, 0.01)", "--strategy", "grid",
                     "--set", "optimizer=sgd {}"});
  const Outcome outcome = RunGradus(arguments);
  ASSERT_EQ(outcome.code, 0) << outcome.err << outcome.out;
  const std::vector<std::string> lines = absl::StrSplit(TableOf(outcome.out), '\n');
  ASSERT_EQ(lines.size(), 3u);
  EXPECT_TRUE(absl::StartsWith(lines[1], "   1  trial-001  0.01 ")) << lines[1];
  EXPECT_TRUE(absl::StartsWith(lines[2], "   -  trial-000  1e+38 ") ||
              absl::StartsWith(lines[2], "   -  trial-000  1e38 "))
      << lines[2];
  const size_t failed = lines[2].find("  failed: ");
  ASSERT_NE(failed, std::string::npos) << lines[2];
  EXPECT_TRUE(absl::StrContains(Contents(folder + "/trial-000/log.txt"),
                                "gradus: " + lines[2].substr(failed + 10)))
      << lines[2];
  // It would only fail again.
  const std::string ends = Contents(folder + "/trials.jsonl");
  EXPECT_EQ(RunGradus(arguments).code, 0);
  EXPECT_EQ(Contents(folder + "/trials.jsonl"), ends);
}

TEST(Sweep, WithoutAnyValueItFails) {
  const std::string folder = FreshFolder("all-failing") + "/sweep";
  const Outcome outcome = RunGradus(
      Sweep(folder, {"--set", "run.epochs=2", "--set", "optimizer=sgd {}", "--search",
                     "optimizer.learning_rate.constant=choice(1e38, 2e38)", "--strategy", "grid"}));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(absl::StartsWith(outcome.err,
                               "gradus: no trial has a value of validation/loss; the first failed: "))
      << outcome.err;
  EXPECT_FALSE(fs::exists(folder + "/best.pbtxt"));
}

// ---- What it refuses.

TEST(Sweep, RefusesAnotherPlanInTheSameFolder) {
  const std::string folder = FreshFolder("another") + "/sweep";
  ASSERT_EQ(RunGradus(Grid(folder, 1)).code, 0);
  const Outcome outcome = RunGradus(Grid(folder, 2));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err, "gradus: " + folder +
                             " holds another sweep: its --set is 'run.epochs=1', not "
                             "'run.epochs=2'; give another --out\n");
}

TEST(Sweep, RefusesAFolderWithOtherThings) {
  const std::string folder = FreshFolder("occupied");
  std::ofstream(folder + "/mine") << "mine";
  const Outcome outcome = RunGradus(Grid(folder, 1));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "gradus: sweep folder " + folder + " is not empty; give another --out\n");
  EXPECT_EQ(Names(folder), std::vector<std::string>{"mine"});
}

TEST(Sweep, LeavesNothingBehindOfAPlanThatIsWrong) {
  const std::string folder = FreshFolder("wrong") + "/sweep";
  const Outcome outcome =
      RunGradus(Sweep(folder, {"--search", "data.batch_size=choice(0, 16)", "--strategy", "grid"}));
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "gradus: trial 0: --set data.batch_size=0:17: data: batch_size 0 must be at least 1 and at "
            "most 1048576 [data.batch_size]\n");
  EXPECT_FALSE(fs::exists(folder));
}

TEST(Sweep, WithoutAStrategyPointsAreAGridAndTheRestIsRandom) {
  const std::string folder = FreshFolder("default");
  const std::vector<std::string> one = {"--set", "run.epochs=1", "--search", kBatch};
  const Outcome grid = RunGradus(Sweep(folder + "/grid", one));
  EXPECT_TRUE(absl::StartsWith(grid.out, "grid search, 2 trials, 2 at once on 1 threads each\n"))
      << grid.out << grid.err;
  std::vector<std::string> three = one;
  three.insert(three.end(), {"--trials", "3"});
  const Outcome random = RunGradus(Sweep(folder + "/random", three));
  EXPECT_TRUE(absl::StartsWith(random.out, "random search, 3 trials, ")) << random.out;
}

TEST(Sweep, SaysWhereASpaceIsWrong) {
  const Outcome outcome = RunGradus({"sweep", kTutorial, "--search", "a=log(0,1)"});
  EXPECT_EQ(outcome.code, 2);
  EXPECT_EQ(outcome.err, "gradus: --search a=log(0,1):7: log: low 0 must be above 0\n");
}

TEST(Sweep, RefusesUnclearCommandLines) {
  EXPECT_EQ(RunGradus({"sweep"}).err,
            "gradus sweep: give a file, or --resume DIR, or --table DIR\n");
  EXPECT_EQ(RunGradus({"sweep", "--resume", "x", "--search", kBatch}).err,
            "--search excludes --resume\nRun with --help for more information.\n");
  EXPECT_EQ(RunGradus({"sweep", "--table", "x", "--parallel", "2"}).code, 2);
  EXPECT_EQ(RunGradus({"sweep", kTutorial, "--search", kBatch, "--trials", "0"}).err,
            "--trials: \"0\" is not a whole number from 1 on\nRun with --help for more "
            "information.\n");
  EXPECT_EQ(RunGradus({"sweep", kTutorial, "--strategy", "bayes", "--search", kBatch}).err,
            "gradus sweep: no strategy is called \"bayes\"; there are grid, random, halving and "
            "hyperband\n");
  const Outcome none = RunGradus({"sweep", "--table", "examples"});
  EXPECT_EQ(none.code, 1);
  EXPECT_EQ(none.err,
            "gradus: examples is not the folder of a sweep: examples/sweep.jsonl does not exist\n");
}

}  // namespace
}  // namespace gradus
