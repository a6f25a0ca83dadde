// What `gradus new` writes builds with make against an installed tree, passes its own test, and is
// loaded: the example plugins are what it writes, and another name is as good.
//
// All of them need the conformance kit's objects: acme.lion is built before all tests, and the others are given a copy.

#include <chrono>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "tests/install/installed_tree.h"

namespace gradus {
namespace {

class NewPluginTest : public InstalledTree {
 protected:
  static void SetUpTestSuite() {
    InstalledTree::SetUpTestSuite();
    lion_ = new Outcome(Make(Write("optimizer", "acme.lion"), "build/lion_test acme_lion.so"));
  }
  static void TearDownTestSuite() {
    delete lion_;
    InstalledTree::TearDownTestSuite();
  }
  // The folder of acme.lion, which is built; what make said to that is in Lion().
  static fs::path LionFolder() { return Scratch() / "acme.lion"; }
  static const Outcome& Lion() { return *lion_; }

  // Gives a folder the conformance kit that acme.lion was built with, not older than what says so.
  static void CopyKit(const fs::path& folder) {
    const Outcome copied =
        Shell(absl::StrCat("mkdir -p '", folder.string(), "/build' && cp -a '",
                           LionFolder().string(), "/build/gradus.stamp' '", LionFolder().string(),
                           "/build/kit' '", folder.string(), "/build'"));
    ASSERT_EQ(copied.status, 0) << copied.output;
  }

  // `gradus new KIND NAME` into a folder of this name.
  static fs::path Write(const std::string& kind, const std::string& name) {
    const fs::path folder = Scratch() / name;
    const Outcome written = Run("new " + kind + " " + name + " --out '" + folder.string() + "'");
    EXPECT_EQ(written.status, 0) << written.output;
    return folder;
  }

  // make TARGET in the folder. Under a sanitizer everything is built with it.
  static Outcome Make(const fs::path& folder, const std::string& target) {
    const std::string sanitizer = kSanitizerFlags;
    const std::string flags =
        sanitizer.empty() ? "" : "CXXFLAGS='-O1 -Wall -Wextra -Werror " + sanitizer + "' ";
    return Shell(absl::StrCat(PkgConfigPath(), "make --no-print-directory -j2 -C '",
                              folder.string(), "' ", flags, target));
  }

  static std::string ReadAll(const fs::path& path) {
    std::ifstream file(path);
    return {std::istreambuf_iterator<char>(file), {}};
  }
  // Into an installed file, which stays older than what is built.
  static void WriteText(const fs::path& path, const std::string& text) {
    fs::permissions(path, fs::perms::owner_write, fs::perm_options::add);
    std::ofstream(path) << text;
    fs::last_write_time(path, fs::file_time_type::clock::now() - std::chrono::hours(24 * 365));
  }

  static Outcome Run(const std::string& arguments) { return Shell(Program() + " " + arguments); }

 private:
  static inline Outcome* lion_ = nullptr;
};

void ExpectSameAsExample(const fs::path& folder, const std::string& example) {
  const Outcome same = Shell("diff -r '" + folder.string() + "' examples/" + example);
  EXPECT_EQ(same.status, 0) << same.output;
}

TEST_F(NewPluginTest, AnOptimizerPassesTheKitLoadsAndTrains) {
  const fs::path folder = LionFolder();
  ASSERT_EQ(Lion().status, 0) << Lion().output;
  const fs::path unbuilt = Scratch() / "unbuilt";
  ASSERT_EQ(Run("new optimizer acme.lion --out '" + unbuilt.string() + "'").status, 0);
  ExpectSameAsExample(unbuilt, "optimizer_plugin");
  const Outcome made = Make(folder, "test");
  ASSERT_EQ(made.status, 0) << made.output;
  EXPECT_TRUE(absl::StrContains(made.output, "[  PASSED  ]")) << made.output;
  const std::string plugin = " --plugin '" + (folder / "acme_lion.so").string() + "' ";

  const Outcome listed = Run("list" + plugin + "acme.lion");
  EXPECT_EQ(listed.status, 0) << listed.output;
  EXPECT_EQ(listed.output,
            "optimizers (1)\n"
            "==============\n"
            "\n"
            "  [acme.lion]  (acme.Lion)\n"
            "    Every weight moves by the rate r, against the sign of a momentum m:\n"
            "      w <- w - r sign(beta1 m + (1 - beta1) g),  then  m <- beta2 m + (1 - beta2) g\n"
            "    Chen et al. 2023, arXiv:2302.06675.\n"
            "    From the plugin acme_lion.so.\n"
            "    Learning rate when none is given: 0.001.\n"
            "\n"
            "    field  type    default  range   meaning\n"
            "    beta1  double  0.9      [0, 1)  How much of the momentum is in the update. May "
            "follow a\n"
            "                                    schedule.\n"
            "    beta2  double  0.99     [0, 1)  How slowly the momentum follows the gradients. "
            "May follow a\n"
            "                                    schedule.\n");
  const Outcome all = Run("list" + plugin);
  EXPECT_TRUE(absl::StrContains(all.output, "[acme.lion]")) << all.output;
  EXPECT_TRUE(absl::StrContains(all.output, "The sign of a momentum. (acme_lion.so)"))
      << all.output;

  // By hand: the first update moves by the rate against the gradient's sign.
  std::ofstream(Scratch() / "gradients.csv") << "0.1,-0.2,0\n";
  const Outcome traced = Run("optimizer" + plugin +
                             "--text '[acme.lion] {} learning_rate { constant: 0.5 }' "
                             "--parameters 1,-2,0.5 --gradients '" +
                             (Scratch() / "gradients.csv").string() + "'");
  EXPECT_EQ(traced.output, "step\tp0\tp1\tp2\n1\t0.5\t-1.5\t0.5\n");

  std::ofstream(Scratch() / "run.pbtxt")
      << "model {\n"
         "  input { name: \"features\" shape: 30 } input { name: \"benign\" shape: 1 }\n"
         "  layer { name: \"output\" input: \"features\" dense { units: 1 activation: SIGMOID } }\n"
         "  loss { binary_crossentropy { prediction: \"output\" label: \"benign\" } }\n"
         "}\n"
         "data { batch_size: 32 shuffle_seed: 1 train { csv {\n"
      << "  path: \"" << fs::absolute("examples/data/breast_cancer.csv").string() << "\"\n"
      << "  field { input: \"features\" except: \"benign\" standardise: true }\n"
         "  field { input: \"benign\" column: \"benign\" } } } }\n"
         "optimizer { [acme.lion] { beta1: 0.95 } weight_decay: 0.01 }\n"
         "run { epochs: 1 seed: 1 }\n";
  const std::string file = " '" + (Scratch() / "run.pbtxt").string() + "'";
  const std::string into = " --run_dir '" + (Scratch() / "run").string() + "'";
  const Outcome without = Run("train" + file + into);
  EXPECT_EQ(without.status, 1);
  EXPECT_TRUE(absl::StrContains(without.output, "acme.lion")) << without.output;
  const Outcome trained = Run("train" + plugin + file + into);
  EXPECT_EQ(trained.status, 0) << trained.output;
  // 18 batches of 32 examples are an epoch.
  EXPECT_TRUE(absl::StrContains(trained.output, "epoch 1/1  step 18")) << trained.output;
  // What only predicts needs no optimizer.
  const Outcome predicted = Run("predict '" + (Scratch() / "run").string() +
                                "' examples/data/breast_cancer.csv --output '" +
                                (Scratch() / "predictions.csv").string() + "'");
  EXPECT_EQ(predicted.status, 0) << predicted.output;
}

TEST_F(NewPluginTest, AnOptimizerOfAnotherNameIsLoadedBesideIt) {
  const fs::path folder = Write("optimizer", "zoo.big_cats.tiger_2");
  ASSERT_EQ(Lion().status, 0) << Lion().output;
  CopyKit(folder);
  const Outcome made = Make(folder, "test");
  ASSERT_EQ(made.status, 0) << made.output;
  EXPECT_TRUE(absl::StrContains(made.output, "[  PASSED  ]")) << made.output;
  const Outcome both = Run("list --plugin '" + (LionFolder() / "acme_lion.so").string() +
                           "' --plugin '" + (folder / "zoo_big_cats_tiger_2.so").string() + "'");
  EXPECT_EQ(both.status, 0) << both.output;
  EXPECT_TRUE(absl::StrContains(both.output, "[acme.lion]")) << both.output;
  EXPECT_TRUE(absl::StrContains(both.output, "[zoo.big_cats.tiger_2]")) << both.output;
}

TEST_F(NewPluginTest, AScheduleIsItsClosedFormLoadsAndDraws) {
  const fs::path folder = Write("schedule", "acme.square_root_decay");
  ExpectSameAsExample(folder, "schedule_plugin");
  const Outcome made = Make(folder, "test");
  ASSERT_EQ(made.status, 0) << made.output;
  EXPECT_TRUE(absl::StrContains(made.output, "[  PASSED  ]")) << made.output;
  const std::string plugin = " --plugin '" + (folder / "acme_square_root_decay.so").string() + "' ";
  const Outcome listed = Run("list" + plugin + "acme.square_root_decay");
  EXPECT_EQ(listed.status, 0) << listed.output;
  EXPECT_TRUE(absl::StrContains(listed.output, "From the plugin acme_square_root_decay.so."))
      << listed.output;
  EXPECT_TRUE(absl::StrContains(listed.output, "horizon")) << listed.output;
  EXPECT_TRUE(absl::StrContains(listed.output, "required")) << listed.output;
  const Outcome drawn = Run(
      "schedule" + plugin +
      "--text '[acme.square_root_decay] { initial_learning_rate: 0.5 decay_steps: 4 }' --at 0,12");
  EXPECT_EQ(drawn.status, 0) << drawn.output;
  EXPECT_TRUE(absl::StrContains(drawn.output, "0.25")) << drawn.output;
}

// The two commands of gradus/base/plugin.h, without a Makefile.
TEST_F(NewPluginTest, TwoCommandsBuildALibrary) {
  const fs::path folder = Write("schedule", "me.slow");
  const Outcome built = Shell(absl::StrCat(
      "export ", PkgConfigPath(), "; cd '", folder.string(), "' && mkdir build",
      " && eval protoc -Ime=. -I$(pkg-config --variable=protodir gradus) --cpp_out=build",
      " --include_source_info --descriptor_set_out=build/slow.descriptor_set slow.proto",
      " && eval g++ -std=c++17 -O3 -Wall -Wextra -Werror ", kSanitizerFlags,
      " -fPIC -shared slow.cc build/me/slow.pb.cc -Ibuild -o me_slow.so",
      " $(pkg-config --cflags --libs gradus)"));
  ASSERT_EQ(built.status, 0) << built.output;
  const Outcome listed = Run("list --plugin '" + (folder / "me_slow.so").string() + "' me.slow");
  EXPECT_EQ(listed.status, 0) << listed.output;
  EXPECT_TRUE(absl::StrContains(listed.output, "[me.slow]  (me.Slow)")) << listed.output;
}

TEST_F(NewPluginTest, NothingIsOverwritten) {
  const fs::path folder = Scratch() / "mine";
  fs::create_directories(folder);
  std::ofstream(folder / "lion.cc") << "mine";
  const Outcome refused = Run("new optimizer acme.lion --out '" + folder.string() + "'");
  EXPECT_EQ(refused.status, 1);
  EXPECT_TRUE(absl::StrContains(refused.output, "lion.cc is there already")) << refused.output;
  EXPECT_FALSE(fs::exists(folder / "lion.proto"));
}

TEST_F(NewPluginTest, ANameThatCannotBeIsAnErrorOfTheCommandLine) {
  const Outcome refused = Run("new schedule Slow");
  EXPECT_EQ(refused.status, 2);
  EXPECT_TRUE(absl::StrContains(refused.output, "has no package")) << refused.output;
}

// Its files are older than what was built, as those of a package are.
TEST_F(NewPluginTest, AnotherGradusBuildsEverythingAnew) {
  ASSERT_EQ(Lion().status, 0) << Lion().output;
  const fs::path folder = Write("schedule", "acme.anew");
  CopyKit(folder);
  const std::string all = "acme_anew.so build/anew_test", library = "acme_anew.so";
  ASSERT_EQ(Make(folder, all).status, 0);
  EXPECT_EQ(Make(folder, "--question " + all).status, 0);
  const std::string list = "list --plugin '" + (folder / library).string() + "' acme.anew";
  EXPECT_EQ(Run(list).status, 0);

  const fs::path header = Prefix() / "include/gradus/base/plugin_abi.h";
  const std::string before = ReadAll(header);
  const std::string after =
      absl::StrReplaceAll(before, {{"GRADUS_PLUGIN_ABI ", "GRADUS_PLUGIN_ABI 1"}});
  ASSERT_NE(after, before);
  WriteText(header, after);
  const Outcome planned = Make(folder, "--dry-run " + all);
  for (const char* object : {"build/anew.o", "build/anew.pb.o", "build/anew_test.o",
                             "build/kit/schedule_conformance.o", "build/acme/anew.pb.cc"}) {
    EXPECT_TRUE(absl::StrContains(planned.output, object)) << object << "\n" << planned.output;
  }
  // The library is another Gradus' now.
  const Outcome made = Make(folder, library);
  EXPECT_EQ(made.status, 0) << made.output;
  EXPECT_EQ(Run(list).status, 1);

  WriteText(header, before);
  EXPECT_EQ(Make(folder, library).status, 0);
  const Outcome listed = Run(list);
  EXPECT_EQ(listed.status, 0) << listed.output;

  // Another kit is another test, too.
  const fs::path kit = Prefix() / "share/gradus/testing/gradus/testing/schedule_conformance.cc";
  const std::string source = ReadAll(kit);
  ASSERT_NE(source, "");
  EXPECT_EQ(Make(folder, "--question " + library).status, 0);
  WriteText(kit, source + "\n");
  EXPECT_EQ(Make(folder, "--question " + library).status, 1);
  WriteText(kit, source);
}

TEST_F(NewPluginTest, WhatItPrintsCanBeRun) {
  ASSERT_EQ(Lion().status, 0) << Lion().output;
  // As a shell finds the program, and with a word that needs quotes.
  const std::string before = "cd '" + Scratch().string() + "' && PATH='" +
                             (Prefix() / "bin").string() + "':\"$PATH\" && export PATH && ";
  const std::string folder = "what it's called";
  const Outcome written =
      Shell(before + "gradus new schedule acme.printed --out \"" + folder + "\"");
  ASSERT_EQ(written.status, 0) << written.output;
  std::vector<std::string> commands;
  for (const std::string& line : std::vector<std::string>(absl::StrSplit(written.output, '\n'))) {
    if (absl::StartsWith(line, "    ")) commands.push_back(line.substr(4));
  }
  ASSERT_EQ(commands.size(), 2u) << written.output;
  EXPECT_TRUE(absl::StartsWith(commands[0], "make -C ")) << commands[0];
  const std::string sanitizer = kSanitizerFlags;
  if (!sanitizer.empty()) {
    commands[0] += " CXXFLAGS='-O1 -Wall -Wextra -Werror " + sanitizer + "'";
  }
  const Outcome made = Shell(before + commands[0]);
  EXPECT_EQ(made.status, 0) << made.output;
  EXPECT_TRUE(absl::StrContains(made.output, "[  PASSED  ]")) << made.output;
  const Outcome listed = Shell(before + commands[1]);
  EXPECT_EQ(listed.status, 0) << listed.output;
  EXPECT_TRUE(absl::StrContains(listed.output, "[acme.printed]")) << listed.output;
}

}  // namespace
}  // namespace gradus
