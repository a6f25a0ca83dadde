// What `gradus new` writes builds with make against an installed tree, passes its own test, and is
// loaded: the example plugins are what it writes, and another name is as good.
//
// Both build the conformance kit's objects, so one is built and the others are given a copy.

#include <fstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/install/installed_tree.h"

namespace gradus {
namespace {

class NewPluginTest : public InstalledTree {
 protected:
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

  static Outcome Run(const std::string& arguments) { return Shell(Program() + " " + arguments); }
};

void ExpectSameAsExample(const fs::path& folder, const std::string& example) {
  const Outcome same = Shell("diff -r '" + folder.string() + "' examples/" + example);
  EXPECT_EQ(same.status, 0) << same.output;
}

TEST_F(NewPluginTest, AnOptimizerPassesTheKitLoadsAndTrains) {
  const fs::path folder = Write("optimizer", "acme.lion");
  ExpectSameAsExample(folder, "optimizer_plugin");
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
  const fs::path lion = Scratch() / "acme.lion";
  ASSERT_TRUE(fs::exists(lion / "build/kit")) << "the test before this one has not built it";
  fs::create_directories(folder / "build");
  fs::copy(lion / "build/kit", folder / "build/kit");
  const Outcome made = Make(folder, "test");
  ASSERT_EQ(made.status, 0) << made.output;
  EXPECT_TRUE(absl::StrContains(made.output, "[  PASSED  ]")) << made.output;
  const Outcome both = Run("list --plugin '" + (lion / "acme_lion.so").string() + "' --plugin '" +
                           (folder / "zoo_big_cats_tiger_2.so").string() + "'");
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

TEST_F(NewPluginTest, WhatItPrintsCanBeRun) {
  const Outcome written =
      Shell("cd '" + Scratch().string() + "' && " + Program() + " new schedule acme.printed");
  ASSERT_EQ(written.status, 0) << written.output;
  EXPECT_TRUE(absl::StrContains(written.output, "make -C 'printed' test PKG_CONFIG_PATH='"))
      << written.output;
  EXPECT_TRUE(fs::exists(Scratch() / "printed/printed.proto"));
}

}  // namespace
}  // namespace gradus
