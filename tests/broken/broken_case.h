// A broken text and its exact message, as a file: lines `#set PATH=VALUE` are settings, lines `#> `
// together are the whole message. They are comments of the language, so that the file is parsed as
// it stands and its positions count them.

#ifndef GRADUS_TESTS_BROKEN_BROKEN_CASE_H_
#define GRADUS_TESTS_BROKEN_BROKEN_CASE_H_

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

namespace gradus {

struct BrokenCase {
  std::string file;  // As messages name it.
  std::string text;
  std::vector<std::string> settings;
  std::string message;
  std::vector<std::string> lines;
};

inline BrokenCase ReadBrokenCase(const std::string& folder, const std::string& name) {
  BrokenCase broken;
  broken.file = absl::StrCat(name, ".pbtxt");
  const absl::StatusOr<std::string> text =
      ReadConfigFile(absl::StrCat(folder, "/", broken.file));
  EXPECT_TRUE(text.ok()) << text.status();
  if (!text.ok()) return broken;
  broken.text = *text;
  broken.lines = absl::StrSplit(*text, '\n');
  std::vector<std::string> message;
  for (absl::string_view line : broken.lines) {
    if (absl::StartsWith(line, "#set ")) broken.settings.emplace_back(line.substr(5));
    if (absl::StartsWith(line, "#> ")) message.emplace_back(line.substr(3));
  }
  broken.message = absl::StrJoin(message, "\n");
  EXPECT_NE(broken.message, "") << name << " does not say what is wrong with it";
  return broken;
}

inline std::vector<std::string> BrokenCasesIn(const std::string& folder) {
  std::vector<std::string> names;
  DIR* files = opendir(folder.c_str());
  if (files == nullptr) return names;
  while (const dirent* entry = readdir(files)) {
    const std::string name = entry->d_name;
    if (absl::EndsWith(name, ".pbtxt")) names.push_back(name.substr(0, name.size() - 6));
  }
  closedir(files);
  std::sort(names.begin(), names.end());
  return names;
}

inline std::string BrokenCaseName(const testing::TestParamInfo<std::string>& info) {
  return info.param;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_BROKEN_BROKEN_CASE_H_
