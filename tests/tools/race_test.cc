// `gradus race` as a person uses it, and the target that `gradus train` speaks of.

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kProblem[] = "examples/race/diabetes.pbtxt";

std::vector<std::string> Race(const std::string& out, const std::vector<std::string>& more = {}) {
  std::vector<std::string> arguments = {"race",     "--rule",  "adam {}",
                                        "--rule",   "sgd { momentum: 0.9 }",
                                        "--problems", kProblem, "--rates",
                                        "log(0.01,1,3)", "--seeds", "2",
                                        "--out",    out};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<std::string> Lines(const std::string& text) {
  return absl::StrSplit(text, '\n', absl::SkipEmpty());
}

TEST(Race, ShowsATableAndDrawsAPicture) {
  const std::string folder = FreshFolder("table") + "/race";
  const Outcome outcome = RunGradus(Race(folder));
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = Lines(outcome.out);
  ASSERT_GE(lines.size(), 5u) << outcome.out;
  EXPECT_EQ(lines[0],
            "diabetes: validation/loss after 360 updates, mean over 2 seeds at the best of 3 rates, "
            "0.01 to 1; target validation/loss 0.52");
  EXPECT_TRUE(absl::StartsWith(lines[1], "rule ")) << lines[1];
  // Columns line up.
  for (size_t i : {2, 3}) EXPECT_EQ(lines[i].size(), lines[1].size()) << lines[i];
  EXPECT_TRUE(absl::StartsWith(std::min(lines[2], lines[3]), "adam  ")) << outcome.out;
  EXPECT_TRUE(absl::StartsWith(std::max(lines[2], lines[3]), "sgd { momentum: 0.9 }  "));
  EXPECT_EQ(lines.back(), "picture  " + folder + "/diabetes.svg");
  EXPECT_EQ(Names(folder), (std::vector<std::string>{"diabetes.svg", "runs.jsonl"}));
  EXPECT_TRUE(absl::StartsWith(Contents(folder + "/diabetes.svg"), "<svg"));
  EXPECT_EQ(Lines(Contents(folder + "/runs.jsonl")).size(), 12u);
  EXPECT_TRUE(absl::StrContains(outcome.err, "race  12 of 12 runs  diabetes with "));
  EXPECT_EQ(outcome.err.find('\x1b'), std::string::npos);
  // A second time nothing is trained.
  const Outcome again = RunGradus(Race(folder));
  EXPECT_EQ(again.out, outcome.out);
  EXPECT_EQ(again.err, "");
}

TEST(Race, SaysTheSameAsTsvAndAsJson) {
  const std::string folder = FreshFolder("formats") + "/race";
  const Outcome tsv = RunGradus(Race(folder, {"--format", "tsv"}));
  ASSERT_EQ(tsv.code, 0) << tsv.err;
  const std::vector<std::string> lines = Lines(tsv.out);
  ASSERT_EQ(lines.size(), 3u) << tsv.out;
  const std::vector<std::string> header = absl::StrSplit(lines[0], '\t');
  const std::vector<std::string> first = absl::StrSplit(lines[1], '\t');
  ASSERT_EQ(first.size(), header.size());
  EXPECT_EQ(first[0], "diabetes");
  EXPECT_EQ(first[1], "1");
  EXPECT_EQ(header[5], "loss");
  const Outcome json = RunGradus(Race(folder, {"--format", "json"}));
  ASSERT_EQ(json.code, 0) << json.err;
  EXPECT_TRUE(absl::StrContains(json.out, absl::StrCat("\"loss\":", first[5], ","))) << json.out;
  EXPECT_EQ(Lines(json.out).size(), 4u);
}

TEST(Race, StopsWithWhatItHas) {
  const std::string folder = FreshFolder("stopped");
  const std::string records = folder + "/race/runs.jsonl";
  // A race of hours; the signal comes when there is a record.
  const Outcome stopped = RunShell(absl::StrCat(
      "$GRADUS race --rule 'adam {}' --problems ", kProblem,
      " --rates 'log(1e-5,1,1000)' --seeds 100 --jobs 1 --out ", folder, "/race & race=$!; "
      "while ! [ -s ", records, " ] && kill -0 $race; do sleep 0.02; done; "
      "kill -TERM $race; wait $race"));
  EXPECT_EQ(stopped.code, 4) << stopped.err;
  EXPECT_EQ(stopped.out, "");
  const size_t runs = Lines(Contents(records)).size();
  EXPECT_GE(runs, 1u);
  EXPECT_EQ(stopped.err, absl::StrCat("stopped with ", runs, " of 100000 runs in ", records,
                                      "; the same command goes on\n"));
}

TEST(Race, RefusesWhatIsWrong) {
  const std::string folder = FreshFolder("wrong") + "/race";
  const Outcome rule = RunGradus({"race", "--rule", "adm {}", "--problems", kProblem, "--out", folder});
  EXPECT_EQ(rule.code, 1);
  EXPECT_TRUE(absl::StartsWith(rule.err, "gradus: --rule 1:1:1: ")) << rule.err;
  EXPECT_EQ(Contents(folder + "/runs.jsonl"), "");
  EXPECT_EQ(RunGradus({"race", "--problems", kProblem}).code, 2);
  EXPECT_EQ(RunGradus({"race", "--rule", "adam {}"}).code, 2);
  EXPECT_EQ(RunGradus(Race(folder, {"--format", "xml"})).code, 2);
}

TEST(Train, SaysWhenTheTargetWasReached) {
  const std::string folder = FreshFolder("target");
  const auto target = [](const std::string& out) {
    for (const std::string& line : Lines(out)) {
      if (absl::StartsWith(line, "target ")) return line;
    }
    return std::string();
  };
  const Outcome whole = RunGradus({"train", kProblem, "--run_dir", folder + "/whole", "--set",
                                   "run.target.value=0.6"});
  ASSERT_EQ(whole.code, 0) << whole.err;
  EXPECT_TRUE(absl::StartsWith(target(whole.out), "target  validation/loss 0.6: reached at step "))
      << whole.out;
  const Outcome never = RunGradus({"train", kProblem, "--run_dir", folder + "/never", "--set",
                                   "run.target.value=0.01"});
  EXPECT_TRUE(absl::StartsWith(target(never.out), "target  validation/loss 0.01: not reached; the best was 0."))
      << never.out;
  // A run that goes on knows what it reached before.
  ASSERT_EQ(RunGradus({"train", kProblem, "--run_dir", folder + "/halves", "--set",
                       "run.target.value=0.6", "--stop_after_epoch", "29"})
                .code,
            4);
  const Outcome rest = RunGradus({"train", "--resume", folder + "/halves"});
  EXPECT_EQ(target(rest.out), target(whole.out));
  const Outcome none = RunGradus({"train", "examples/diabetes.pbtxt", "--run_dir", folder + "/none"});
  EXPECT_EQ(target(none.out), "");
}

TEST(Check, ReportsATargetThatNothingMeasures) {
  const Outcome outcome =
      RunGradus({"check", kProblem, "--set", "run.target.monitor=validation/accuracy"});
  EXPECT_EQ(outcome.code, 1);
  EXPECT_TRUE(absl::StrContains(outcome.err, "target: nothing produces \"validation/accuracy\""))
      << outcome.err;
}

}  // namespace
}  // namespace gradus
