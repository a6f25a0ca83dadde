// Paths in a configuration are those of its folder: every field whose rule says that it is a file,
// wherever it stands.

#include <gtest/gtest.h>

#include "gradus/api/run_file.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

RunConfig Parse(const std::string& text) {
  auto file = RunFile::Parse(text, "text", {}, "/nowhere/there");
  EXPECT_TRUE(file.ok()) << file.status();
  return file.ok() ? WithAbsolutePaths(file->config(), file->directory()) : RunConfig();
}

TEST(FilePathsTest, AreAbsoluteWhereverTheyStand) {
  const RunConfig config = Parse(R"(
    data {
      train { csv { path: "train.csv" field { input: "x" column: "y" } } }
      test {
        idx { field { input: "x" path: "a/x.idx" } field { input: "y" path: "/b/y.idx" } }
      }
      validation { source { csv { path: "../validation.csv" } } }
    }
    optimizer {
      learning_rate {
        product { factor { constant: 1 } factor { table { path: "rates.csv" } } }
      }
      group { name: "g" match: ".*" learning_rate { table { path: "g.csv" } } }
    }
  )");
  const DataConfig& data = config.data();
  EXPECT_EQ(data.train().csv().path(), "/nowhere/there/train.csv");
  EXPECT_EQ(data.test().idx().field(0).path(), "/nowhere/there/a/x.idx");
  EXPECT_EQ(data.test().idx().field(1).path(), "/b/y.idx");
  EXPECT_EQ(data.validation().source().csv().path(), "/nowhere/there/../validation.csv");
  const OptimizerConfig& optimizer = config.optimizer();
  EXPECT_EQ(optimizer.learning_rate().product().factor(1).table().path(),
            "/nowhere/there/rates.csv");
  EXPECT_EQ(optimizer.group(0).learning_rate().table().path(), "/nowhere/there/g.csv");
}

TEST(FilePathsTest, OtherTextsStayAsTheyAre) {
  const std::string text = R"(
    model { name: "small" input { name: "x" shape: 3 } }
    data { train { csv { path: "/t.csv" field { input: "x" column: "y" } } } batch_size: 8 }
    optimizer { adam {} learning_rate { constant: 1 } group { name: "g" match: "x/.*" } }
  )";
  auto file = RunFile::Parse(text, "text", {}, "/nowhere/there");
  ASSERT_TRUE(file.ok()) << file.status();
  EXPECT_EQ(PrintTextConfig(WithAbsolutePaths(file->config(), file->directory())),
            PrintTextConfig(file->config()));
}

}  // namespace
}  // namespace gradus
