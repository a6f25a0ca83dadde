// The example plugins build and pass with Bazel against an installed tree, as what `gradus new`
// writes does: a workspace outside of this one, a Bazel with an output folder of its own, nothing
// fetched.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/install/installed_tree.h"

namespace gradus {
namespace {

class BazelTest : public InstalledTree {
 protected:
  static void ExpectPasses(const std::string& example) {
    // A workspace cannot have a blank in its path.
    const fs::path folder = Scratch() / example, outputs = Scratch() / (example + "_outputs");
    fs::copy("examples/" + example, folder, fs::copy_options::recursive);
    const std::string bazel = absl::StrCat("env --unset=TEST_TMPDIR ", PkgConfigPath(),
                                           "bazel --output_user_root='", outputs.string(), "' ");
    const Outcome tested = Shell(
        absl::StrCat("cd '", folder.string(), "' && ", bazel, "test --jobs=2 //... ; code=$?; ",
                     bazel, "shutdown; chmod -R u+w '", outputs.string(), "'; exit $code"));
    EXPECT_EQ(tested.status, 0) << tested.output;
    EXPECT_TRUE(absl::StrContains(tested.output, "Executed 2 out of 2 tests: 2 tests pass"))
        << tested.output;
  }
};

TEST_F(BazelTest, TheOptimizerBuildsAndPasses) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "what Bazel builds has no sanitizer, and then this library does not load it";
#endif
  ExpectPasses("optimizer_plugin");
}

TEST_F(BazelTest, TheScheduleBuildsAndPasses) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "what Bazel builds has no sanitizer, and then this library does not load it";
#endif
  ExpectPasses("schedule_plugin");
}

}  // namespace
}  // namespace gradus
