// `gradus eval`, `predict`, `check`, `graph`, `list` and every `--help`, as processes.

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kTutorial[] = "examples/tutorial_adam.pbtxt";
constexpr char kData[] = "examples/data/breast_cancer.csv";

class Trained : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    run_ = new std::string(FreshFolder("trained") + "/run");
    const Outcome outcome =
        RunGradus({"train", kTutorial, "--run_dir", *run_, "--set", "run.epochs=10"});
    ASSERT_EQ(outcome.code, 0) << outcome.err;
  }
  static void TearDownTestSuite() { delete run_; }
  static const std::string& run() { return *run_; }

 private:
  static const std::string* run_;
};
const std::string* Trained::run_ = nullptr;

TEST_F(Trained, EvaluatesTheValidationSplitAsTrainingDid) {
  const Outcome outcome = RunGradus({"eval", run(), "--split", "validation"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(absl::StartsWith(
      outcome.out, "split     validation (114 examples)\nweights   saved model\nloss      0."));
  // The last line of the log says the same.
  const std::vector<std::string> lines =
      absl::StrSplit(Contents(run() + "/metrics.jsonl"), '\n', absl::SkipEmpty());
  const std::string& last = lines.back();
  const std::string loss = outcome.out.substr(outcome.out.find("loss      ") + 10, 5);
  EXPECT_TRUE(absl::StrContains(last, "\"split\":\"validation\",\"loss\":" + loss)) << last << loss;
}

TEST_F(Trained, EvaluatesACsvFile) {
  const Outcome outcome = RunGradus({"eval", run(), "--csv", kData});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(absl::StrContains(outcome.out, "(569 examples)")) << outcome.out;
}

TEST_F(Trained, SaysWhichSplitIsNotThere) {
  const Outcome outcome = RunGradus({"eval", run()});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "gradus: " + run() +
                "/run.pbtxt has no test examples; give another --split, or --csv FILE\n");
}

TEST_F(Trained, PredictsOneRowForEachRow) {
  const Outcome whole = RunGradus({"predict", run(), kData});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_TRUE(absl::StartsWith(whole.out, "benign,p(0),p(1)\n0,0."));
  EXPECT_EQ(std::count(whole.out.begin(), whole.out.end(), '\n'), 570);

  const std::string file = FreshFolder("predicted") + "/p.csv";
  const Outcome written = RunGradus({"predict", run(), kData, "--output", file});
  EXPECT_EQ(written.out, "569 rows written to " + file + "\n");
  EXPECT_EQ(Contents(file), whole.out);
  EXPECT_EQ(whole.err, "weights  saved model\n");
}

TEST_F(Trained, AnInputHasAPlaceOfItsOwn) {
  const Outcome whole = RunGradus({"predict", run(), kData});
  const Outcome named = RunGradus({"predict", run(), "--input", absl::StrCat("features=", kData)});
  ASSERT_EQ(named.code, 0) << named.err;
  EXPECT_EQ(named.out, whole.out);
  // What follows is the place of the inputs that have none.
  const Outcome both =
      RunGradus({"predict", "--input", absl::StrCat("features=", kData), run(), kData});
  EXPECT_EQ(both.err, absl::StrCat("gradus: ", kData,
                                   ": every input has a place of its own; there is none left\n"));
  const Outcome nothing = RunGradus({"predict", run()});
  EXPECT_EQ(nothing.code, 1);
  EXPECT_EQ(nothing.err,
            "gradus: nothing is given for \"features\" FLOAT32 [30]; name a file or a folder to "
            "read\n");
  const Outcome no_name = RunGradus({"predict", run(), "--input", kData});
  EXPECT_EQ(no_name.code, 2);
  EXPECT_TRUE(absl::StrContains(no_name.err, absl::StrCat(kData, " is not NAME=PATH")))
      << no_name.err;
  const Outcome evaluated = RunGradus({"eval", run(), "--data", kData});
  EXPECT_TRUE(absl::StrContains(evaluated.out, "(569 examples)")) << evaluated.err;
}

TEST(Checkpoint, TheBestIsTakenWhenItIsKeptAndAnyOtherByItsStep) {
  const std::string run = FreshFolder("chosen") + "/run";
  const Outcome trained = RunGradus(
      {"train", kTutorial, "--run_dir", run, "--set", "run.epochs=4", "--set",
       "run.checkpoint={ every_epochs: 1 keep: 4 best { metric: \"validation/loss\" } }"});
  ASSERT_EQ(trained.code, 0) << trained.err;
  // The best of a log of four validations, found by hand; an epoch is 15 updates.
  int64_t best_step = 0;
  double best = 1e9;
  for (absl::string_view line : absl::StrSplit(Contents(run + "/metrics.jsonl"), '\n')) {
    const size_t at = line.find("\"split\":\"validation\",\"loss\":");
    if (at == absl::string_view::npos) continue;
    const double loss = std::atof(std::string(line.substr(at + 29)).c_str());
    const size_t step = line.find("\"step\":");
    if (loss < best) best_step = std::atoi(std::string(line.substr(step + 7)).c_str());
    best = std::min(best, loss);
  }
  const auto weights = [&](std::vector<std::string> more) {
    std::vector<std::string> words = {"eval", run, "--split", "validation"};
    words.insert(words.end(), more.begin(), more.end());
    const Outcome outcome = RunGradus(words);
    const size_t at = outcome.out.find("weights   ");
    return at == std::string::npos
               ? outcome.err
               : outcome.out.substr(at + 10, outcome.out.find('\n', at) - at - 10);
  };
  EXPECT_EQ(weights({}), absl::StrCat("best checkpoint, step ", best_step));
  EXPECT_EQ(weights({"--checkpoint", "best"}), absl::StrCat("best checkpoint, step ", best_step));
  EXPECT_EQ(weights({"--checkpoint", "last"}), "last checkpoint, step 60");
  EXPECT_EQ(weights({"--checkpoint", "30"}), "checkpoint, step 30");
  EXPECT_EQ(
      weights({"--checkpoint", "31"}),
      "gradus: " + run + "/checkpoints has no checkpoint of step 31; there are 15, 30, 45, 60\n");
  EXPECT_EQ(weights({"--checkpoint", "newest"}),
            "gradus: --checkpoint \"newest\" is not best, last or a number of updates\n");
  const Outcome predicted = RunGradus({"predict", run, kData, "--checkpoint", "45"});
  EXPECT_EQ(predicted.err, "weights  checkpoint, step 45\n");
}

TEST_F(Trained, ReadsAPipeAsTheFile) {
  const std::string cat = std::string("cat ") + kData + " | ";
  const Outcome piped = RunShell(cat + "$GRADUS predict '" + run() + "' /dev/stdin");
  EXPECT_EQ(piped.code, 0) << piped.err;
  EXPECT_EQ(piped.out, RunGradus({"predict", run(), kData}).out);
  const Outcome evaluated = RunShell(cat + "$GRADUS eval '" + run() + "' --csv /dev/stdin");
  EXPECT_EQ(evaluated.code, 0) << evaluated.err;
  EXPECT_TRUE(absl::StrContains(evaluated.out, "(569 examples)")) << evaluated.out;
}

TEST_F(Trained, ReadsPackedRowsFromAPipe) {
  const std::string predict = "$GRADUS predict '" + run() + "' ";
  const Outcome packed = RunShell(std::string("gzip -c ") + kData + " | " + predict + "/dev/stdin");
  EXPECT_EQ(packed.code, 0) << packed.err;
  EXPECT_EQ(packed.out, RunGradus({"predict", run(), kData}).out);
}

TEST_F(Trained, RefusesAPipeOfBrokenRowsAndADevice) {
  const std::string predict = "$GRADUS predict '" + run() + "' ";
  const Outcome broken = RunShell("printf 'a,b\\n1' | " + predict + "/dev/stdin");
  EXPECT_EQ(broken.code, 1);
  EXPECT_TRUE(absl::StartsWith(broken.err, "gradus: /dev/stdin")) << broken.err;
  const Outcome device = RunShell(predict + "/dev/zero");
  EXPECT_EQ(device.code, 1);
  EXPECT_EQ(device.err, "gradus: /dev/zero: is not a regular file\n");
}

TEST_F(Trained, PredictionIntoAClosedPipeEndsQuietly) {
  const Outcome outcome = RunShell("$GRADUS predict '" + run() + "' " + kData + " | head -n 1");
  EXPECT_EQ(outcome.out, "benign,p(0),p(1)\n");
  // Everything may have been written before the reader went away, and then it says which weights it took; never an error.
  EXPECT_FALSE(absl::StrContains(outcome.err, "gradus:")) << outcome.err;
}

TEST_F(Trained, APredictionThatCannotBeWrittenLeavesNothing) {
  const std::string folder = FreshFolder("unwritten");
  const Outcome outcome = RunGradus({"predict", run(), kData, "--output", folder + "/no/p.csv"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_EQ(outcome.err,
            "gradus: cannot write " + folder + "/no/p.csv: No such file or directory\n");
  EXPECT_TRUE(Names(folder).empty());
}

TEST_F(Trained, APredictionNeverTakesThePlaceOfWhatItIsMadeFrom) {
  const std::string folder = FreshFolder("replaced");
  const std::string rows = folder + "/rows.csv";
  std::ofstream(rows) << Contents(kData);
  // The same file by another name.
  const std::string link = folder + "/link.csv";
  std::filesystem::create_symlink("rows.csv", link);
  for (const std::string& out : {rows, link, run() + "/model.safetensors", run() + "/run.pbtxt"}) {
    const std::string before = Contents(out);
    const Outcome outcome = RunGradus({"predict", run(), rows, "--out", out});
    EXPECT_EQ(outcome.code, 1);
    EXPECT_EQ(outcome.err, "gradus: cannot write " + out +
                               ": the predictions are made from it; give another --out\n");
    EXPECT_EQ(Contents(out), before);
  }
  const std::string older = folder + "/older.csv";
  std::ofstream(older) << "older";
  EXPECT_EQ(RunGradus({"predict", run(), rows, "--out", older}).code, 0);
  EXPECT_NE(Contents(older), "older");
}

TEST_F(Trained, ExamplesToEvaluateComeFromOnePlace) {
  for (const std::vector<std::string>& places :
       {std::vector<std::string>{"--split", "train", "--csv", kData},
        {"--split", "train", "--data", kData},
        {"--csv", kData, "--data", kData},
        {"--csv", kData, "--input", absl::StrCat("features=", kData)}}) {
    std::vector<std::string> arguments = {"eval", run()};
    arguments.insert(arguments.end(), places.begin(), places.end());
    const Outcome outcome = RunGradus(arguments);
    EXPECT_EQ(outcome.code, 2) << places[2];
    EXPECT_TRUE(absl::StrContains(outcome.err, "excludes")) << outcome.err;
  }
}

TEST(Check, ShowsTheLayers) {
  const Outcome outcome = RunGradus({"check", kTutorial, "--set", "run.threads=1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(
      absl::StartsWith(outcome.out,
                       "model \"tutorial_adam\"\n"
                       "  455 training, 114 validation examples\n"
                       "  classes of benign (training/validation)  0: 186/26  1: 269/88\n\n"
                       "  layer     kind   output       parameters  FLOPs/example  memory/example\n"
                       "  -----------------------------------------------------------------------\n"
                       "  hidden_1  dense  [batch, 10]         310            620            40 B\n"
                       "  hidden_2  dense  [batch, 10]         110            220            40 B\n"
                       "  output    dense  [batch, 1]           11"))
      << outcome.out;
  for (const char* part : {"\n  memory  weights ", "\n          optimizer ", "\n          together ",
                           "\n  time    an update ", "\n          an epoch ", " updates\n"}) {
    EXPECT_TRUE(absl::StrContains(outcome.out, part)) << part << outcome.out;
  }
  const Outcome counted = RunGradus({"check", kTutorial, "--seconds", "0"});
  EXPECT_EQ(counted.code, 0) << counted.err;
  EXPECT_FALSE(absl::StrContains(counted.out, "an update")) << counted.out;
}

TEST(Graph, PrintsTextAndDot) {
  const Outcome text = RunGradus({"graph", kTutorial, "--mode", "inference"});
  EXPECT_EQ(text.code, 0) << text.err;
  EXPECT_EQ(
      text.out,
      "# prune_again\n"
      "%0 features = input : FLOAT32 [batch, 30]\n"
      "%1 hidden_1/kernel = parameter : FLOAT32 [30, 10]\n"
      "%2 hidden_1/bias = parameter : FLOAT32 [10]\n"
      "%3 hidden_1/relu = FusedDense {activation: RELU} (%0, %1, %2) : FLOAT32 [batch, 10]\n"
      "%4 hidden_2/kernel = parameter : FLOAT32 [10, 10]\n"
      "%5 hidden_2/bias = parameter : FLOAT32 [10]\n"
      "%6 hidden_2/relu = FusedDense {activation: RELU} (%3, %4, %5) : FLOAT32 [batch, 10]\n"
      "%7 output/kernel = parameter : FLOAT32 [10, 1]\n"
      "%8 output/bias = parameter : FLOAT32 [1]\n"
      "%9 output/sigmoid = FusedDense {activation: SIGMOID} (%6, %7, %8) : FLOAT32 [batch, 1]\n");
  const Outcome dot = RunGradus({"graph", kTutorial, "--format", "dot", "--stage", "forward"});
  EXPECT_EQ(dot.code, 0) << dot.err;
  EXPECT_TRUE(absl::StartsWith(dot.out, "// forward\ndigraph ")) << dot.out.substr(0, 100);
  EXPECT_TRUE(absl::EndsWith(dot.out, "}\n"));
}

TEST(List, KnowsEveryKindOfThing) {
  const Outcome outcome = RunGradus({"list"});
  EXPECT_EQ(outcome.code, 0);
  for (const char* part : {"layers (", "losses (", "metrics (", "optimizers (", "schedules (",
                           "ops (", "  adam ", "  dense ", "  exponential_decay "}) {
    EXPECT_TRUE(absl::StrContains(outcome.out, part)) << part;
  }
  const Outcome adam = RunGradus({"list", "adam"});
  EXPECT_TRUE(absl::StrContains(adam.out, "beta1                     double  0.9      [0, 1)")) << adam.out;
}

TEST(StandardOutput, ThatCannotBeWrittenIsAnError) {
  for (const char* command : {"list --all", "list adam", "check examples/tutorial_adam.pbtxt",
                              "graph examples/tutorial_adam.pbtxt --stage all", "--help"}) {
    const std::string gradus = std::string("$GRADUS ") + command;
    const Outcome full = RunShell(gradus + " > /dev/full");
    EXPECT_EQ(full.code, 1) << command;
    EXPECT_EQ(full.err, "gradus: cannot write standard output: No space left on device\n")
        << command;
    const Outcome written = RunShell(gradus + " > /dev/null");
    EXPECT_EQ(written.code, 0) << command;
    EXPECT_EQ(written.err, "") << command;
  }
}

TEST_F(Trained, APredictionIntoAFullDeviceIsAnError) {
  const Outcome full = RunShell("$GRADUS predict '" + run() + "' " + kData + " > /dev/full");
  EXPECT_EQ(full.code, 1);
  EXPECT_EQ(full.err, "gradus: cannot write standard output: No space left on device\n");
}

TEST(Help, IsEverywhere) {
  for (const char* command : {"train", "eval", "predict", "check", "graph", "list", "schedule"}) {
    const Outcome outcome = RunGradus({command, "--help"});
    EXPECT_EQ(outcome.code, 0);
    EXPECT_EQ(outcome.err, "");
    EXPECT_TRUE(absl::StrContains(outcome.out, std::string("Usage: gradus ") + command))
        << outcome.out;
    EXPECT_TRUE(absl::StrContains(outcome.out, "Exit codes: 0 done")) << outcome.out;
  }
  EXPECT_EQ(RunGradus({"--help"}).code, 0);
}

}  // namespace
}  // namespace gradus
