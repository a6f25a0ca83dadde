// Broken runs, each with its exact message: what `gradus check` finds beyond the language and its
// rules when schedules, clocks, controllers, groups, followed numbers, monitors and files meet the
// model and the data.
//
// A case holds what is broken; the model and the data follow it, so that its positions are those of
// the file. `#without data` and `#without validation` are lines that leave these out.

#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <climits>
#include <cstdlib>
#include <string>
#include <vector>

#include "absl/strings/str_replace.h"
#include "gradus/api/summary.h"
#include "tests/broken/broken_case.h"

namespace gradus {
namespace {

constexpr char kFolder[] = "tests/broken/testdata/runs";

constexpr char kModel[] = R"(
model {
  input { name: "x" shape: 1 }
  input { name: "y" shape: 1 }
  layer { name: "drop" input: "x" dropout { rate: 0.25 } }
  layer { name: "out" dense { units: 1 } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
  metric { name: "distance" mean_absolute_error { prediction: "out" label: "y" } }
}
)";

std::string DataPart(bool validation) {
  return absl::StrCat(
      "data { train { csv { path: \"points.csv\" field { input: \"x\" column: \"x\" }"
      " field { input: \"y\" column: \"y\" } } } batch_size: 2 ",
      validation ? "validation { fraction: 0.2 } " : "", "}\n");
}

// Files that exist have absolute paths in messages; these are the same on every machine. A test's
// files may be links into another tree.
std::string WithinTheTree(absl::string_view message) {
  const std::string points = absl::StrCat(kFolder, "/points.csv");
  char real[PATH_MAX], here[PATH_MAX];
  if (realpath(points.c_str(), real) == nullptr || getcwd(here, sizeof(here)) == nullptr) return "";
  const std::string root = std::string(real, std::string(real).size() - points.size());
  return absl::StrReplaceAll(message, {{root, ""}, {absl::StrCat(here, "/"), ""}});
}

absl::Status Check(const std::string& text, const std::string& file,
                   const std::vector<std::string>& settings) {
  absl::StatusOr<RunFile> run = RunFile::Parse(text, file, settings, kFolder);
  if (!run.ok()) return run.status();
  return Summarize(*std::move(run)).status();
}

class BrokenRunTest : public testing::TestWithParam<std::string> {};

TEST_P(BrokenRunTest, IsRefusedWithExactlyThisMessage) {
  const BrokenCase broken = ReadBrokenCase(kFolder, GetParam());
  const auto has = [&broken](absl::string_view line) {
    return std::find(broken.lines.begin(), broken.lines.end(), line) != broken.lines.end();
  };
  const std::string rest = absl::StrCat(
      kModel, has("#without data") ? "" : DataPart(/*validation=*/!has("#without validation")));
  const absl::Status status = Check(broken.text + rest, broken.file, broken.settings);
  EXPECT_EQ(WithinTheTree(status.message()), broken.message);
}

INSTANTIATE_TEST_SUITE_P(Files, BrokenRunTest, testing::ValuesIn(BrokenCasesIn(kFolder)),
                         BrokenCaseName);

TEST(BrokenRunsTest, ThereAreManyOfThem) { EXPECT_GE(BrokenCasesIn(kFolder).size(), 95u); }

// What they are appended to is itself sound, or they would prove nothing.
TEST(BrokenRunsTest, WhatFollowsTheCasesIsSound) {
  for (bool validation : {false, true}) {
    const absl::Status status =
        Check(absl::StrCat("optimizer { sgd {} }", kModel, DataPart(validation)), "sound.pbtxt", {});
    EXPECT_TRUE(status.ok()) << status;
  }
  const absl::Status status =
      Check(absl::StrCat("optimizer { sgd {} }", kModel), "sound.pbtxt", {});
  EXPECT_TRUE(status.ok()) << status;
}

}  // namespace
}  // namespace gradus
