// What goes on in a host meanwhile, and what is left of a library that only fails there.

#include <fenv.h>
#include <gtest/gtest.h>

#include <atomic>
#include <csignal>
#include <string>
#include <thread>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "google/protobuf/text_format.h"
#include "gradus/api/plugin.h"
#include "gradus/api/run_file.h"
#include "gradus/base/registry.h"
#include "tests/plugins/plugin_testing.h"

namespace gradus {
namespace {

TEST(AHost, MayChangeWhatIsItsOwnWhileALibraryIsLoaded) {
  std::atomic<bool> ended{false};
  std::thread host([&ended] {
    while (!ended) {
      signal(SIGUSR1, SIG_IGN);
      signal(SIGUSR1, SIG_DFL);
    }
    signal(SIGUSR1, SIG_IGN);
  });
  for (const char* name : {"acme_tilt", "acme_ramp"}) {
    const auto loaded = LoadPlugin(Library(name));
    EXPECT_TRUE(loaded.ok()) << loaded.status();
  }
  ended = true;
  host.join();
  EXPECT_TRUE(signal(SIGUSR1, SIG_DFL) == SIG_IGN);  // Nobody has put anything back.
}

// Of a library that fails at the last moment the code stays mapped and its messages stay linked. Its rules are not accepted, the
// thread is as it was, and another attempt says why it is none.
TEST(AHost, KeepsTheCodeOfALibraryThatFailsAtTheLastMomentButNotItsRules) {
  const Hostile hostile("round where it is not tried");
  const absl::StatusOr<LoadedPlugin> loaded = LoadPlugin(Library("hostile"));
  EXPECT_EQ(loaded.status().message(),
            absl::StrCat("plugin ", Library("hostile"),
                         " changes the floating-point mode (it rounds the other way) here, unlike "
                         "in the process that tried it"));
  EXPECT_EQ(fegetround(), FE_TONEAREST);
  EXPECT_FALSE(IsRegistered("hostile.rule"));
  EXPECT_EQ(Refused(Library("hostile")),
            absl::StrCat(
                "plugin ", Library("hostile"),
                " is in this process already, but not as a plugin: it was linked to the program, "
                "or an earlier attempt to load it has failed at the last moment"));
}

// The messages are there, which is all that this takes.
TEST(AHost, TakesOnlyTextsForPaths) {
  RunConfig config;
  ASSERT_TRUE(google::protobuf::TextFormat::ParseFromString(
      "data { train { csv { path: 'rows.csv' } } } optimizer { [hostile.rule] { depth: 3 } }",
      &config));
  const RunConfig absolute = WithAbsolutePaths(config, "/nowhere");
  EXPECT_TRUE(absl::StrContains(absolute.ShortDebugString(), "\"/nowhere/rows.csv\""))
      << absolute.ShortDebugString();
  EXPECT_TRUE(absl::StrContains(absolute.ShortDebugString(), "depth: 3"));
}

}  // namespace
}  // namespace gradus
