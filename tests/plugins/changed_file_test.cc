// Files that are broken, or that change: nothing of that harms the host, and a good library can still be loaded.

#include <gtest/gtest.h>
#include <utime.h>

#include <cstdlib>
#include <random>
#include <string>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/plugin.h"
#include "gradus/base/registry.h"
#include "tests/plugins/plugin_testing.h"

namespace gradus {
namespace {

TEST(AChangedFile, IsRefusedWhenItChangesWhileItIsTried) {
  const std::string path = WriteBytes("touched.so", BytesOf(Library("hostile")));
  setenv("GRADUS_TEST_FILE", path.c_str(), 1);
  const Hostile hostile("touch");
  EXPECT_EQ(Refused(path), absl::StrCat("plugin ", path,
                                        " was replaced or written to while it was loaded; load it again"));
}

// The library ends the process that it is loaded into, so that this one is the last to do it. A flip may make it harmless.
TEST(AChangedFile, WithFlippedBytesNeverHarmsTheHost) {
  const std::string good = BytesOf(Library("hostile"));
  const Hostile hostile("_exit 0");
  PluginOptions options;
  options.timeout_seconds = 10;
  std::mt19937 random(11);
  int tried = 0;
  for (int i = 0; i < 120; ++i) {
    std::string bytes = good;
    for (int flips = 1 + i % 4; flips > 0; --flips) {
      bytes[random() % bytes.size()] ^= static_cast<char>(1 << random() % 8);
    }
    const absl::StatusOr<LoadedPlugin> loaded =
        LoadPlugin(WriteBytes(absl::StrCat("flipped", i, ".so"), bytes), options);
    if (loaded.ok()) continue;
    ASSERT_TRUE(absl::StrContains(loaded.status().message(), ".so ")) << loaded.status();
    tried += absl::StrContains(loaded.status().message(), "the process that tried it") ? 1 : 0;
  }
  EXPECT_GT(tried, 20);  // Most flips are in what only the trial sees.
}

TEST(AChangedFile, IsNotTheOneThatWasLoaded) {
  const std::string path = WriteBytes("libacme_tilt.so", BytesOf(Library("acme_tilt")));
  const auto loaded = LoadPlugin(path);
  ASSERT_TRUE(loaded.ok()) << loaded.status();
  EXPECT_EQ(loaded->name, "acme_tilt");
  EXPECT_TRUE(IsRegistered("acme.tilt"));
  ASSERT_TRUE(LoadPlugin(path).ok());
  const utimbuf later = {2000000000, 2000000000};
  ASSERT_EQ(utime(path.c_str(), &later), 0);
  EXPECT_EQ(Refused(path), absl::StrCat("plugin ", path,
                                        " has changed since it was loaded; a new process loads it anew"));
}

}  // namespace
}  // namespace gradus
