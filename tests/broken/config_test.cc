// Broken configurations, each with its exact message.
//
// A case is a file of testdata: lines `#set PATH=VALUE` are settings, lines `#> ` together are the
// whole message. They are comments of the language, so that the file is parsed as it stands and its
// positions count them.

#include <dirent.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"
#include "absl/strings/str_split.h"
#include "gradus/base/text_config.h"
#include "gradus/run.pb.h"

namespace gradus {
namespace {

constexpr char kFolder[] = "tests/broken/testdata/";

std::vector<std::string> Cases() {
  std::vector<std::string> names;
  DIR* folder = opendir(kFolder);
  if (folder == nullptr) return names;
  while (const dirent* entry = readdir(folder)) {
    const std::string name = entry->d_name;
    if (absl::EndsWith(name, ".pbtxt")) names.push_back(name.substr(0, name.size() - 6));
  }
  closedir(folder);
  std::sort(names.begin(), names.end());
  return names;
}

class BrokenConfigTest : public testing::TestWithParam<std::string> {};

TEST_P(BrokenConfigTest, IsRefusedWithExactlyThisMessage) {
  const std::string file = absl::StrCat(GetParam(), ".pbtxt");
  const absl::StatusOr<std::string> text = ReadConfigFile(absl::StrCat(kFolder, file));
  ASSERT_TRUE(text.ok()) << text.status();
  std::vector<std::string> settings, expected;
  for (absl::string_view line : absl::StrSplit(*text, '\n')) {
    if (absl::StartsWith(line, "#set ")) settings.emplace_back(line.substr(5));
    if (absl::StartsWith(line, "#> ")) expected.emplace_back(line.substr(3));
  }
  ASSERT_FALSE(expected.empty());

  Diagnostics diagnostics;
  ParseTextConfig(*text, file, RunConfig::default_instance(), settings, &diagnostics);
  EXPECT_EQ(diagnostics.ToStatus().code(), absl::StatusCode::kInvalidArgument);
  EXPECT_EQ(diagnostics.ToStatus().message(), absl::StrJoin(expected, "\n"));
  for (const Finding& finding : diagnostics.findings()) EXPECT_FALSE(finding.code.empty());
}

INSTANTIATE_TEST_SUITE_P(Files, BrokenConfigTest, testing::ValuesIn(Cases()),
                         [](const testing::TestParamInfo<std::string>& info) {
                           return info.param;
                         });

TEST(BrokenConfigsTest, ThereAreManyOfThem) { EXPECT_GE(Cases().size(), 45u); }

}  // namespace
}  // namespace gradus
