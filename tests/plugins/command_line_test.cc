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
                      << absl::StrReplaceAll(
                             Contents("examples/tutorial_adam.pbtxt"),
                             {{"adam {}", "[acme.tilt] { memory: 0.5 }"},
                              {"{ constant: 0.001 }", "{ [acme.ramp] { height: 0.01 length: 20 } }"},
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
  EXPECT_TRUE(absl::StrContains(lost.err,
                                "plugin \"acme_tilt\" is not loaded, and no folder is given"))
      << lost.err;
  const Outcome resumed = RunGradus(Words{"train", "--resume", folder + "/run"} + folders);
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  EXPECT_TRUE(absl::StrContains(resumed.out, "epoch 4/4")) << resumed.out;
  for (const Words& command :
       {Words{"check", text}, Words{"schedule", text}, Words{"eval", folder + "/run", "--split", "validation"},
        Words{"graph", text}}) {
    const Outcome outcome = RunGradus(command + folders);
    EXPECT_EQ(outcome.code, 0) << command[0] << ": " << outcome.err;
  }
  // A library that is given as a file serves for its name.
  EXPECT_EQ(RunGradus({"check", text, "--plugin", kTilt, "--plugin", kRamp}).code, 0);
}

TEST(CommandLine, ASearchGivesItsTrialsThePlugins) {
  const std::string folder = FreshFolder("sweep");
  const std::string text = RunText(folder, "plugin: 'acme_ramp'\n");
  const Outcome sweep =
      RunGradus({"sweep", text, "--out", folder + "/sweep", "--plugin", kTilt, "--plugin_dir", kFolder,
                 "--set", "run.epochs=1", "--search", "optimizer.(acme.tilt).memory=choice(0.2, 0.8)"});
  EXPECT_EQ(sweep.code, 0) << sweep.err << sweep.out;
  EXPECT_FALSE(absl::StrContains(sweep.out, "failed")) << sweep.out;
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
