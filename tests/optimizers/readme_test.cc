// optimizers/README.md, held to what there is: every text that is said to reproduce a library is an
// optimizer.

#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_split.h"
#include "tests/testing/under_update.h"

namespace gradus {
namespace {

std::string Readme() {
  std::ifstream file("optimizers/README.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

TEST(OptimizersReadmeTest, EveryTextInItIsAnOptimizer) {
  std::string text;
  bool in_block = false;
  int texts = 0;
  for (absl::string_view line : absl::StrSplit(Readme(), '\n')) {
    if (absl::StartsWith(line, "```")) in_block = !in_block;
    if (!in_block || line.empty() || absl::StartsWith(line, "```") || line[0] == '#') continue;
    absl::StrAppend(&text, line, "\n");
    if (absl::StartsWith(line, " ") || absl::EndsWith(line, "{")) continue;  // It goes on.
    const auto optimizer = ParseOptimizer(text);
    EXPECT_TRUE(optimizer.ok() && (*optimizer)->rule != nullptr) << text << optimizer.status();
    EXPECT_TRUE(optimizer.ok() && (*optimizer)->config.has_learning_rate()) << text;
    ++texts;
    text.clear();
  }
  EXPECT_GT(texts, 40);
}

}  // namespace
}  // namespace gradus
