// `gradus new model` as a process: from a table to a trained model and its predictions, without a word changed.

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "absl/strings/numbers.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

// The number behind a word at the beginning of a line.
double After(const std::string& text, const std::string& word) {
  for (const absl::string_view line : absl::StrSplit(text, '\n')) {
    if (!absl::StartsWith(line, word + " ")) continue;
    double number = -1;
    EXPECT_TRUE(absl::SimpleAtod(line.substr(word.size()), &number)) << line;
    return number;
  }
  ADD_FAILURE() << word << " is not in\n" << text;
  return -1;
}

// What `gradus eval` says of the test part.
std::string Evaluated(const std::string& csv, const std::string& target, const std::string& run) {
  const std::string file = run + ".pbtxt";
  const Outcome made = RunGradus({"new", "model", "--csv", csv, "--target", target, "--out", file});
  EXPECT_EQ(made.code, 0) << made.err;
  EXPECT_EQ(RunGradus({"check", file}).code, 0);
  const Outcome trained = RunGradus({"train", file, "--run_dir", run});
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_EQ(trained.err, "");
  EXPECT_TRUE(absl::StrContains(trained.out, "  test  loss ")) << trained.out;
  const Outcome evaluated = RunGradus({"eval", run});
  EXPECT_EQ(evaluated.code, 0) << evaluated.err;
  return evaluated.out;
}

// The means over five seeds are 0.5 and 0.97 (tools/bench/new_model.sh); a sample of 89 rows scatters by 0.07, one of 360 by 0.01.
TEST(NewModel, ReachesWhatAGoodModelReaches) {
  const std::string folder = FreshFolder("reached");
  const std::string diabetes =
      Evaluated("examples/data/diabetes.csv", "progression", folder + "/diabetes");
  EXPECT_TRUE(absl::StrContains(diabetes, "(89 examples)")) << diabetes;
  EXPECT_GT(After(diabetes, "r2"), 0.35);
  // In the target's own units: its deviation is 77.
  EXPECT_GT(After(diabetes, "mean_absolute_error"), 30);
  EXPECT_LT(After(diabetes, "mean_absolute_error"), 55);
  const std::string digits = Evaluated("examples/data/digits.csv", "digit", folder + "/digits");
  EXPECT_GE(After(digits, "accuracy"), 0.94);

  const Outcome predicted = RunGradus(
      {"predict", folder + "/diabetes", "examples/data/diabetes.csv", "--id_column", "age"});
  ASSERT_EQ(predicted.code, 0) << predicted.err;
  EXPECT_TRUE(absl::StartsWith(predicted.out, "age,progression\n59,"))
      << predicted.out.substr(0, 80);
  EXPECT_EQ(std::count(predicted.out.begin(), predicted.out.end(), '\n'), 443);
  const Outcome array = RunGradus(
      {"predict", folder + "/digits", "examples/data/digits.csv", "--out", folder + "/p.npy"});
  EXPECT_EQ(array.out, "1797 rows written to " + folder + "/p.npy\n") << array.err;
  EXPECT_EQ(Contents(folder + "/p.npy").size(), 128u + 1797u * 10 * 4);
}

TEST(NewModel, WritesToStandardOutputWhenNoFileIsNamed) {
  const std::vector<std::string> arguments = {
      "new", "model", "--csv", "examples/data/digits.csv", "--target", "digit"};
  const Outcome shown = RunGradus(arguments);
  ASSERT_EQ(shown.code, 0) << shown.err;
  EXPECT_EQ(shown.err, "");
  EXPECT_TRUE(absl::StartsWith(shown.out,
                               "# \"digit\" from the other columns of examples/data/digits.csv "
                               "(1797 rows): classification, 10\n"
                               "# classes.\n"))
      << shown.out;
  const std::string folder = FreshFolder("written");
  const std::string file = folder + "/digits.pbtxt";
  std::vector<std::string> to_file = arguments;
  to_file.insert(to_file.end(), {"--out", file});
  const Outcome written = RunGradus(to_file);
  EXPECT_EQ(written.code, 0) << written.err;
  EXPECT_EQ(written.out, "wrote " + file +
                             ": classification, 61 columns, 3 left out; next:\n    gradus train " +
                             file + " --run_dir runs/digits\n"
                             "left out: \"p00\", always \"0\"\n"
                             "left out: \"p40\", always \"0\"\n"
                             "left out: \"p47\", always \"0\"\n");
  const Outcome again = RunGradus(to_file);
  EXPECT_EQ(again.code, 1);
  EXPECT_EQ(again.err, "gradus: " + file + " is there already, and nothing is overwritten\n");
}

TEST(NewModel, SaysWhatIsWrong) {
  const std::string csv = "examples/data/diabetes.csv";
  const Outcome near = RunGradus({"new", "model", "--csv", csv, "--target", "progresion"});
  EXPECT_EQ(near.code, 1);
  EXPECT_EQ(near.err, "gradus: " + csv +
                          ": there is no column \"progresion\"; did you mean \"progression\"?\n");
  const Outcome none = RunGradus({"new", "model", "--csv", "not_there.csv", "--target", "y"});
  EXPECT_EQ(none.code, 1);
  EXPECT_EQ(none.err, "gradus: not_there.csv: No such file or directory\n");
  EXPECT_EQ(RunGradus({"new", "model", "--target", "y"}).code, 2);
  EXPECT_EQ(
      RunGradus({"new", "model", "--csv", csv, "--target", "progression", "--task", "guess"}).code,
      2);
  EXPECT_EQ(RunGradus({"new", "model", "--help"}).code, 0);
}

}  // namespace
}  // namespace gradus
