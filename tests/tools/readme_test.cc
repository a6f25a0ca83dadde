// README.md, held to what there is: the commands that change a rate run as they stand, in their
// order.

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/str_split.h"
#include "absl/strings/strip.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

TEST(Readme, TheCommandsThatChangeARateRunAsTheyStand) {
  const std::string folder = FreshFolder("readme");
  std::vector<std::string> commands;
  for (absl::string_view line : absl::StrSplit(Contents("README.md"), '\n')) {
    if (!absl::ConsumePrefix(&line, "    gradus ") || !absl::StrContains(line, "runs/second")) {
      continue;
    }
    commands.push_back(absl::StrReplaceAll(line, {{"runs/second", folder + "/second"}}));
  }
  ASSERT_EQ(commands.size(), 7u);
  for (size_t i = 0; i < commands.size(); ++i) {
    const bool last = i + 1 == commands.size();
    std::string command = commands[i].substr(0, commands[i].find(" #"));
    if (last) absl::StrAppend(&command, " --run_dir '", folder, "/replayed'");
    const Outcome outcome = RunShell("$GRADUS " + command);
    EXPECT_EQ(outcome.code, i == 0 ? 4 : 0) << command << "\n" << outcome.err;
  }
  EXPECT_NE(Contents(folder + "/second/model.safetensors"), "");
  EXPECT_EQ(Contents(folder + "/second/model.safetensors"),
            Contents(folder + "/replayed/model.safetensors"));
}

TEST(Readme, TheCommandsFromATableToAModelRunAsTheyStand) {
  const std::string folder = FreshFolder("readme_table");
  int commands = 0;
  for (absl::string_view line : absl::StrSplit(Contents("README.md"), '\n')) {
    if (!absl::ConsumePrefix(&line, "    gradus ") || !absl::StrContains(line, "diabetes") ||
        absl::StrContains(line, "patients.csv")) {
      continue;
    }
    const std::string command = absl::StrReplaceAll(
        line.substr(0, line.find(" #")), {{"runs/", folder + "/"},
                                          {" diabetes.pbtxt", " '" + folder + "/diabetes.pbtxt'"},
                                          {"predictions.csv", folder + "/predictions.csv"}});
    const Outcome outcome = RunShell("$GRADUS " + command);
    EXPECT_EQ(outcome.code, 0) << command << "\n" << outcome.err;
    ++commands;
  }
  EXPECT_EQ(commands, 8);
  EXPECT_TRUE(absl::StartsWith(Contents(folder + "/predictions.csv"), "progression\n"));
}

}  // namespace
}  // namespace gradus
