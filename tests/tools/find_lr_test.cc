// `gradus find-lr` as a person uses it.

#include <gtest/gtest.h>

#include <algorithm>
#include <csignal>
#include <filesystem>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kConstant[] = "examples/diabetes.pbtxt";
constexpr char kPiecewise[] = "examples/two_inputs_two_losses.pbtxt";

// The lines that begin so.
std::vector<std::string> Lines(const std::string& text, const std::string& beginning) {
  std::vector<std::string> lines;
  for (absl::string_view line : absl::StrSplit(text, '\n')) {
    if (absl::StartsWith(line, beginning)) lines.emplace_back(line);
  }
  return lines;
}

TEST(FindLr, ShowsWhatItDoesAndWhatToPaste) {
  const std::string folder = FreshFolder("shows");
  const Outcome outcome = RunGradus({"find-lr", kConstant, "--out", folder + "/loss.svg"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  EXPECT_EQ(outcome.err, "");
  EXPECT_EQ(outcome.out.find('\x1b'), std::string::npos);
  EXPECT_TRUE(absl::StartsWith(outcome.out, "diabetes  193 parameters, 480 updates planned, "));
  EXPECT_EQ(Lines(outcome.out, "range test  seed ").size(), 3u);
  EXPECT_GE(Lines(outcome.out, "trial  rate ").size(), 21u);
  EXPECT_EQ(Lines(outcome.out, "loss").size(), 1u) << outcome.out;  // The plot's axis.
  const std::vector<std::string> suggestion = Lines(outcome.out, "suggestion ");
  ASSERT_EQ(suggestion.size(), 1u);
  EXPECT_TRUE(absl::StrContains(suggestion[0], " (confidence: ")) << suggestion[0];
  EXPECT_TRUE(absl::StrContains(suggestion[0], ", because ")) << suggestion[0];
  const std::string rate = std::vector<std::string>(absl::StrSplit(suggestion[0], ' '))[1];
  EXPECT_EQ(Lines(outcome.out, "optimizer"),
            (std::vector<std::string>{
                absl::StrCat("optimizer { learning_rate { constant: ", rate, " } }")}));
  const std::string picture = Contents(folder + "/loss.svg");
  EXPECT_TRUE(absl::StartsWith(picture, "<svg") || absl::StartsWith(picture, "<?xml"));
  EXPECT_TRUE(absl::StrContains(picture, absl::StrCat("suggestion ", rate)));
  EXPECT_EQ(Names(folder), std::vector<std::string>{"loss.svg"});
}

TEST(FindLr, SaysTheSameTwice) {
  const std::vector<std::string> arguments = {"find-lr", kConstant, "--trials",
                                              "4",       "--seeds", "2"};
  EXPECT_EQ(RunGradus(arguments).out, RunGradus(arguments).out);
}

TEST(FindLr, SettingsOfASchedulePutItsPeakThere) {
  const Outcome outcome = RunGradus({"find-lr", kPiecewise, "--trials", "0", "--seeds", "1"});
  ASSERT_EQ(outcome.code, 0) << outcome.err;
  const std::string rate =
      std::vector<std::string>(absl::StrSplit(Lines(outcome.out, "suggestion ")[0], ' '))[1];
  const std::vector<std::string> settings = Lines(outcome.out, "--set '");
  ASSERT_EQ(settings.size(), 1u) << outcome.out;
  EXPECT_FALSE(absl::StrContains(settings[0], "  ")) << settings[0];
  const Outcome table =
      RunShell(absl::StrCat("$GRADUS schedule ", kPiecewise, " --at 0 ", settings[0]));
  ASSERT_EQ(table.code, 0) << table.err;
  const double planned = std::stod(table.out.substr(table.out.rfind('\t')));
  EXPECT_NEAR(planned, std::stod(rate), 1e-11 * planned) << table.out;
}

TEST(FindLr, StartsFromWeights) {
  const std::string run = FreshFolder("weights") + "/run";
  ASSERT_EQ(RunGradus({"train", kConstant, "--run_dir", run}).code, 0);
  const std::vector<std::string> arguments = {"find-lr", kConstant, "--trials", "0"};
  std::vector<std::string> more = arguments;
  more.insert(more.end(), {"--weights", run + "/model.safetensors"});
  const Outcome fresh = RunGradus(arguments), trained = RunGradus(more);
  EXPECT_EQ(trained.code, 0) << trained.err;
  EXPECT_NE(fresh.out, trained.out);
}

TEST(FindLr, EndsAtASignal) {
  const std::string folder = FreshFolder("signal");
  for (int signal : {SIGINT, SIGTERM}) {
    // Whether it comes in time is left to chance with so few updates, so there are many.
    const Outcome outcome =
        RunGradusAndSignal({"find-lr", kConstant, "--set", "run.epochs=100000", "--trial_steps",
                            "1000000", "--out", folder + "/loss.svg"},
                           4, signal);
    EXPECT_EQ(outcome.code, 4) << outcome.err;
    EXPECT_TRUE(absl::EndsWith(outcome.out, "\nstopped before there was a suggestion\n"));
    EXPECT_TRUE(Names(folder).empty());
  }
}

struct Refusal {
  std::string name;
  std::vector<std::string> arguments;
  int code;
  std::string message;  // A part of it.
};

class Refused : public testing::TestWithParam<Refusal> {};

TEST_P(Refused, WithAMessage) {
  const Outcome outcome = RunGradus(GetParam().arguments);
  EXPECT_EQ(outcome.code, GetParam().code);
  EXPECT_TRUE(absl::StrContains(outcome.err, GetParam().message)) << outcome.err;
  EXPECT_FALSE(absl::StrContains(outcome.out, "suggestion"));
}

INSTANTIATE_TEST_SUITE_P(
    FindLr, Refused,
    testing::Values(Refusal{"NoFile", {"find-lr"}, 2, "file is required"},
                    Refusal{"MissingFile", {"find-lr", "missing.pbtxt"}, 1, "missing.pbtxt"},
                    Refusal{"NoSeeds", {"find-lr", kConstant, "--seeds", "0"}, 2, "--seeds"},
                    Refusal{"NoTrialSteps",
                            {"find-lr", kConstant, "--trial_steps", "0"},
                            2,
                            "--trial_steps: \"0\" is not a whole number from 1 on"},
                    Refusal{"StartIsNoNumber",
                            {"find-lr", kConstant, "--start", "nan"},
                            2,
                            "--start: \"nan\" is not a finite number above 0"},
                    Refusal{"FewSteps", {"find-lr", kConstant, "--steps", "3"}, 2, "--steps"},
                    Refusal{"NegativeStart", {"find-lr", kConstant, "--start", "-1"}, 2, "--start"},
                    Refusal{"Backwards",
                            {"find-lr", kConstant, "--start", "1", "--end", "0.1"},
                            1,
                            "must begin above 0 and end above its beginning"},
                    Refusal{"NoRate",
                            {"find-lr", kConstant, "--set", "optimizer.learning_rate.constant=0"},
                            1,
                            "never above 0"},
                    Refusal{"NoFolder",
                            {"find-lr", kConstant, "--out", "missing/loss.svg"},
                            1,
                            "--out missing/loss.svg: the folder missing does not exist"},
                    Refusal{"NoWeights",
                            {"find-lr", kConstant, "--weights", "missing.safetensors"},
                            1,
                            "missing.safetensors"},
                    Refusal{"BrokenConfig",
                            {"find-lr", kConstant, "--set", "optimizer.learning_rate.constant=-1"},
                            1,
                            "optimizer.learning_rate.constant"}),
    [](const testing::TestParamInfo<Refusal>& info) { return info.param.name; });

}  // namespace
}  // namespace gradus
