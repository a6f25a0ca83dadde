// Graphviz draws where it is, and otherwise the message says what to do.

#include "gradus/api/graphviz.h"

#include <gtest/gtest.h>

#include <cstdlib>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace gradus {
namespace {

TEST(Graphviz, SaysWhatToInstall) {
  const absl::StatusOr<std::string> svg =
      DotToSvg("digraph {}", absl::Seconds(60), "no-such-program");
  EXPECT_TRUE(absl::IsNotFound(svg.status()));
  EXPECT_EQ(
      svg.status().message(),
      "a picture of the graph needs the program \"no-such-program\" of Graphviz, which is not "
      "installed: apt-get install graphviz; --format dot writes the graph for a machine that "
      "has it");
}

TEST(Graphviz, TellsWhatTheProgramSays) {
  // `false` ends with 1 whatever it is asked.
  EXPECT_EQ(DotToSvg("", absl::Seconds(60), "false").status().message(), "false ended with 1: ");
}

// `cat` would give back what it reads, but it knows no -Tsvg; a graph larger than a pipe holds must not
// block either side.
TEST(Graphviz, ALargeGraphDoesNotBlock) {
  const absl::StatusOr<std::string> svg =
      DotToSvg(std::string(1 << 22, 'x'), absl::Seconds(60), "cat");
  EXPECT_TRUE(absl::IsUnavailable(svg.status())) << svg.status();
}

TEST(Graphviz, Draws) {
  if (std::system("dot -V >/dev/null 2>&1") != 0) GTEST_SKIP() << "Graphviz is not installed";
  const absl::StatusOr<std::string> svg = DotToSvg("digraph { first -> second }");
  ASSERT_TRUE(svg.ok()) << svg.status();
  EXPECT_TRUE(absl::StrContains(*svg, "<svg"));
  EXPECT_TRUE(absl::StrContains(*svg, ">second</text>"));
  EXPECT_TRUE(absl::StrContains(DotToSvg("digraph { -> }").status().message(), "syntax error"));
}

}  // namespace
}  // namespace gradus
