// `gradus plot`, `runs`, `diff`, `report` and `graph --svg`, on runs that were trained here.

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kTutorial[] = "examples/tutorial_adam.pbtxt";

class Looking : public testing::Test {
 protected:
  static void SetUpTestSuite() {
    folder_ = new std::string(FreshFolder("looked_at"));
    for (const char* rate : {"0.001", "0.01"}) {
      const Outcome outcome = RunGradus(
          {"train", kTutorial, "--run_dir", absl::StrCat(*folder_, "/rate-", rate), "--set",
           "run.epochs=4", "--set", absl::StrCat("optimizer.learning_rate.constant=", rate)});
      ASSERT_EQ(outcome.code, 0) << outcome.err;
    }
    const Outcome stopped = RunGradus({"train", kTutorial, "--run_dir", *folder_ + "/stopped",
                                       "--set", "run.epochs=4", "--stop_after_epoch", "2"});
    ASSERT_EQ(stopped.code, 4) << stopped.err;
  }
  static void TearDownTestSuite() { delete folder_; }
  static std::string Run(const std::string& name) { return absl::StrCat(*folder_, "/", name); }
  static const std::string& folder() { return *folder_; }

 private:
  static const std::string* folder_;
};
const std::string* Looking::folder_ = nullptr;

TEST_F(Looking, PlotsInTheTerminal) {
  const Outcome outcome = RunGradus({"plot", Run("rate-0.01"), Run("rate-0.001")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  for (const char* part :
       {"loss\n", "accuracy\n", "epoch\n", "** rate-0.01: learning_rate.constant 0.01",
        "oo rate-0.001: learning_rate.constant 0.001"}) {
    EXPECT_TRUE(absl::StrContains(outcome.out, part)) << part << "\n" << outcome.out;
  }
  for (absl::string_view line : absl::StrSplit(outcome.out, '\n')) EXPECT_LE(line.size(), 80u);
}

TEST_F(Looking, PlotsAPicture) {
  const std::string file = Run("curves.svg");
  const Outcome outcome =
      RunGradus({"plot", Run("rate-0.01"), Run("stopped"), "--y", "validation/loss,learning_rate",
                 "--x", "time", "--log", "--smooth", "--out", file});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "");
  const std::string svg = Contents(file);
  for (const char* part : {"<svg ", ">validation/loss<", ">learning rate<", ">seconds of training<",
                           ">stopped<", ">Dots are the best of validation."}) {
    EXPECT_TRUE(absl::StrContains(svg, part)) << part;
  }
}

TEST_F(Looking, RefusesWhatNoRunHas) {
  const Outcome measure = RunGradus({"plot", Run("rate-0.01"), "--y", "accurac"});
  EXPECT_EQ(measure.code, 1);
  EXPECT_EQ(measure.err, "gradus: no run has \"accurac\"; did you mean \"accuracy\"?\n");
  const Outcome folder = RunGradus({"plot", Run("nothing")});
  EXPECT_EQ(folder.code, 1);
  EXPECT_EQ(folder.err, absl::StrCat("gradus: ", Run("nothing"), " is not the folder of a run: ",
                                     Run("nothing"), "/run.pbtxt does not exist\n"));
  EXPECT_EQ(RunGradus({"plot", Run("rate-0.01"), "--smooth", "1"}).code, 2);
  const Outcome picture = RunGradus({"plot", Run("rate-0.01"), "--out", "curves.png"});
  EXPECT_EQ(picture.code, 2);
  EXPECT_EQ(picture.err,
            "gradus: --out curves.png: the picture is SVG, and its file ends in .svg\n");
}

TEST_F(Looking, TabulatesRuns) {
  const Outcome outcome = RunGradus({"runs", folder(), "--sort", "validation/loss"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = absl::StrSplit(outcome.out, '\n', absl::SkipEmpty());
  ASSERT_EQ(lines.size(), 4u) << outcome.out;
  EXPECT_TRUE(absl::StrContains(lines[0], "learning_rate.constant")) << outcome.out;
  EXPECT_TRUE(absl::StrContains(lines[1], "rate-0.01 ")) << outcome.out;
  EXPECT_TRUE(absl::StrContains(outcome.out, "  stopped\n")) << outcome.out;
  EXPECT_TRUE(absl::EndsWith(lines[1], "  finished")) << outcome.out;
  const Outcome csv = RunGradus({"runs", folder(), "--csv"});
  EXPECT_TRUE(absl::StartsWith(csv.out, "run,state,message,epochs,steps,seconds,learning_rate,"));
  const Outcome json = RunGradus({"runs", folder(), "--json"});
  EXPECT_TRUE(absl::StartsWith(json.out, "[{\"run\":")) << json.out;
  const Outcome some = RunGradus({"runs", folder(), "--csv", "--columns", "state"});
  EXPECT_EQ(some.code, 2);
  EXPECT_TRUE(absl::StrContains(some.err, "--columns excludes --csv")) << some.err;
  const Outcome none = RunGradus({"runs", FreshFolder("no_runs")});
  EXPECT_EQ(none.code, 1);
  EXPECT_TRUE(absl::EndsWith(none.err, " has no run in it\n")) << none.err;
  const Outcome missing = RunGradus({"runs", folder() + "/none"});
  EXPECT_EQ(missing.code, 1);
  EXPECT_EQ(missing.err,
            "gradus: cannot list " + folder() +
                "/none: No such file or directory; give the folder that the runs are in\n");
}

TEST_F(Looking, ComparesConfigurations) {
  const Outcome outcome = RunGradus({"diff", Run("rate-0.001"), Run("rate-0.01")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, "optimizer.learning_rate.constant  0.001 -> 0.01\n");
  EXPECT_EQ(RunGradus({"diff", Run("stopped"), Run("stopped")}).out, "");
  const Outcome file = RunGradus({"diff", kTutorial, Run("rate-0.01")});
  EXPECT_TRUE(absl::StrContains(file.out, "run.epochs  ")) << file.out << file.err;
}

TEST_F(Looking, WritesAReport) {
  const Outcome outcome = RunGradus({"report", Run("rate-0.01")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.out, absl::StrCat("report  ", Run("rate-0.01"), "/report.html\n"));
  const std::string page = Contents(Run("rate-0.01") + "/report.html");
  for (const char* part : {"<h2>Curves</h2>", "<h2>Model</h2>", "<h2>On validation</h2>",
                           "validation examples, weights: ", "<h3>Confusion", "recall",
                           "<h2>Highest losses</h2>", "breast_cancer.csv", "</html>"}) {
    EXPECT_TRUE(absl::StrContains(page, part)) << part;
  }
}

TEST_F(Looking, LeavesEventFiles) {
  EXPECT_EQ(Names(Run("rate-0.01") + "/tensorboard"),
            (std::vector<std::string>{"train", "validation"}));
  EXPECT_EQ(Names(Run("rate-0.01") + "/tensorboard/train").size(), 1u);
}

TEST_F(Looking, DrawsAGraph) {
  const Outcome stages =
      RunGradus({"graph", kTutorial, "--svg", Run("graph.svg"), "--stage", "all"});
  EXPECT_EQ(stages.code, 2);
  EXPECT_EQ(stages.err, "gradus: --svg is of one stage; --stage names it\n");
  const Outcome without = RunShell(
      absl::StrCat("PATH=/nowhere $GRADUS graph ", kTutorial, " --svg '", Run("graph.svg"), "'"));
  EXPECT_EQ(without.code, 1);
  EXPECT_TRUE(absl::StrContains(without.err, "apt-get install graphviz")) << without.err;
  if (std::system("dot -V >/dev/null 2>&1") != 0) return;
  const Outcome outcome = RunGradus({"graph", kTutorial, "--svg", Run("graph.svg")});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_TRUE(absl::StrContains(Contents(Run("graph.svg")), "hidden_1"));
}

}  // namespace
}  // namespace gradus
