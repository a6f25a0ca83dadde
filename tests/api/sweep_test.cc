// Plans of sweeps: what is checked before anything runs, the file that holds them, and what the
// trials' files say.

#include "gradus/api/sweep.h"

#include <gtest/gtest.h>

#include <cmath>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "gradus/api/run_file.h"
#include "gradus/api/sweep_records.h"

namespace gradus {
namespace {

namespace fs = std::filesystem;

constexpr char kTutorial[] = "examples/tutorial_adam.pbtxt";

SweepOptions Options(const std::vector<std::string>& search,
                     SweepStrategy strategy = SweepStrategy::kGrid) {
  SweepOptions options;
  options.file = kTutorial;
  options.search = search;
  options.strategy = strategy;
  return options;
}

// The error without the machine's folders.
std::string Refusal(const SweepOptions& options) {
  const absl::StatusOr<Sweep> sweep = MakeSweep(options);
  EXPECT_FALSE(sweep.ok());
  return absl::StrReplaceAll(sweep.status().message(),
                             {{fs::canonical(kTutorial).string(), kTutorial}});
}

std::string FreshFolder(const std::string& name) {
  const fs::path folder = fs::path(testing::TempDir()) / name;
  fs::remove_all(folder);
  fs::create_directories(folder);
  return folder.string();
}

TEST(MakeSweep, GivesEachTrialTheCommonSettingsAndItsOwn) {
  SweepOptions options = Options({"optimizer.learning_rate.constant=log(0.001,0.1,3)"});
  options.settings = {"run.epochs=2"};
  const absl::StatusOr<Sweep> sweep = MakeSweep(options);
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->trials(), 3);
  EXPECT_EQ(sweep->Settings(1),
            (std::vector<std::string>{"run.epochs=2", "run.threads=1",
                                      "optimizer.learning_rate.constant=0.01"}));
  EXPECT_EQ(sweep->TrialName(1), "trial-001");
  EXPECT_EQ(sweep->options.direction, MIN);
  EXPECT_EQ(sweep->epochs, 2);
}

// The base with a trial's own settings is the file with all of them.
TEST(MakeSweep, ATrialIsTheSameFromTheBaseAndFromTheFile) {
  SweepOptions options = Options({"optimizer.*=choice(adam { beta1: 0.8 }, rmsprop {})",
                                  "rmsprop: optimizer.learning_rate.constant=log(1e-4,1e-2,2)"});
  options.settings = {"run.epochs=2", "data.batch_size=64"};
  const absl::StatusOr<Sweep> sweep = MakeSweep(options);
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  ASSERT_EQ(sweep->trials(), 3);
  for (int64_t i = 0; i < sweep->trials(); ++i) {
    absl::StatusOr<RunFile> file = RunFile::Read(kTutorial, sweep->Settings(i));
    absl::StatusOr<RunFile> base =
        RunFile::Parse(sweep->config, "base", sweep->TrialSettings(i), "/");
    ASSERT_TRUE(file.ok() && base.ok());
    EXPECT_TRUE(file->diagnostics().ok());
    EXPECT_EQ(WithAbsolutePaths(file->config(), file->directory()).DebugString(),
              base->config().DebugString());
  }
}

TEST(MakeSweep, TellsEverythingThatIsWrongWithAnyTrialBeforeOneRuns) {
  EXPECT_EQ(Refusal(Options({"model.layer[hidden_1].dense.units=choice(0, 10)",
                             "optimizer.learning_rate.constant=choice(-1, 0.1)"})),
            "trials 0, 2: --set optimizer.learning_rate.constant=-1:34: learning_rate: constant -1 "
            "must be at least 0 [optimizer.learning_rate.constant]\n"
            "trials 0, 1: --set model.layer[hidden_1].dense.units=0:35: layer \"hidden_1\": units 0 "
            "must be at least 1 [model.layer[hidden_1].dense.units]");
  const std::string unknown = Refusal(Options({"optimizer.rate=choice(1, 2)"}));
  EXPECT_TRUE(absl::StartsWith(
      unknown, "all trials: --set optimizer.rate=1:11: optimizer: no field is called \"rate\""))
      << unknown;
}

// Units that fit each other only in some trials are seen without training.
TEST(MakeSweep, ChecksTheModelAndTheDataOfEveryTrial) {
  const std::string layer = Refusal(Options({"model.layer[hidden_2].input=choice([hidden_1], [no])"}));
  EXPECT_TRUE(absl::StartsWith(layer, "trial 1: ") && absl::StrContains(layer, "\"no\"")) << layer;
  const std::string data =
      Refusal(Options({"data.train.csv.path=choice(data/breast_cancer.csv, data/no.csv)"}));
  EXPECT_TRUE(absl::StartsWith(data, "trial 1: ") && absl::StrContains(data, "data/no.csv")) << data;
}

TEST(MakeSweep, SaysOnceWhatIsWrongInEveryTrial) {
  const std::string address =
      Refusal(Options({"optimizer.learning_rate.konstant=log(1e-3, 0.1, 5)"}));
  EXPECT_TRUE(absl::StartsWith(address, "all trials: --set optimizer.learning_rate.konstant=0.001"))
      << address;
  EXPECT_FALSE(absl::StrContains(address, "\n")) << address;
  // A wrong value is the trial's own.
  const std::string value = Refusal(Options({"data.batch_size=choice(16, 0, -1)"}));
  EXPECT_TRUE(absl::StrContains(value, "trial 1: ")) << value;
  EXPECT_TRUE(absl::StrContains(value, "trial 2: ")) << value;
}

TEST(MakeSweep, RefusesAMetricThatNothingProduces) {
  SweepOptions options = Options({"data.batch_size=choice(16, 32)"});
  options.metric = "validation/acuracy";
  EXPECT_TRUE(absl::StartsWith(Refusal(options), "all trials: --metric validation/acuracy: "))
      << Refusal(options);
}

TEST(MakeSweep, TheDirectionFollowsFromTheMetric) {
  SweepOptions options = Options({"data.batch_size=choice(16, 32)"});
  options.metric = "validation/accuracy";
  const absl::StatusOr<Sweep> sweep = MakeSweep(options);
  ASSERT_TRUE(sweep.ok()) << sweep.status();
  EXPECT_EQ(sweep->options.direction, MAX);
}

TEST(MakeSweep, RefusesWhatContradictsItself) {
  EXPECT_EQ(Refusal(Options({})), "there is nothing to search; give --search ADDRESS=SPACE");
  SweepOptions options = Options({"data.batch_size=choice(16, 32)"});
  options.trials = 3;
  EXPECT_EQ(Refusal(options),
            "--trials 3: the grid has 2 points, and all of them are trained; --strategy random "
            "takes fewer");
  options.trials = 0;
  options.settings = {"data.batch_size=8"};
  EXPECT_EQ(Refusal(options),
            "--search data.batch_size=choice(16, 32): data.batch_size is fixed by --set "
            "data.batch_size=8");
  options.settings = {"run.threads=1"};
  options.threads = 2;
  EXPECT_EQ(Refusal(options), "--set run.threads=1: --threads says 2");
  EXPECT_EQ(Refusal(Options({"run.threads=int(1,2)"})),
            "--search run.threads=int(1,2): every trial has the same threads: --threads");
  EXPECT_EQ(Refusal(Options({"run.epochs=int(1,2)"}, SweepStrategy::kHalving)),
            "--search run.epochs=int(1,2): halving itself gives trials their length");
  options = Options({"data.batch_size=choice(16, 32)"}, SweepStrategy::kHyperband);
  options.trials = 7;
  options.settings = {"run.epochs=3"};
  EXPECT_EQ(Refusal(options),
            "--trials 7: hyperband itself says how many there are, here 5");
}

// ---- The file.

TEST(SweepFile, GivesTheSameSweepBack) {
  for (SweepStrategy strategy : {SweepStrategy::kGrid, SweepStrategy::kRandom,
                                 SweepStrategy::kHalving, SweepStrategy::kHyperband}) {
    SweepOptions options = Options({"optimizer.*=choice(adam {}, rmsprop { rho: 0.5 })",
                                    "adam: optimizer.learning_rate.constant=log(1e-4,1e-2,3)"},
                                   strategy);
    options.settings = {"run.epochs=9", "optimizer.adam={\n\tbeta1: 0.5 # \"a\" \\\n}"};
    options.seed = 9007199254740991;
    const absl::StatusOr<Sweep> sweep = MakeSweep(options);
    ASSERT_TRUE(sweep.ok()) << sweep.status();
    const absl::StatusOr<Sweep> read = ReadSweep(SweepText(*sweep), "sweep.jsonl");
    ASSERT_TRUE(read.ok()) << read.status();
    EXPECT_EQ(SweepText(*read), SweepText(*sweep));
    EXPECT_EQ(SweepDifference(*read, *sweep), "");
  }
}

TEST(SweepFile, ADifferenceIsNamed) {
  const Sweep sweep = *MakeSweep(Options({"data.batch_size=choice(16, 32)"}));
  const auto difference = [&](auto change) {
    SweepOptions options = Options({"data.batch_size=choice(16, 32)"});
    change(&options);
    const absl::StatusOr<Sweep> other = MakeSweep(options);
    return other.ok() ? SweepDifference(sweep, *other) : std::string(other.status().message());
  };
  EXPECT_EQ(difference([](SweepOptions* o) { o->seed = 2; }), "its seed is 0, not 2");
  EXPECT_EQ(difference([](SweepOptions* o) { o->search = {"data.batch_size=choice(16, 8)"}; }),
            "its --search is 'data.batch_size=choice(16, 32)', not 'data.batch_size=choice(16, 8)'");
  EXPECT_EQ(difference([](SweepOptions* o) { o->settings = {"run.epochs=3"}; }),
            "its --set is empty, not 'run.epochs=3'");
  EXPECT_EQ(difference([](SweepOptions* o) { o->direction = MAX; }), "its direction is MIN, not MAX");
  EXPECT_EQ(difference([](SweepOptions* o) { o->threads = 2; }),
            "its number of threads is 1, not 2");
  EXPECT_EQ(difference([](SweepOptions* o) { o->file = "examples/tutorial_rmsprop.pbtxt"; }),
            "its configuration is another one");
}

TEST(SweepFile, WhatIsNoneIsRefused) {
  EXPECT_FALSE(ReadSweep("", "s").ok());
  EXPECT_EQ(ReadSweep("{}\n", "s").status().message(), "s is not a sweep of version 1");
  EXPECT_EQ(ReadSweep("{\"gradus_sweep\":1}\n", "s").status().message(),
            "s: \"trials\" is not a whole number");
}

// ---- What became of the trials.

TEST(TrialRecords, AreReadFromTheMetricsOfARun) {
  const std::string folder = FreshFolder("metrics");
  const std::string path = folder + "/metrics.jsonl";
  std::ofstream(path)
      << "{\"scope\":\"step\",\"step\":3,\"epoch\":1,\"split\":\"train\",\"loss\":9}\n"
         "{\"scope\":\"epoch\",\"step\":5,\"epoch\":1,\"split\":\"train\",\"loss\":0.5,\"acc\":0.1}\n"
         "{\"scope\":\"epoch\",\"step\":5,\"epoch\":1,\"split\":\"validation\",\"loss\":null}\n"
         "{\"scope\":\"step\",\"step\":7,\"epoch\":2,\"split\":\"validation\",\"loss\":0.25}\n"
         "{\"scope\":\"epoch\",\"step\":9,\"epoch\":2,\"split\":\"train\",\"loss\":0.4,\"acc\":0.2}\n"
         "{\"scope\":\"final\",\"step\":9,\"epoch\":2,\"split\":\"validation\",\"loss\":0.125}\n"
         "{\"scope\":\"final\",\"step\":9,\"epoch\":2,\"split\":\"test\",\"loss\":0.1}\n"
         "{\"scope\":\"epoch\",\"step\":10,\"epoch\":3,\"spl";  // Still being written.
  TrialRecord record;
  ASSERT_TRUE(ReadMetrics(path, "validation/loss", &record).ok());
  EXPECT_EQ(record.epochs, 2);
  ASSERT_EQ(record.measures.size(), 3u);
  EXPECT_TRUE(std::isnan(record.measures[0].value));
  EXPECT_EQ(record.Best(MIN), 0.125);
  EXPECT_TRUE(std::isnan(record.Best(MIN, 1)));
  ASSERT_TRUE(ReadMetrics(path, "train/acc", &record).ok());
  ASSERT_EQ(record.measures.size(), 2u);
  EXPECT_EQ(record.Best(MAX), 0.2);
  ASSERT_TRUE(ReadMetrics(folder + "/none", "train/acc", &record).ok());
  EXPECT_EQ(record.measures.size(), 0u);
}

TEST(TrialRecords, FollowTheLastEndOfATrialsProcess) {
  const Sweep sweep = *MakeSweep(Options({"data.batch_size=choice(8, 16, 32, 64)"}));
  const std::string folder = FreshFolder("ends");
  TrialEnd finite{1, TrialRecord::kFailed, true, "step 3: the loss is \"nan\""};
  TrialEnd other{2, TrialRecord::kFailed, false, "no space"};
  std::ofstream(folder + "/trials.jsonl")
      << ToJsonLine({0, TrialRecord::kStopped, true, ""}) << ToJsonLine(finite) << ToJsonLine(other)
      << ToJsonLine({0, TrialRecord::kFinished, true, ""}) << "{\"trial\":3,\"sta";
  const auto states = [&](bool retry) {
    const absl::StatusOr<std::vector<TrialRecord>> records = ReadTrials(folder, sweep, retry);
    EXPECT_TRUE(records.ok()) << records.status();
    std::string text;
    for (const TrialRecord& record : *records) {
      absl::StrAppend(&text, Name(record.state), record.message.empty() ? "" : ": ",
                      record.message, "; ");
    }
    return text;
  };
  EXPECT_EQ(states(false),
            "finished; failed: step 3: the loss is \"nan\"; failed: no space; waiting; ");
  EXPECT_EQ(states(true), "finished; failed: step 3: the loss is \"nan\"; waiting; waiting; ");
  std::ofstream(folder + "/trials.jsonl") << "{\"trial\":4,\"state\":\"finished\"}\n";
  EXPECT_EQ(ReadTrials(folder, sweep, false).status().message(),
            folder + "/trials.jsonl: there is no trial 4");
}

TEST(SweepTable, LinesUp) {
  SweepOptions options = Options({"optimizer.*=choice(adam { beta1: 0.8 }, rmsprop {})",
                                  "adam: optimizer.learning_rate.constant=choice(0.01, 0.001)"});
  const Sweep sweep = *MakeSweep(options);
  std::vector<TrialRecord> records(3);
  records[0].state = TrialRecord::kFinished;
  records[0].epochs = 12;
  records[0].measures = {{1, 0.5}, {12, 1234567}};
  records[1].state = TrialRecord::kFailed;
  records[1].message = "the loss is nan";
  records[2].state = TrialRecord::kStopped;
  records[2].epochs = 3;
  records[2].measures = {{1, 0.25}};
  EXPECT_EQ(
      SweepTable(sweep, records),
      "rank  trial      optimizer.*  optimizer.learning_rate.constant  best validation/loss         "
      "last  epochs  state\n"
      "   1  trial-002  rmsprop      -                                                 0.25         "
      "0.25       3  stopped\n"
      "   2  trial-000  adam         0.01                                               0.5  "
      "1.23457e+06      12  finished\n"
      "   -  trial-001  adam         0.001                                                -            "
      "-       0  failed: the loss is nan\n");
}

}  // namespace
}  // namespace gradus
