// The version is written twice, for the build and for the manifests of plugins.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "gradus/base/plugin.h"
#include "tests/install/installed_tree.h"

namespace gradus {
namespace {

using VersionTest = InstalledTree;

TEST_F(VersionTest, OfTheInstalledTreeIsThatOfItsPlugins) {
  std::ifstream file(Prefix() / "lib/pkgconfig/gradus.pc");
  std::ostringstream text;
  text << file.rdbuf();
  EXPECT_NE(text.str().find("\nVersion: " GRADUS_VERSION "\n"), std::string::npos) << text.str();
}

}  // namespace
}  // namespace gradus
