// The example plugins build and pass with Bazel against an installed tree, as what `gradus new`
// writes does: a workspace outside of this one, a Bazel with an output folder of its own, nothing
// fetched.

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "tests/install/installed_tree.h"

namespace gradus {
namespace {

using BazelTest = InstalledTree;

// One Bazel for both: the schedule's package lies in the optimizer's workspace, which is told from its
// own by the name only.
TEST_F(BazelTest, BothExamplesBuildAndPass) {
#ifdef __SANITIZE_ADDRESS__
  GTEST_SKIP() << "what Bazel builds has no sanitizer, and then this library does not load it";
#endif
  const fs::path folder = Scratch() / "workspace", outputs = Scratch() / "outputs";
  fs::copy("examples/optimizer_plugin", folder, fs::copy_options::recursive);
  fs::copy("examples/schedule_plugin", folder / "schedule", fs::copy_options::recursive);
  for (const char* file : {".bazelrc", "find_gradus.bzl"}) {
    const Outcome same = Shell("cd '" + folder.string() + "' && cmp " + file + " schedule/" + file);
    EXPECT_EQ(same.status, 0) << same.output;
  }
  const Outcome named = Shell("cd '" + folder.string() +
                              "' && sed s/acme_square_root_decay/acme_lion/ schedule/WORKSPACE | "
                              "cmp WORKSPACE && rm schedule/WORKSPACE");
  EXPECT_EQ(named.status, 0) << named.output;

  const std::string bazel = absl::StrCat("env --unset=TEST_TMPDIR ", PkgConfigPath(),
                                         "bazel --output_user_root='", outputs.string(), "' ");
  const Outcome tested =
      Shell(absl::StrCat("cd '", folder.string(), "' && ", bazel, "test --jobs=2 //... ; code=$?; ",
                         bazel, "shutdown; chmod -R u+w '", outputs.string(), "'; exit $code"));
  EXPECT_EQ(tested.status, 0) << tested.output;
  EXPECT_TRUE(absl::StrContains(tested.output, "Executed 4 out of 4 tests: 4 tests pass"))
      << tested.output;
}

}  // namespace
}  // namespace gradus
