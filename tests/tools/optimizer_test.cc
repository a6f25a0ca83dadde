// `gradus optimizer` as a process.

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "gradus/base/file.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

std::string Written(const std::string& name, const std::string& text) {
  const std::string path = absl::StrCat(testing::TempDir(), "/optimizer_", name);
  EXPECT_TRUE(WriteFile(path, text).ok());
  return path;
}

std::string Gradients() {
  return Written("gradients.csv", "0.1,-0.2,0.3\n-0.05,0.4,0\n0.2,0.1,-0.6\n");
}

std::vector<std::string> Command(const std::string& text,
                                 const std::vector<std::string>& more = {}) {
  std::vector<std::string> command = {"optimizer",     "--text",      text,       "--parameters",
                                      "1,-2,0.5", "--gradients", Gradients()};
  command.insert(command.end(), more.begin(), more.end());
  return command;
}

TEST(Optimizer, PrintsTheParametersAfterEveryUpdate) {
  const Outcome outcome = RunGradus(Command("sgd {} learning_rate { constant: 0.5 }"));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out,
            "step\tp0\tp1\tp2\n"
            "1\t0.94999999999999996\t-1.8999999999999999\t0.34999999999999998\n"
            "2\t0.97499999999999998\t-2.1000000000000001\t0.34999999999999998\n"
            "3\t0.875\t-2.1499999999999999\t0.64999999999999991\n");
}

TEST(Optimizer, ShowsWhatTheRuleRemembers) {
  const Outcome outcome =
      RunGradus(Command("sgd { momentum: 0.5 } learning_rate { constant: 1 }", {"--slots"}));
  EXPECT_EQ(outcome.code, 0) << outcome.err;
  const std::vector<std::string> lines = absl::StrSplit(outcome.out, '\n');
  ASSERT_EQ(lines.size(), 5u);
  EXPECT_EQ(lines[0], "step\tp0\tp1\tp2\tmomentum0\tmomentum1\tmomentum2\tdefault/updates");
  EXPECT_TRUE(absl::EndsWith(lines[3], "\t3")) << lines[3];
}

TEST(Optimizer, HoldsItsNumbersAgainstExpectedOnes) {
  // Keras 3, float64, exact hyperparameters.
  const std::string golden =
      Written("adam.tsv", "step\tp0\tp1\tp2\n3\t0.8075599602\t-1.978176508\t0.366999222\n");
  const std::string adam = "adam {} learning_rate { constant: 0.1 }";
  const Outcome same = RunGradus(Command(adam, {"--expect", golden, "--tolerance", "1e-9"}));
  EXPECT_EQ(same.code, 0) << same.err;
  EXPECT_TRUE(absl::StartsWith(same.err, "as expected: largest difference ")) << same.err;
  const Outcome other =
      RunGradus(Command("adam { beta1: 0.8 } learning_rate { constant: 0.1 }",
                        {"--expect", golden, "--tolerance", "1e-9"}));
  EXPECT_EQ(other.code, 1);
  EXPECT_TRUE(absl::StrContains(other.err, "tolerance 1e-09 (step 3, p")) << other.err;
}

TEST(Optimizer, IsJsonWhenAskedFor) {
  const Outcome outcome =
      RunGradus(Command("sgd {} learning_rate { constant: 0 }", {"--format", "json"}));
  EXPECT_EQ(outcome.out,
            "[\n{\"step\":1,\"p0\":1,\"p1\":-2,\"p2\":0.5},\n{\"step\":2,\"p0\":1,\"p1\":-2,"
            "\"p2\":0.5},\n{\"step\":3,\"p0\":1,\"p1\":-2,\"p2\":0.5}\n]\n");
}

TEST(Optimizer, SaysWhatIsWrong) {
  const struct {
    std::vector<std::string> command;
    int code;
    const char* err;
  } kCases[] = {
      {Command("adam { beta1: 2 }"), 1,
       "gradus: --text:1:15: adam: beta1 2 must be at least 0 and below 1 [adam.beta1]\n"},
      {Command("sgd {}", {"--shape", "2x2"}), 1,
       "gradus: a shape of 2x2 has 4 elements, but there are 3 parameters\n"},
      {Command("sgd {}", {"--shape", "3x"}), 2,
       "gradus: --shape \"3x\" is not of the form 3x2\n"},
      {{"optimizer", "--text", "sgd {}", "--parameters", "1,x", "--gradients", "g.csv"}, 2,
       "gradus: --parameters:1:3: \"x\" is not a number\n"},
      {{"optimizer", "--text", "sgd {}", "--parameters", "1", "--gradients", Gradients()}, 1,
       "gradus: row 1 of the gradients has 3 numbers, but there are 1 parameters\n"},
  };
  for (const auto& c : kCases) {
    const Outcome outcome = RunGradus(c.command);
    EXPECT_EQ(outcome.code, c.code) << outcome.err;
    EXPECT_EQ(outcome.err, c.err);
    EXPECT_EQ(outcome.out, "");
  }
}

}  // namespace
}  // namespace gradus
