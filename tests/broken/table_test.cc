// Broken data, each with its exact message: tables above all, then splits, arrays, images, and the
// model that meets them.
//
// A case has its files in it: behind `#file NAME` the lines `#| ` are the file, and `\000`, `\n` and
// the like in them are bytes; `#|- ` ends without a line feed. `#folder NAME` is an empty folder. A
// case is checked as `gradus check` does; with `#train` it is also trained, with `#predict FILE` (and
// `#id_column NAME`, `#out NAME`) rows are predicted by what was trained. A model follows the case
// that has none: `#model NAME` says which.

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <map>
#include <string>
#include <vector>

#include "absl/strings/escaping.h"
#include "absl/strings/str_replace.h"
#include "absl/strings/strip.h"
#include "gradus/api/predict_files.h"
#include "gradus/api/summary.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "tests/broken/broken_case.h"

namespace gradus {
namespace {

constexpr char kFolder[] = "tests/broken/testdata/tables";

constexpr char kNumbers[] = R"(
model {
  input { name: "x" shape: 2 }
  input { name: "y" shape: 1 }
  layer { name: "out" input: "x" dense { units: 1 } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
}
)";
constexpr char kAnyWidth[] = R"(
model {
  input { name: "x" }
  input { name: "y" shape: 1 }
  layer { name: "out" input: "x" dense { units: 1 } }
  loss { mean_squared_error { prediction: "out" label: "y" } }
}
)";
constexpr char kClasses[] = R"(
model {
  input { name: "x" shape: 2 }
  input { name: "label" type: INT32 }
  layer { name: "out" input: "x" dense { units: 3 } }
  loss { sparse_categorical_crossentropy { prediction: "out" label: "label" } }
}
)";
constexpr char kImages[] = R"(
model {
  input { name: "image" }
  input { name: "label" type: INT32 }
  layer { name: "flat" input: "image" flatten {} }
  layer { name: "out" dense { units: 2 } }
  loss { sparse_categorical_crossentropy { prediction: "out" label: "label" } }
}
)";

struct TableCase {
  std::string model = "numbers", predict, id_column, out = "predictions.csv";
  bool train = false;
  std::vector<std::pair<std::string, std::string>> files;
  std::vector<std::string> folders;
};

TableCase ReadTableCase(const BrokenCase& broken) {
  TableCase table;
  for (absl::string_view line : broken.lines) {
    const auto takes = [&line](absl::string_view word, std::string* value) {
      if (absl::ConsumePrefix(&line, word)) *value = std::string(line);
    };
    takes("#model ", &table.model);
    takes("#predict ", &table.predict);
    takes("#id_column ", &table.id_column);
    takes("#out ", &table.out);
    if (line == "#train") table.train = true;
    if (absl::ConsumePrefix(&line, "#folder ")) table.folders.emplace_back(line);
    if (absl::ConsumePrefix(&line, "#file ")) table.files.emplace_back(line, "");
    if (!absl::ConsumePrefix(&line, "#|")) continue;
    const bool feeds = !absl::ConsumePrefix(&line, "-");
    absl::ConsumePrefix(&line, " ");
    std::string bytes;
    EXPECT_TRUE(absl::CUnescape(line, &bytes)) << line;
    table.files.back().second += bytes + (feeds ? "\n" : "");
  }
  return table;
}

// The folder of the case, with its files in it.
std::string MakeFolder(const std::string& name, const TableCase& table) {
  const std::string folder = absl::StrCat(testing::TempDir(), "broken_tables/", name);
  EXPECT_TRUE(RemoveTree(folder).ok());
  EXPECT_TRUE(MakeFolders(folder).ok());
  for (const std::string& inner : table.folders) {
    EXPECT_TRUE(MakeFolders(absl::StrCat(folder, "/", inner)).ok());
  }
  for (const auto& [file, bytes] : table.files) {
    const std::string path = absl::StrCat(folder, "/", file);
    EXPECT_TRUE(MakeFolders(path.substr(0, path.rfind('/'))).ok());
    EXPECT_TRUE(WriteFile(path, bytes).ok());
  }
  return folder;
}

std::string WholeText(const BrokenCase& broken, const std::string& model) {
  static const auto* const models = new std::map<std::string, std::string>{
      {"numbers", kNumbers}, {"any_width", kAnyWidth}, {"classes", kClasses}, {"images", kImages}};
  std::string text = broken.text;
  if (!absl::StrContains(text, "model {")) absl::StrAppend(&text, models->at(model));
  if (!absl::StrContains(text, "optimizer {")) absl::StrAppend(&text, "optimizer { sgd {} }\n");
  return absl::StrCat(text, "run { epochs: 1 threads: 1 }\n");
}

absl::Status RunCase(const BrokenCase& broken, const TableCase& table, const std::string& folder) {
  const std::string text = WholeText(broken, table.model);
  absl::StatusOr<RunFile> run = RunFile::Parse(text, broken.file, broken.settings, folder);
  if (!run.ok()) return run.status();
  if (!table.train && table.predict.empty()) return Summarize(*std::move(run)).status();
  const absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(*std::move(run));
  // What is found by `gradus check` need not be trained to be found.
  EXPECT_TRUE(trainer.ok()) << trainer.status();
  if (!trainer.ok()) return trainer.status();
  const absl::StatusOr<LoopEnd> end = (*trainer)->Train();
  if (!end.ok() || table.predict.empty()) return end.status();
  PredictOptions options;
  options.model = absl::StrCat(folder, "/saved");
  options.input = absl::StrCat(folder, "/", table.predict);
  options.output = absl::StrCat(folder, "/", table.out);
  options.id_column = table.id_column;
  const absl::Status saved = (*trainer)->SaveModel(options.model);
  EXPECT_TRUE(saved.ok()) << saved;
  return PredictFiles(options).status();
}

class BrokenTableTest : public testing::TestWithParam<std::string> {};

TEST_P(BrokenTableTest, IsRefusedWithExactlyThisMessage) {
  const BrokenCase broken = ReadBrokenCase(kFolder, GetParam());
  const TableCase table = ReadTableCase(broken);
  const std::string folder = MakeFolder(GetParam(), table);
  const absl::Status status = RunCase(broken, table, folder);
  EXPECT_EQ(absl::StrReplaceAll(status.message(), {{folder + "/", ""}}), broken.message);
}

INSTANTIATE_TEST_SUITE_P(Files, BrokenTableTest, testing::ValuesIn(BrokenCasesIn(kFolder)),
                         BrokenCaseName);

// What they are made of is itself sound, or they would prove nothing.
TEST(BrokenTablesTest, TheModelsAreSound) {
  for (const auto& [model, label] :
       {std::pair("numbers", "y"), std::pair("any_width", "y"), std::pair("classes", "label")}) {
    BrokenCase sound;
    sound.file = "sound.pbtxt";
    sound.text = absl::StrCat(
        "data { train { csv { path: 't.csv' field { input: 'x' except: 'y' } field { input: '",
        label, "' column: 'y' } } } batch_size: 2 }");
    TableCase table;
    table.model = model;
    table.files = {{"t.csv", "a,b,y\n1,2,0\n3,4,1\n"}};
    table.predict = "t.csv";
    const absl::Status status = RunCase(sound, table, MakeFolder("sound", table));
    EXPECT_TRUE(status.ok()) << model << ": " << status;
  }
}

TEST(BrokenTablesTest, ThereAreManyOfThem) { EXPECT_GE(BrokenCasesIn(kFolder).size(), 270u); }

}  // namespace
}  // namespace gradus
