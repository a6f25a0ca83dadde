// From a table with texts and gaps to a saved model and back: what was learned of the columns goes
// along with the weights.

#include <cmath>
#include <memory>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_replace.h"
#include "gradus/api/model_file.h"
#include "gradus/api/predictor.h"
#include "gradus/api/trainer.h"
#include "gradus/base/file.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"

namespace gradus {
namespace {

class TableModelTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = absl::StrCat(testing::TempDir(), "/table_model");
    ASSERT_TRUE(RemoveTree(folder_).ok());
    ASSERT_TRUE(MakeFolders(folder_).ok());
    std::string csv = "area,city,kind\n";
    for (int i = 0; i < 40; ++i) {
      absl::StrAppend(&csv, i % 7 == 0 ? "" : absl::StrCat(10 + i % 5), ",",
                      i % 3 == 0   ? "Oslo"
                      : i % 3 == 1 ? "Rome"
                                   : "\"Ny, Berg\"",
                      ",", i % 2 == 0 ? "house" : "flat", "\n");
    }
    ASSERT_TRUE(WriteFile(folder_ + "/t.csv", csv).ok());
  }

  std::unique_ptr<Trainer> Train(const std::string& columns) {
    const std::string text = absl::StrCat(R"(
      model {
        input { name: "x" }
        input { name: "kind" type: INT32 }
        layer { name: "out" input: "x" dense { units: 2 } }
        loss { sparse_categorical_crossentropy { prediction: "out" label: "kind" from_logits: true } }
      }
      data { train { csv { path: "t.csv" field { input: "x" )",
                                          columns, R"( }
               field { input: "kind" columns { name: "kind" categories {} } } } } batch_size: 8 }
      optimizer { adam {} learning_rate { constant: 0.05 } }
      run { epochs: 2 seed: 5 threads: 1 })");
    absl::StatusOr<RunFile> file = RunFile::Parse(text, "run.pbtxt", {}, folder_);
    EXPECT_TRUE(file.ok()) << file.status();
    if (!file.ok()) return nullptr;
    absl::StatusOr<std::unique_ptr<Trainer>> trainer = Trainer::Create(*std::move(file));
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    if (!trainer.ok()) return nullptr;
    EXPECT_TRUE((*trainer)->Train().ok());
    EXPECT_TRUE((*trainer)->SaveModel(Saved()).ok());
    return *std::move(trainer);
  }
  std::string Saved() const { return folder_ + "/saved"; }
  std::string Text() const { return *ReadFile(Saved() + "/model.pbtxt", 1 << 20); }

  std::string folder_;
};

TEST_F(TableModelTest, WidthsTreatmentsAndNamesGoAlongWithTheWeights) {
  const std::unique_ptr<Trainer> trainer = Train(
      "columns { name: 'area' impute: MEDIAN log: true standardise: true }"
      " columns { name: 'city' categories { unseen: OTHER } }");
  ASSERT_NE(trainer, nullptr);
  EXPECT_TRUE(absl::StrContains(Text(), "format_version: 2"));

  const auto predictor = Predictor::Load(Saved());
  ASSERT_TRUE(predictor.ok()) << predictor.status();
  ASSERT_EQ((*predictor)->inputs().size(), 1u);
  EXPECT_EQ((*predictor)->inputs()[0].dims, std::vector<int64_t>{5});
  EXPECT_EQ((*predictor)->preprocessing().ClassNames("kind"),
            (std::vector<std::string>{"flat", "house"}));

  // The rows of the file, and the same as numbers of a program, are the same examples.
  ASSERT_TRUE(WriteFile(folder_ + "/raw.csv", "city,area\nRome,12\nParis,\n").ok());
  const auto rows =
      OpenCsvForModel(folder_ + "/raw.csv", (*predictor)->inputs(), (*predictor)->preprocessing());
  ASSERT_TRUE(rows.ok()) << rows.status();
  std::vector<float> prepared(10);
  ASSERT_TRUE((*rows)->Read({0, 1}, {prepared.data()}).ok());
  const Tensor raw = Tensor::Of<double>({2, 2}, {12, 2, std::nan(""), 3});
  const auto applied = (*predictor)->preprocessing().Apply((*predictor)->inputs()[0], raw);
  ASSERT_TRUE(applied.ok()) << applied.status();
  EXPECT_EQ(std::vector<float>(applied->data<float>().begin(), applied->data<float>().end()),
            prepared);
  EXPECT_TRUE((*predictor)->Predict({{"x", raw}}).ok());
}

TEST_F(TableModelTest, WhatOlderProgramsKnowIsSavedAsTheyReadIt) {
  ASSERT_TRUE(WriteFile(folder_ + "/t.csv", "a,b,kind\n1,2,0\n3,5,1\n4,4,1\n").ok());
  const std::string text = R"(
      model {
        input { name: "x" }
        input { name: "kind" type: INT32 }
        layer { name: "out" input: "x" dense { units: 2 } }
        loss { sparse_categorical_crossentropy { prediction: "out" label: "kind" from_logits: true } }
      }
      data { train { csv { path: "t.csv"
               field { input: "x" columns { pattern: "[ab]" standardise: true } }
               field { input: "kind" column: "kind" } } } }
      optimizer { adam {} learning_rate { constant: 0.05 } }
      run { epochs: 1 threads: 1 })";
  auto trainer = Trainer::Create(*RunFile::Parse(text, "run.pbtxt", {}, folder_));
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  ASSERT_TRUE((*trainer)->SaveModel(Saved()).ok());
  EXPECT_TRUE(absl::StrContains(Text(), "format_version: 1"));
  EXPECT_TRUE(ReadSavedModel(Saved()).ok());
}

TEST_F(TableModelTest, NewerFormatsAreRefused) {
  ASSERT_NE(Train("columns { name: 'city' categories {} }"), nullptr);
  const std::string path = Saved() + "/model.pbtxt";
  ASSERT_TRUE(
      WriteFile(path, absl::StrReplaceAll(Text(), {{"format_version: 2", "format_version: 3"}}))
          .ok());
  EXPECT_EQ(ReadSavedModel(Saved()).status().message(),
            path + ": format_version 3 is not one that this program reads (1 to 2)");
}

}  // namespace
}  // namespace gradus
