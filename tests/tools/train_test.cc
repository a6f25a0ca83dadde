// `gradus train` as a person uses it: what it writes, how it is stopped, how it goes on, what it
// refuses.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>
#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kTutorial[] = "examples/tutorial_adam.pbtxt";
constexpr char kTwoHeads[] = "examples/two_inputs_two_losses.pbtxt";  // With dropout.

std::vector<std::string> Train(const std::string& file, const std::string& run,
                               const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"train", file, "--run_dir", run};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

TEST(Train, WritesPlainLinesIntoAPipe) {
  const std::string run = FreshFolder("plain") + "/run";
  const Outcome outcome =
      RunGradus(Train(kTutorial, run, {"--set", "run.epochs=2", "--set", "run.threads=1"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_TRUE(absl::StartsWith(
      outcome.out, absl::StrCat("tutorial_adam  431 parameters, 30 updates planned, 1 threads\n"
                                "455 training, 114 validation examples\n"
                                "classes of benign (training/validation)  0: 186/26  1: 269/88\n"
                                "run folder  ",
                                run, "\n\nepoch 1/2  step 15  train  loss 0.")))
      << outcome.out;
  EXPECT_EQ(std::count(outcome.out.begin(), outcome.out.end(), '\n'), 10) << outcome.out;
  EXPECT_TRUE(absl::EndsWith(outcome.out, "saved  " + run + "/model.pbtxt, model.safetensors\n"));
  EXPECT_EQ(Names(run), (std::vector<std::string>{"checkpoints", "events.jsonl", "measures.json",
                                                  "metrics.jsonl", "model.pbtxt",
                                                  "model.safetensors", "progress.jsonl",
                                                  "run.pbtxt", "tensorboard"}));
}

TEST(Train, GivesTheSameBytesTwice) {
  const std::string folder = FreshFolder("twice");
  for (const char* file : {kTutorial, kTwoHeads}) {
    for (const char* name : {"/a", "/b"}) {
      const Outcome outcome = RunGradus(Train(file, folder + name, {"--set", "run.epochs=5"}));
      ASSERT_EQ(outcome.code, 0) << outcome.err;
    }
    EXPECT_EQ(Contents(folder + "/a/model.safetensors"), Contents(folder + "/b/model.safetensors"));
    EXPECT_EQ(Contents(folder + "/a/metrics.jsonl"), Contents(folder + "/b/metrics.jsonl"));
    EXPECT_NE(Contents(folder + "/a/model.safetensors"), "");
    std::filesystem::remove_all(folder + "/a");
    std::filesystem::remove_all(folder + "/b");
  }
}

class Stopped : public testing::TestWithParam<int> {};

// After which step a signal arrives is left to chance here; resume_test.cc of the API chooses it.
TEST_P(Stopped, GoesOnToTheSameBytes) {
  const std::string folder = FreshFolder(absl::StrCat("stopped-", GetParam()));
  const std::vector<std::string> settings = {"--set", "run.epochs=150",
                                             "--set", "run.log_every_steps=7",
                                             "--set", "run.log_groups_every_steps=11",
                                             "--set", "run.checkpoint.every_steps=130"};
  const Outcome whole = RunGradus(Train(kTwoHeads, folder + "/whole", settings));
  ASSERT_EQ(whole.code, 0) << whole.err;

  const int signal = GetParam() % 2 == 0 ? SIGINT : SIGTERM;
  const Outcome stopped =
      RunGradusAndSignal(Train(kTwoHeads, folder + "/run", settings), GetParam(), signal);
  // A run that had ended before the signal came is no counterexample.
  ASSERT_TRUE(stopped.code == 4 || stopped.code == 0) << stopped.code;
  if (stopped.code == 4) {
    EXPECT_TRUE(absl::StrContains(stopped.out, "\nstopped at step ")) << stopped.out;
    EXPECT_TRUE(
        absl::EndsWith(stopped.out, "; go on with: gradus train --resume " + folder + "/run\n"));
    EXPECT_EQ(Contents(folder + "/run/model.safetensors"), "");
    const Outcome resumed = RunGradus({"train", "--resume", folder + "/run"});
    ASSERT_EQ(resumed.code, 0) << resumed.err;
    EXPECT_TRUE(absl::StartsWith(resumed.out, "resuming " + folder + "/run at step "));
  }
  EXPECT_EQ(Contents(folder + "/whole/model.safetensors"),
            Contents(folder + "/run/model.safetensors"));
  EXPECT_EQ(Contents(folder + "/whole/metrics.jsonl"), Contents(folder + "/run/metrics.jsonl"));
  EXPECT_EQ(Contents(folder + "/whole/groups.jsonl"), Contents(folder + "/run/groups.jsonl"));
  EXPECT_NE(Contents(folder + "/run/groups.jsonl"), "");
}

INSTANTIATE_TEST_SUITE_P(At, Stopped, testing::Range(4, 104, 5));

TEST(Train, StopsWithItsStateSavedWhenNobodyReads) {
  const std::string run = FreshFolder("head") + "/run";
  const Outcome outcome = RunShell(
      "{ $GRADUS train examples/tutorial_adam.pbtxt --set run.epochs=20000 --set run.threads=2 "
      "--run_dir '" +
      run + "'; echo $? >&2; } | head -n 1");
  EXPECT_EQ(outcome.out, "tutorial_adam  431 parameters, 300000 updates planned, 2 threads\n");
  EXPECT_EQ(outcome.err, "4\n");
  EXPECT_EQ(Names(run + "/checkpoints").size(), 1u);
}

// ---- What it refuses.

struct Refusal {
  std::string name;
  std::vector<std::string> arguments;  // FOLDER stands for a fresh folder.
  int code;
  std::string err;
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, WithAMessageAndWithoutATrace) {
  const std::string folder = FreshFolder("refused");
  std::ofstream(folder + "/empty.pbtxt").close();
  std::ofstream(folder + "/bytes.pbtxt") << std::string("\x7f\0ELF", 5);
  std::filesystem::create_directories(folder + "/occupied/by");
  const std::vector<std::string> before = Names(folder);
  std::vector<std::string> arguments = GetParam().arguments;
  for (std::string& argument : arguments) {
    argument = absl::StrReplaceAll(argument, {{"FOLDER", folder}});
  }
  const Outcome outcome = RunGradus(arguments);
  EXPECT_EQ(outcome.code, GetParam().code);
  EXPECT_EQ(outcome.out, "");
  EXPECT_EQ(absl::StrReplaceAll(outcome.err, {{folder, "FOLDER"}}), GetParam().err);
  EXPECT_EQ(Names(folder), before);
}

std::string CaseName(const testing::TestParamInfo<Refusal>& info) { return info.param.name; }

INSTANTIATE_TEST_SUITE_P(
    CommandLine, Refused,
    testing::Values(
        Refusal{"NoSubcommand",
                {},
                2,
                "A subcommand is required\nRun with --help for more information.\n"},
        Refusal{"UnknownSubcommand",
                {"frobnicate"},
                2,
                "gradus: there is no subcommand \"frobnicate\"; there are: train, eval, predict, "
                "check, graph, list, new, schedule, optimizer, rate, explain, sweep, find-lr, race, "
                "plot, runs, report, diff\n"},
        Refusal{"MisspeltSubcommand",
                {"trian", kTutorial},
                2,
                "gradus: there is no subcommand \"trian\"; did you mean \"train\"?\n"},
        Refusal{"UnknownFlag",
                {"train", "--epochs", "3"},
                2,
                "The following argument was not expected: --epochs\n"
                "Run with --help for more information.\n"},
        Refusal{"NoFile", {"train"}, 2, "gradus train: give a file, or --resume RUN\n"},
        Refusal{"FileAndResume",
                {"train", kTutorial, "--resume", "FOLDER"},
                2,
                "gradus train: give a file, or --resume RUN\n"},
        Refusal{
            "ResumeInAnotherFolder",
            {"train", "--resume", "FOLDER", "--run_dir", "FOLDER/other"},
            2,
            "gradus train: --resume goes on as the run began; --weights, --run_dir and --replay "
            "do not go with it\n"},
        Refusal{"PredictWithoutModel",
                {"predict"},
                2,
                "model is required\nRun with --help for more information.\n"}),
    CaseName);

INSTANTIATE_TEST_SUITE_P(
    Files, Refused,
    testing::Values(
        Refusal{"MissingFile",
                {"train", "FOLDER/no.pbtxt"},
                1,
                "gradus: cannot read FOLDER/no.pbtxt: No such file or directory\n"},
        Refusal{
            "FolderAsFile", {"train", "FOLDER"}, 1, "gradus: cannot read FOLDER: Is a directory\n"},
        Refusal{"EmptyFile",
                {"train", "FOLDER/empty.pbtxt"},
                1,
                "gradus: FOLDER/empty.pbtxt:1:1: model is missing [model]\n"
                "gradus: FOLDER/empty.pbtxt:1:1: model: input is missing [model.input]\n"
                "gradus: FOLDER/empty.pbtxt:1:1: the model has no layer [model]\n"},
        Refusal{"Bytes",
                {"train", "FOLDER/bytes.pbtxt"},
                1,
                "gradus: FOLDER/bytes.pbtxt:1:1: expected the name of a field, found \"\\177\"\n"},
        Refusal{"OccupiedRunFolder",
                {"train", kTutorial, "--run_dir", "FOLDER/occupied"},
                1,
                "gradus: run folder FOLDER/occupied is not empty; give another --run_dir, or one "
                "that is empty\n"},
        Refusal{
            "RunFolderIsAFile",
            {"train", kTutorial, "--run_dir", "FOLDER/empty.pbtxt"},
            1,
            "gradus: cannot list FOLDER/empty.pbtxt: Not a directory; give another --run_dir\n"},
        Refusal{
            "RunFolderCannotBeMade",
            {"train", kTutorial, "--run_dir", "/proc/no/run"},
            1,
            "gradus: cannot make folder /proc/no/run: No such file or directory; give "
            "a --run_dir that can be written\n"},
        Refusal{"ResumeOfNoRun",
                {"train", "--resume", "FOLDER"},
                1,
                "gradus: FOLDER is not the folder of a run: FOLDER/checkpoints does not exist\n"},
        Refusal{
            "MissingWeights",
            {"train", kTutorial, "--weights", "FOLDER/no.safetensors", "--run_dir", "FOLDER/run"},
            1,
            "gradus: cannot open FOLDER/no.safetensors: No such file or directory\n"},
        Refusal{
            "SeveralFindings",
            {"train", kTutorial, "--set", "run.epoch=3", "--set", "data.batch_size=0"},
            1,
            "gradus: --set run.epoch=3:5: run: no field is called \"epoch\"; did you mean "
            "\"epochs\"? [run]\ngradus: --set data.batch_size=0:17: data: batch_size 0 must be at least 1 "
            "and at most 1048576 [data.batch_size]\n"},
        Refusal{"EvalOfNoModel",
                {"eval", "FOLDER"},
                1,
                "gradus: there is no model in FOLDER: FOLDER/model.pbtxt does not exist; give the "
                "folder of a finished run, or where a model was saved\n"},
        Refusal{"UnknownStage",
                {"graph", kTutorial, "--stage", "nowhere"},
                1,
                "gradus: there is no stage \"nowhere\"; there are: all forward gradients prune "
                "simplify fold_equal batch_norm_parts pool_gradients fuse_dense fuse_conv2d "
                "prune_again\n"},
        Refusal{"UnknownName",
                {"list", "adamant"},
                1,
                "gradus: nothing is called \"adamant\"; gradus list shows all names\n"},
        Refusal{"FieldOfAThing",
                {"list", "min_max"},
                1,
                "gradus: nothing is called \"min_max\"; it belongs to CsvColumns: gradus list "
                "CsvColumns\n"}),
    CaseName);

// ---- Numbers that are not finite.

TEST(Train, EndsWithItsOwnCodeWhenTheLossDivergesAndKeepsTheLastState) {
  const std::string run = FreshFolder("diverged") + "/run";
  const std::string heads = kTwoHeads;
  const Outcome outcome = RunGradus(Train(heads, run,
                                          {"--set", "optimizer.learning_rate.constant=1e6", "--set",
                                           "run.checkpoint.every_steps=1", "--check_numerics"}));
  EXPECT_EQ(outcome.code, 3) << outcome.err;
  EXPECT_TRUE(absl::StartsWith(outcome.err, "gradus: step ")) << outcome.err;
  EXPECT_TRUE(absl::StrContains(outcome.err, "is not finite (learning rate 1e+06)")) << outcome.err;
  EXPECT_TRUE(absl::StrContains(outcome.err, "; first non-finite node: ") ||
              absl::StrContains(outcome.err, "; the update took "))
      << outcome.err;
  EXPECT_GE(Names(run + "/checkpoints").size(), 1u);
  EXPECT_EQ(Contents(run + "/model.safetensors"), "");
}

// ---- Ends before its end, and goes on with other settings.

TEST(Train, ThatIsEndedEarlySaysWhyAndStaysEnded) {
  const std::string run = FreshFolder("early") + "/run";
  const Outcome outcome = RunGradus(Train(
      kTutorial, run,
      {"--set", "run.threads=1", "--set", "optimizer.learning_rate.constant=0", "--set",
       "run.early_stopping={ monitor: \"validation/loss\" patience: 2 restore_best: true }"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::string why = "ended at step 45: validation/loss has not been ";
  EXPECT_TRUE(absl::StrContains(outcome.out, "\n" + why)) << outcome.out;
  EXPECT_TRUE(absl::EndsWith(outcome.out, "saved  " + run + "/model.pbtxt, model.safetensors\n"));
  const std::string metrics = Contents(run + "/metrics.jsonl");
  const Outcome resumed = RunGradus({"train", "--resume", run});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(absl::StartsWith(resumed.out, run + " has " + why)) << resumed.out;
  EXPECT_TRUE(absl::EndsWith(resumed.out, "\nit goes on with another end: gradus rate " + run +
                                              " --total_steps N, or gradus train --resume " + run +
                                              " --set run.epochs=N\n"))
      << resumed.out;
  EXPECT_EQ(Contents(run + "/metrics.jsonl"), metrics);
  // What is not about its end is not recorded either.
  const Outcome other = RunGradus({"train", "--resume", run, "--set", "run.checkpoint.keep=2"});
  EXPECT_TRUE(absl::StartsWith(other.out, run + " has " + why)) << other.out;
  EXPECT_EQ(RunGradus({"rate", run, "--scale", "0.5"}).code, 1);
  EXPECT_EQ(Contents(run + "/events.jsonl"), "");
}

TEST(Train, ThatHasEndedEarlyGoesOnWhenItIsAskedTo) {
  const std::string run = FreshFolder("goes_on") + "/run";
  ASSERT_EQ(RunGradus(Train(kTutorial, run,
                            {"--set", "run.threads=1", "--set",
                             "optimizer.learning_rate.constant=0", "--set",
                             "run.early_stopping={ monitor: \"validation/loss\" patience: 2 }"}))
                .code,
            0);
  const std::string why = "it had ended early (validation/loss has not been better than ";
  const Outcome rate = RunGradus({"rate", run, "--total_steps", "200"});
  EXPECT_EQ(rate.code, 0) << rate.err;
  EXPECT_TRUE(absl::StrContains(rate.out, "\nthe run ends after 200 updates\n" + why)) << rate.out;
  EXPECT_TRUE(absl::EndsWith(rate.out, "), patience begins afresh\n")) << rate.out;
  const Outcome resumed = RunGradus({"train", "--resume", run});
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(absl::StrContains(resumed.out, "from step 45: the run ends after 200 updates; " + why))
      << resumed.out;
  EXPECT_TRUE(absl::StrContains(resumed.out, "\nended at step 75: ")) << resumed.out;
  // And by a setting, which is in the log with what it did.
  const Outcome set =
      RunGradus({"train", "--resume", run, "--set", "run.early_stopping.patience=4"});
  EXPECT_EQ(set.code, 0) << set.err;
  EXPECT_TRUE(absl::StartsWith(set.out, "resuming " + run + " at step 75\n" + why)) << set.out;
  EXPECT_TRUE(absl::StrContains(set.out, "\nended at step 135: ")) << set.out;
  EXPECT_TRUE(absl::StrContains(Contents(run + "/events.jsonl"),
                                "\"cause\":\"--set run.early_stopping.patience=4; " + why))
      << Contents(run + "/events.jsonl");
}

TEST(Train, GoesOnWithOtherSettingsAndRecordsThem) {
  const std::string run = FreshFolder("settings") + "/run";
  ASSERT_EQ(RunGradus(Train(kTutorial, run, {"--set", "run.epochs=4", "--stop_after_epoch", "1",
                                             "--set", "run.threads=1"}))
                .code,
            4);
  const std::string configuration = Contents(run + "/run.pbtxt");
  const Outcome refused = RunGradus({"train", "--resume", run, "--set", "data.shuffle_seed=3"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err,
            "gradus: --set data.shuffle_seed=3: a run that goes on may change run.*, optimizer.* "
            "and data.batch_size, and nothing else\n");
  EXPECT_EQ(Contents(run + "/events.jsonl"), "");
  const Outcome resumed =
      RunGradus({"train", "--resume", run, "--set", "run.epochs=3", "--set",
                 "optimizer.learning_rate.constant=0.25", "--set", "data.batch_size=64"});
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(absl::StrContains(resumed.out, "epoch 3/3  step 31  train")) << resumed.out;
  EXPECT_EQ(Contents(run + "/run.pbtxt"), configuration);
  const std::string settings =
      "\"run.epochs=3\",\"optimizer.learning_rate.constant=0.25\",\"data.batch_size=64\"";
  EXPECT_TRUE(absl::StrContains(Contents(run + "/events.jsonl"),
                                "\"layer\":\"resume\",\"old\":0.001,\"new\":0.25,"))
      << Contents(run + "/events.jsonl");
  EXPECT_TRUE(absl::StrContains(Contents(run + "/events.jsonl"),
                                "\"settings\":[" + settings + "]}\n"));
  const Outcome before = RunGradus({"explain", run, "--step", "14"});
  EXPECT_TRUE(absl::StrContains(before.out, "  schedule  constant  0.001\n")) << before.out;
  const Outcome after = RunGradus({"explain", run, "--step", "15"});
  EXPECT_TRUE(absl::StrContains(after.out, "  schedule  constant  0.25\n")) << after.out;
  const Outcome replay = RunGradus({"train", run + "/run.pbtxt", "--replay", run, "--run_dir",
                                    run + "-again"});
  EXPECT_EQ(replay.code, 0) << replay.err;
  EXPECT_EQ(Contents(run + "-again/model.safetensors"), Contents(run + "/model.safetensors"));
  EXPECT_EQ(Contents(run + "-again/metrics.jsonl"), Contents(run + "/metrics.jsonl"));
  EXPECT_EQ(Contents(run + "-again/events.jsonl"), Contents(run + "/events.jsonl"));
  // Other first weights are another run, though its steps are the same.
  const Outcome other = RunGradus({"train", run + "/run.pbtxt", "--replay", run, "--run_dir",
                                   run + "-other", "--weights", run + "/model.safetensors"});
  EXPECT_EQ(other.code, 0) << other.err;
  EXPECT_NE(Contents(run + "-other/model.safetensors"), Contents(run + "/model.safetensors"));
}

TEST(Train, ReplaysARunThatEndedEarlyWasExtendedChangedAndFinishedAgain) {
  const std::string folder = FreshFolder("legs"), run = folder + "/run";
  ASSERT_EQ(RunGradus(Train(kTutorial, run,
                            {"--set", "run.threads=1", "--set", "run.log_every_steps=1", "--set",
                             "optimizer.learning_rate.constant=0", "--set",
                             "run.early_stopping={ monitor: \"validation/loss\" patience: 2 "
                             "restore_best: true }"}))
                .code,
            0);
  // From its early end at 45, with a rate that learns.
  ASSERT_EQ(RunGradus({"train", "--resume", run, "--set", "run.epochs=5", "--set",
                       "optimizer.learning_rate.constant=0.01"})
                .code,
            0);
  ASSERT_EQ(RunGradus({"rate", run, "--total_steps", "100"}).code, 0);
  ASSERT_EQ(RunGradus({"rate", run, "--scale", "0.5", "--at_step", "80"}).code, 0);
  ASSERT_EQ(RunGradus({"train", "--resume", run, "--stop_after_epoch", "6"}).code, 4);
  ASSERT_EQ(RunGradus({"train", "--resume", run, "--set", "optimizer.adam.beta1=0.8"}).code, 0);
  EXPECT_TRUE(absl::StrContains(Contents(run + "/metrics.jsonl"), "\"step\":100,"));

  const std::string again = folder + "/again";
  Outcome replay = RunGradus({"train", run + "/run.pbtxt", "--replay", run, "--run_dir", again});
  ASSERT_EQ(replay.code, 0) << replay.err;
  for (const char* file : {"/model.safetensors", "/metrics.jsonl"}) {
    EXPECT_EQ(Contents(again + file), Contents(run + file)) << file;
  }
  // One that is stopped goes on as a replay, and takes no settings of its own before its end.
  const std::string stopped = folder + "/stopped";
  replay = RunGradus({"train", run + "/run.pbtxt", "--replay", run, "--run_dir", stopped,
                      "--stop_after_epoch", "4"});
  ASSERT_EQ(replay.code, 4) << replay.err;
  const Outcome refused = RunGradus({"train", "--resume", stopped, "--set", "run.epochs=20"});
  EXPECT_EQ(refused.code, 1);
  EXPECT_EQ(refused.err, "gradus: --set: " + stopped +
                             " is a replay that has not come to its end; let it go on first\n");
  replay = RunGradus({"train", "--resume", stopped});
  ASSERT_EQ(replay.code, 0) << replay.err;
  for (const char* file : {"/model.safetensors", "/metrics.jsonl"}) {
    EXPECT_EQ(Contents(stopped + file), Contents(run + file)) << file;
  }
}

TEST(Train, WarnsOfTheRatesThatARunGoesOnWith) {
  const std::string folder = FreshFolder("rates"), run = folder + "/run";
  ASSERT_EQ(RunGradus(Train(kTutorial, run, {"--set", "run.epochs=3", "--stop_after_epoch", "1"}))
                .code,
            4);
  const Outcome zero = RunGradus({"train", "--resume", run, "--stop_after_epoch", "2", "--set",
                                  "optimizer.learning_rate.constant=0"});
  EXPECT_EQ(zero.code, 4) << zero.err;
  EXPECT_TRUE(absl::StrContains(zero.err, "warning: the rate is 0 at every update")) << zero.err;
  const Outcome as_it_was = RunGradus({"train", "--resume", run});
  EXPECT_EQ(as_it_was.code, 0);
  EXPECT_EQ(as_it_was.err, "");
}

TEST(Train, ReplaysARunThatWentOnFromItsBestWhenItWasExtended) {
  const std::string folder = FreshFolder("from_best"), run = folder + "/run";
  // No epoch is so much better than the first: it ends after the third and goes back to the first.
  ASSERT_EQ(RunGradus(Train(kTutorial, run,
                            {"--set", "run.threads=1", "--set", "run.log_every_steps=1", "--set",
                             "run.early_stopping={ monitor: \"validation/loss\" patience: 2 "
                             "min_delta: 100 restore_best: true }"}))
                .code,
            0);
  ASSERT_EQ(RunGradus({"rate", run, "--total_steps", "60"}).code, 0);
  ASSERT_EQ(RunGradus({"train", "--resume", run}).code, 0);
  EXPECT_TRUE(absl::StrContains(Contents(run + "/metrics.jsonl"), "\"step\":60,"));
  const std::string again = folder + "/again";
  const Outcome replay =
      RunGradus({"train", run + "/run.pbtxt", "--replay", run, "--run_dir", again});
  ASSERT_EQ(replay.code, 0) << replay.err;
  for (const char* file : {"/model.safetensors", "/metrics.jsonl"}) {
    EXPECT_EQ(Contents(again + file), Contents(run + file)) << file;
  }
}

TEST(Train, StartsFromWeightsAndShowsWhatDidNotFit) {
  const std::string folder = FreshFolder("weights");
  ASSERT_EQ(RunGradus(Train(kTutorial, folder + "/a", {"--set", "run.epochs=1"})).code, 0);
  const Outcome outcome =
      RunGradus(Train(kTutorial, folder + "/b",
                      {"--set", "run.epochs=1", "--set", "model.layer[hidden_2].dense.units=12",
                       "--weights", folder + "/a/model.safetensors"}));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string table =
      ": 3 loaded, the rest starts as configured:\n"
      "  what        name             model     file\n"
      "  mismatched  hidden_2/kernel  [10, 12]  FLOAT32 [10, 10]\n"
      "  mismatched  hidden_2/bias    [12]      FLOAT32 [10]\n"
      "  mismatched  output/kernel    [12, 1]   FLOAT32 [10, 1]\n";
  EXPECT_TRUE(absl::StrContains(outcome.out, table)) << outcome.out;
}

}  // namespace
}  // namespace gradus
