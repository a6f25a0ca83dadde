// `gradus` with plugins: a run whose rule and schedule are libraries', named on the command line or in its file, from the first update
// to a resume, a search and a prediction.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "tests/plugins/plugin_testing.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

constexpr char kFolder[] = "tests/plugins/libraries";
constexpr char kTilt[] = "tests/plugins/libraries/acme_tilt.so";
constexpr char kRamp[] = "tests/plugins/libraries/acme_ramp.so";

// The tutorial with the libraries' rule and schedule, and with `more` at its top.
std::string RunText(const std::string& folder, const std::string& more = "") {
  const std::string path = folder + "/run.pbtxt";
  const std::string data = std::filesystem::absolute("examples/data").string();
  std::ofstream(path) << more
                      << absl::StrReplaceAll(Contents("examples/tutorial_adam.pbtxt"),
                                             {{"adam {}", "[acme.tilt] { memory: 0.5 }"},
                                              {"{ constant: 0.001 }",
                                               "{ [acme.ramp] { height: 0.01 length: 20 } }"},
                                              {"\"data/", absl::StrCat("\"", data, "/")},
                                              {"epochs: 100", "epochs: 4 threads: 1"}});
  return path;
}

using Words = std::vector<std::string>;

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

TEST(CommandLine, TrainsWithAPluginsRuleAndGoesOnBitForBit) {
  const std::string folder = FreshFolder("train"), text = RunText(folder);
  const Words plugins = {"--plugin", kTilt, "--plugin", kRamp};
  const Outcome whole = RunGradus(Words{"train", text, "--run_dir", folder + "/whole"} + plugins);
  ASSERT_EQ(whole.code, 0) << whole.err;

  // Before the subcommand, in halves.
  const Words half = {"train", text, "--run_dir", folder + "/halves", "--stop_after_epoch", "2"};
  ASSERT_NE(RunGradus(plugins + half).code, 1);
  const Outcome without = RunGradus({"train", "--resume", folder + "/halves"});
  EXPECT_EQ(without.code, 1);
  EXPECT_TRUE(absl::StrContains(without.err, "no extension is called \"acme.")) << without.err;
  EXPECT_TRUE(absl::StrContains(without.err, "--plugin")) << without.err;
  const Outcome resumed = RunGradus(Words{"train", "--resume", folder + "/halves"} + plugins);
  ASSERT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_EQ(Contents(folder + "/halves/model.safetensors"),
            Contents(folder + "/whole/model.safetensors"));
  EXPECT_NE(Contents(folder + "/whole/model.safetensors"), "");

  // Who only predicts needs no plugin.
  const Words rows = {"examples/data/breast_cancer.csv"};
  std::filesystem::create_directory(folder + "/model");
  for (const char* name : {"/model.pbtxt", "/model.safetensors"}) {
    std::filesystem::copy(folder + "/whole" + name, folder + "/model" + name);
  }
  const Outcome of_model = RunGradus(Words{"predict", folder + "/model"} + rows);
  EXPECT_EQ(of_model.code, 0) << of_model.err;
  const Outcome of_run = RunGradus(Words{"predict", folder + "/whole"} + rows);
  EXPECT_EQ(of_run.code, 0) << of_run.err;
  EXPECT_TRUE(of_run.out == of_model.out);
}

TEST(CommandLine, FindsWhatTheRunFileNames) {
  const std::string folder = FreshFolder("named");
  const std::string text = RunText(folder, "plugin: 'acme_tilt' plugin: 'acme_ramp'\n");
  const Words folders = {"--plugin_dir", "tests", "--plugin_dir", kFolder};
  const Words half = {"train", text, "--run_dir", folder + "/run", "--stop_after_epoch", "2"};
  const Outcome first = RunGradus(folders + half);
  EXPECT_NE(first.code, 1) << first.err;
  // The run's own file names them, too.
  EXPECT_TRUE(absl::StrContains(Contents(folder + "/run/run.pbtxt"), "plugin: \"acme_tilt\""));
  const Outcome lost = RunGradus({"train", "--resume", folder + "/run"});
  EXPECT_EQ(lost.code, 1);
  EXPECT_TRUE(
      absl::StrContains(lost.err, "plugin \"acme_tilt\" is not loaded, and no folder is given"))
      << lost.err;
  const Outcome resumed = RunGradus(Words{"train", "--resume", folder + "/run"} + folders);
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(absl::StrContains(resumed.out, "epoch 4/4")) << resumed.out;
  for (const Words& command :
       {Words{"check", text}, Words{"schedule", text},
        Words{"eval", folder + "/run", "--split", "validation"}, Words{"graph", text}}) {
    const Outcome outcome = RunGradus(command + folders);
    EXPECT_EQ(outcome.code, 0) << command[0] << ": " << outcome.err;
  }
  // A library that is given as a file serves for its name.
  EXPECT_EQ(RunGradus({"check", text, "--plugin", kTilt, "--plugin", kRamp}).code, 0);
}

TEST(CommandLine, ASearchGivesItsTrialsThePlugins) {
  const std::string folder = FreshFolder("sweep");
  const std::string text = RunText(folder, "plugin: 'acme_ramp'\n");
  const Outcome sweep = RunGradus({"sweep", text, "--out", folder + "/sweep", "--plugin", kTilt,
                                   "--plugin_dir", kFolder, "--set", "run.epochs=1", "--search",
                                   "optimizer.(acme.tilt).memory=choice(0.2, 0.8)"});
  EXPECT_EQ(sweep.code, 0) << sweep.err << sweep.out;
  EXPECT_FALSE(absl::StrContains(sweep.out, "failed")) << sweep.out;
}

// The command that stands in the output between the two texts, as a shell can run it here.
std::string Printed(const std::string& output, const std::string& before,
                    const std::string& after) {
  const size_t begin = output.find(before + "gradus ");
  if (begin == std::string::npos) return "";
  const size_t first = begin + before.size() + std::string("gradus").size();
  return "$GRADUS" + output.substr(first, output.find(after, first) - first);
}

TEST(CommandLine, WhatItSaysToGoOnWithHasThePlugins) {
  const std::string folder = FreshFolder("it's later"), text = RunText(folder);
  const std::string tilt = folder + "/acme tilt.so";
  std::filesystem::copy(kTilt, tilt);
  const Words plugins = {"--plugin", tilt, "--plugin", kRamp};
  const Outcome first = RunGradus(
      Words{"train", text, "--run_dir", folder + "/run", "--stop_after_epoch", "2"} + plugins);
  EXPECT_EQ(first.code, 4) << first.err;
  const Outcome second = RunShell(Printed(first.out, "go on with: ", "\n"));
  EXPECT_EQ(second.code, 0) << first.out << second.err;
  EXPECT_TRUE(absl::StrContains(second.out, "epoch 4/4")) << second.out;

  const Outcome early = RunGradus(
      Words{"train", text, "--run_dir", folder + "/early", "--set", "run.epochs=50", "--set",
            "run.early_stopping={ monitor: \"validation/loss\" min_delta: 100 patience: 2 }"} +
      plugins);
  EXPECT_EQ(early.code, 0) << early.err;
  const Outcome ended = RunGradus(Words{"train", "--resume", folder + "/early"} + plugins);
  const std::string rate = Printed(ended.out, "with another end: ", ", or ");
  const std::string resume = Printed(ended.out, ", or ", "\n");
  const Outcome asked = RunShell(absl::StrReplaceAll(rate, {{"steps N", "steps 120"}}));
  EXPECT_EQ(asked.code, 0) << ended.out << asked.err;
  const Outcome longer = RunShell(absl::StrReplaceAll(resume, {{"epochs=N", "epochs=60"}}));
  EXPECT_EQ(longer.code, 0) << ended.out << longer.err;
  EXPECT_TRUE(absl::StrContains(longer.out, "resuming ")) << longer.out;
}

TEST(CommandLine, ALibraryHasTheNameThatItIsAskedForBy) {
  namespace fs = std::filesystem;
  const std::string folder = FreshFolder("versioned");
  fs::copy(kTilt, folder + "/libacme_tilt.so.1.0");
  fs::create_symlink("libacme_tilt.so.1.0", folder + "/libacme_tilt.so");
  fs::create_symlink("libacme_tilt.so.1.0", folder + "/mine.so");
  const std::string text = RunText(folder, "plugin: 'acme_tilt'\n");
  const Words check = {"check", text, "--plugin", kRamp};
  for (const Words& tilt : {Words{"--plugin", folder + "/libacme_tilt.so"},
                            Words{"--plugin", folder + "/libacme_tilt.so.1.0"},
                            Words{"--plugin_dir", folder}, Words{"--plugin", kTilt}}) {
    const Outcome outcome = RunGradus(check + tilt);
    EXPECT_EQ(outcome.code, 0) << tilt[1] << ": " << outcome.err;
  }
  const Outcome other = RunGradus(check + Words{"--plugin", folder + "/mine.so"});
  EXPECT_EQ(other.code, 1);
  EXPECT_TRUE(absl::StrContains(other.err, "plugin \"acme_tilt\" is not loaded")) << other.err;

  // Also of the processes that it starts.
  const Outcome sweep =
      RunGradus({"sweep", RunText(folder, "plugin: 'mine'\n"), "--out", folder + "/sweep",
                 "--plugin", folder + "/mine.so", "--plugin", kRamp, "--set", "run.epochs=1",
                 "--search", "optimizer.(acme.tilt).memory=choice(0.2, 0.8)"});
  EXPECT_EQ(sweep.code, 0) << sweep.err << sweep.out;
  EXPECT_FALSE(absl::StrContains(sweep.out, "failed")) << sweep.out;
  const Outcome again = RunShell(Printed(sweep.out, "train it again with: ", "\n") +
                                 " --run_dir '" + folder + "/again'");
  EXPECT_EQ(again.code, 0) << sweep.out << again.err;
}

TEST(CommandLine, OtherCommandsTakeThem) {
  const std::string folder = FreshFolder("others");
  std::ofstream(folder + "/gradients.csv") << "2\n-1\n";
  const Outcome traced = RunGradus(
      {"optimizer", "--text", "[acme.tilt] { memory: 0 softness: 2 } learning_rate { constant: 1 }",
       "--parameters", "1", "--gradients", folder + "/gradients.csv", "--plugin", kTilt});
  EXPECT_EQ(traced.code, 0) << traced.err;
  EXPECT_TRUE(absl::StrContains(traced.out, "1\t0.5\n")) << traced.out;  // 1 - 2 / (2 + 2)
  const Outcome listed = RunGradus({"list", "acme.tilt", "--plugin", kTilt});
  EXPECT_EQ(listed.code, 0) << listed.err;
  EXPECT_TRUE(absl::StrContains(listed.out, "softness")) << listed.out;
}

TEST(CommandLine, SaysWhatIsWrong) {
  const Outcome none = RunGradus({"list", "--plugin", "no/such.so"});
  EXPECT_EQ(none.code, 1);
  EXPECT_EQ(none.err, "gradus: plugin no/such.so cannot be opened: No such file or directory\n");
  EXPECT_EQ(none.out, "");
  const Outcome folder = RunGradus({"list", "--plugin_dir", "no/such"});
  EXPECT_EQ(folder.code, 1);
  EXPECT_EQ(folder.err, "gradus: --plugin_dir no/such: No such file or directory\n");
  const Outcome file = RunGradus({"list", "--plugin_dir", kTilt});
  EXPECT_EQ(file.code, 1);
  EXPECT_EQ(file.err,
            absl::StrCat("gradus: --plugin_dir ", kTilt, " is a file; --plugin takes it\n"));
  const Outcome text = RunGradus({"--plugin", "examples/tutorial_adam.pbtxt", "list"});
  EXPECT_EQ(text.code, 1);
  EXPECT_TRUE(absl::StrContains(text.err, "is no shared library")) << text.err;
  EXPECT_EQ(RunGradus({"list", "--plugin"}).code, 2);
  {
    const Hostile hostile("throw");
    const Outcome thrown = RunGradus({"list", "--plugin", Library("hostile")});
    EXPECT_EQ(thrown.code, 1);
    EXPECT_TRUE(absl::StrContains(thrown.err, "the constructor's own words")) << thrown.err;
    EXPECT_EQ(thrown.out, "");
  }
  {
    // What a library has to say may stand beside the program's output.
    const Hostile hostile("complain");
    const Outcome warned = RunGradus({"list", "--plugin", Library("hostile")});
    EXPECT_EQ(warned.code, 0);
    EXPECT_EQ(warned.err, "a word of warning\n");
    EXPECT_FALSE(absl::StrContains(warned.out, "warning"));
  }
  EXPECT_EQ(RunGradus({"list", "--plugin", Library("hostile")}).code, 0);
}

TEST(CommandLine, TheLibraryIsNoProgramForPeople) {
  const Outcome run = RunShell(
      "for f in $(ldd tools/gradus | sed -n 's/.*=> \\(.*libgradus.so\\) .*/\\1/p'); do "
      "/lib64/ld-linux-x86-64.so.2 $f; done");
  EXPECT_EQ(run.code, 2) << run.err;
  EXPECT_EQ(run.err, "libgradus.so is a library; the program is gradus\n");
}

}  // namespace
}  // namespace gradus
