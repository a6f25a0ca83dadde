// What is refused of columns with a treatment of their own: addresses and messages.

#include <algorithm>
#include <cmath>
#include <memory>
#include <vector>

#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

using Lines = std::vector<std::string>;

class ColumnsErrorsTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteTestFile("t.csv",
                  "area,city,y\n"
                  "1,Oslo,0\n"
                  "-3,\"Rome, \n\nold\",1\n"
                  "4,Oslo,0\n"
                  "5,Bergen,1\n");
    WriteTestFile("gaps.csv", "a,b,c\n1,,x\n2,NA,\n,null,\n");
  }

  Lines Open(const std::string& text) {
    Diagnostics diagnostics;
    OpenData(ParseData(text), inputs_, TestFolder(), {}, &diagnostics);
    return Findings(diagnostics);
  }
  // The columns of input x of that file.
  Lines X(const std::string& columns, const std::string& rest = "",
          const std::string& file = "t.csv") {
    FieldSpec x = {"x", DType::kFloat32, {}};
    x.any_dims = true;
    inputs_ = {x};
    return Open("train { csv { path: '" + file + "' field { input: 'x' " + columns + " } } }" +
                rest);
  }
  // The same for an input of whole numbers.
  Lines Y(const std::string& columns, const std::string& file = "t.csv") {
    FieldSpec y = {"y", DType::kInt32, {}};
    y.any_dims = true;
    inputs_ = {y};
    return Open("train { csv { path: '" + file + "' field { input: 'y' " + columns + " } } }");
  }

  std::vector<FieldSpec> inputs_;
};

constexpr char kGroup[] = "data.train.csv.field[0].columns[0]";

TEST_F(ColumnsErrorsTest, ChoiceOfColumns) {
  const std::string group = kGroup;
  EXPECT_EQ(X("columns { name: 'aera' standardise: true }"),
            (Lines{group + ".name[0]: t.csv has no column \"aera\"; did you mean \"area\"?"}));
  EXPECT_EQ(X("columns { standardise: true }"),
            (Lines{group + ": says no columns; list them in name, or give a pattern, or all others "
                           "in except"}));
  EXPECT_EQ(X("columns { name: 'area' pattern: 'y' }"),
            (Lines{group + ": name and pattern are both given"}));
  EXPECT_EQ(X("columns { name: 'area' except: 'y' }"),
            (Lines{group + ": name and except are both given"}));
  EXPECT_EQ(
      X("columns { pattern: 'are' }"),
      (Lines{group + ".pattern: no column of t.csv matches \"are\"; its columns are \"area\", "
                     "\"city\", \"y\"; a pattern matches the whole name"}));
  EXPECT_EQ(X("columns { pattern: 'a(' }"),
            (Lines{group + ".pattern: \"a(\" is no pattern: missing ): a("}));
  EXPECT_EQ(
      X("columns { except: ['area', 'city', 'y'] }"),
      (Lines{group + ": no column of t.csv is left; its columns are \"area\", \"city\", \"y\""}));
  EXPECT_EQ(X("columns { name: 'area' } columns { pattern: '.*a' }"),
            (Lines{"data.train.csv.field[0].columns[1]: column \"area\" is already in "
                   "data.train.csv.field[0].columns[0]; name it in except"}));
  EXPECT_EQ(X("column: 'area' columns { name: 'y' }"),
            (Lines{"data.train.csv.field[0]: column and columns are both given"}));
  EXPECT_EQ(X("columns { name: 'area' } standardise: true"),
            (Lines{"data.train.csv.field[0]: standardise is for column and except; with columns, "
                   "say it in each of them"}));
}

TEST_F(ColumnsErrorsTest, TreatmentsThatDoNotGoTogether) {
  const std::string group = kGroup;
  EXPECT_EQ(X("columns { name: 'area' log: true log1p: true standardise: true min_max: true }"),
            (Lines{group + ": log and log1p are both set",
                   group + ": standardise and min_max are both set"}));
  EXPECT_EQ(X("columns { name: 'area' divide_by: -2 }"),
            (Lines{group + ".divide_by: divide_by -2 is not positive"}));
  EXPECT_EQ(
      X("columns { name: 'area' impute: MEAN impute_constant: 'zero' }"),
      (Lines{group + ": impute and impute_constant are both given",
             group + ".impute_constant: \"zero\" is not a number; for texts, set categories {}"}));
  EXPECT_EQ(X("columns { name: 'area' impute_constant: '0' log: true }"),
            (Lines{group + ".impute_constant: 0 has no logarithm: log takes numbers above 0"}));
  EXPECT_EQ(
      X("columns { name: 'city' standardise: true categories { value: ['a', 'a'] most: 3 } }"),
      (Lines{group + ": categories are no numbers: standardise is for numbers",
             group + ".categories.value[1]: category \"a\" is there twice",
             group + ".categories.most: value and most are both given",
             group + ".categories.most: most 3 leaves texts that are no category; set unseen: "
                     "OTHER"}));
  EXPECT_EQ(
      X("columns { name: 'city' impute: MEDIAN categories {} }"),
      (Lines{group + ".impute: categories have no median; set MOST_FREQUENT, or a category in "
                     "impute_constant"}));
  EXPECT_EQ(
      Y("columns { name: 'area' standardise: true impute: MEAN }"),
      (Lines{group + ": input \"y\" is INT32; standardise is for FLOAT32",
             group + ".impute: input \"y\" is INT32, and a mean or median may be no whole number; "
                     "set MOST_FREQUENT, or a number in impute_constant"}));
  EXPECT_EQ(Y("columns { name: 'area' impute_constant: '1.5' }"),
            (Lines{group + ".impute_constant: \"1.5\" is no INT32, which input \"y\" takes"}));
  EXPECT_EQ(Y("columns { name: 'city' categories { as: ONE_HOT } }"),
            (Lines{group + ".categories.as: input \"y\" is INT32; only FLOAT32 can be ONE_HOT"}));
}

TEST_F(ColumnsErrorsTest, CellsThatAreNotWhatIsAskedFor) {
  EXPECT_EQ(
      X("columns { name: 'city' }"),
      (Lines{"data.train.csv.path: t.csv:2:3: column \"city\": \"Oslo\" is not a number; if it "
             "stands for a category: columns { name: ... categories {} }"}));
  EXPECT_EQ(X("columns { name: 'a' }", "", "gaps.csv"),
            (Lines{"data.train.csv.path: gaps.csv:4:1: column \"a\": the cell is empty; say what "
                   "stands for it: columns { name: ... impute: MEDIAN }"}));
  EXPECT_EQ(X("columns { name: 'b' categories {} }", "", "gaps.csv"),
            (Lines{"data.train.csv.path: gaps.csv:2:3: column \"b\": the cell is empty; say what "
                   "stands for it: columns { name: ... impute: MEDIAN }, or MOST_FREQUENT for "
                   "categories and INT32 inputs"}));
  WriteTestFile("half.csv", "a,n\n1,4\n1,\n1,2.5\n");
  EXPECT_EQ(Y("columns { name: 'n' impute_constant: '0' }", "half.csv"),
            (Lines{"data.train.csv.path: half.csv:4:3: column \"n\": 2.5 is not a whole number"}));
}

TEST_F(ColumnsErrorsTest, WhatCannotBeLearned) {
  const std::string group = kGroup;
  EXPECT_EQ(
      X("columns { name: 'area' log: true standardise: true }"),
      (Lines{group + ": input \"x\": t.csv:3:1: column \"area\": -3 has no logarithm; log takes "
                     "numbers above 0"}));
  EXPECT_EQ(
      X("columns { name: 'area' divide_by: 2 log1p: true min_max: true }"),
      (Lines{group + ": input \"x\": t.csv:3:1: column \"area\": -3 is too small for log1p, which "
                     "takes numbers above -1"}));
  EXPECT_EQ(
      X("columns { name: 'b' impute: MEAN }", "", "gaps.csv"),
      (Lines{group + ": input \"x\": column \"b\" has no number in the training rows to impute "
                     "from; set impute_constant, or leave the column out"}));
  EXPECT_EQ(
      X("columns { name: 'b' impute: MOST_FREQUENT categories {} }", "", "gaps.csv"),
      (Lines{group + ": input \"x\": column \"b\" has no value in the training rows, so none is "
                     "the most frequent; set impute_constant, or leave the column out"}));
  EXPECT_EQ(
      X("columns { name: 'c' impute_constant: '?' categories { value: 'x' } }", "", "gaps.csv"),
      (Lines{group + ": input \"x\": column \"c\": what stands for a missing cell, \"?\", is none "
                     "of its categories; add it to value, or set unseen: OTHER"}));
}

TEST_F(ColumnsErrorsTest, TextsThatAreNoCategoryOfTraining) {
  const std::string group = kGroup;
  // In the rows that are held out of the training source ...
  EXPECT_EQ(
      X("columns { name: 'city' categories {} }", "validation { fraction: 0.25 tail: true }"),
      (Lines{group + ": t.csv:7:3: column \"city\": \"Bergen\" is no category of training: "
                     "\"Oslo\", \"Rome, \\n\\nold\"; set unseen: OTHER, or give all categories in "
                     "value"}));
  EXPECT_EQ(
      X("columns { name: 'city' categories { value: 'Oslo' } }"),
      (Lines{group + ": t.csv:3:4: column \"city\": \"Rome, \\n\\nold\" is no category of "
                     "training: \"Oslo\"; set unseen: OTHER, or give all categories in value"}));
  // ... and in another source; columns stand elsewhere there.
  WriteTestFile("new.csv",
                "\xef\xbb\xbf"
                "city,area\nOslo,1\nParis,2\n");
  const std::string city = "columns { name: 'area' } columns { name: 'city' categories {} }";
  EXPECT_EQ(
      X(city, "test { csv { path: 'new.csv' } }"),
      (Lines{"data.test.csv: new.csv:3:1: column \"city\": \"Paris\" is no category of training: "
             "\"Bergen\", \"Oslo\", \"Rome, \\n\\nold\"; in training, set unseen: OTHER, or give "
             "all categories in value"}));
  EXPECT_EQ(X("columns { name: 'area' } columns { name: 'city' categories { unseen: OTHER } }",
              "test { csv { path: 'new.csv' } }"),
            Lines{});
}

TEST_F(ColumnsErrorsTest, TestThatSaysOtherThanTraining) {
  EXPECT_EQ(
      X("columns { name: 'area' log1p: false } columns { name: 'city' categories {} }",
        "test { csv { path: 't.csv' field { input: 'x' columns { name: 'area' log: true }"
        " columns { name: 'city' } } } }"),
      (Lines{
          "data.test.csv.field[0].columns[0]: log: true is not what was done to column \"area\" in "
          "training, which was log: false; leave it out: what was learned is used"}));
  EXPECT_EQ(
      X("columns { name: 'area' impute: MEAN }",
        "test { csv { path: 't.csv' field { input: 'x' column: 'area' standardise: true } } }"),
      (Lines{"data.test.csv.field[0]: standardise: true is not what was done to column \"area\" in "
             "training, which was standardise: false; leave it out: what was learned is used"}));
  // Saying the same is right, also with other words; so is saying nothing.
  for (const char* same :
       {"columns { name: 'area' standardise: true impute: MEAN }", "column: 'area'",
        "column: 'area' standardise: true", "columns { name: 'area' log: false divide_by: 1 }"}) {
    EXPECT_EQ(X("columns { name: 'area' standardise: true impute: MEAN }",
                absl::StrCat("test { csv { path: 't.csv' field { input: 'x' ", same, " } } }")),
              Lines{})
        << same;
  }
}

TEST_F(ColumnsErrorsTest, TextsThatASavedModelCouldNotHold) {
  WriteTestFile("latin1.csv",
                "K\xf6ln,n\nx,1\nstra\xdf"
                "e,2\n");
  EXPECT_EQ(X("columns { name: 'n' } columns { except: 'n' categories {} }", "", "latin1.csv"),
            (Lines{"data.train.csv.field[0]: the name of column \"K\\366ln\" of latin1.csv is not "
                   "UTF-8; save the file as UTF-8"}));
  WriteTestFile("latin1.csv",
                "n,a\n1,x\n2,stra\xdf"
                "e\n");
  EXPECT_EQ(
      X("columns { name: 'a' categories {} }", "", "latin1.csv"),
      (Lines{std::string(kGroup) + ": latin1.csv:3:3: column \"a\": \"stra\\337e\" is not UTF-8; "
                                   "save the file as UTF-8"}));
}

TEST_F(ColumnsErrorsTest, ShapesThatTheColumnsDoNotFill) {
  inputs_ = {{"x", DType::kFloat32, {3}}};
  EXPECT_EQ(
      Open("train { csv { path: 't.csv' field { input: 'x' columns { name: 'area' }"
           " columns { name: 'city' categories {} } } } }"),
      (Lines{"data.train.csv.field[0]: input \"x\" is FLOAT32 [3], that is 3 numbers an example; "
             "its columns come to 4 (column \"city\" 3); leave out the input's shape: it is then "
             "what the training data has"}));
  inputs_ = {{"x", DType::kFloat32, {}}};
  EXPECT_EQ(
      Open("train { csv { path: 't.csv' field { input: 'x'"
           " columns { name: 'city' categories {} } } } }"),
      (Lines{"data.train.csv.field[0]: input \"x\" is FLOAT32 [], that is 1 numbers an example; "
             "its columns come to 3 (column \"city\" 3); as: INDEX in categories makes its place "
             "of a text, which is one number"}));
}

TEST_F(ColumnsErrorsTest, RowsForATrainedModel) {
  ColumnTransform city, area;
  city.categories = {"Oslo", "Rome"};
  const Preprocessing trained({{"x", {"area", "city"}, 1, {}, {}, {area, city}}});
  const auto message = [&](const std::string& csv, int64_t width) {
    const std::string path = WriteTestFile("raw.csv", csv);
    const auto rows = OpenCsvForModel(path, {{"x", DType::kFloat32, {width}}}, trained);
    return WithoutFolder(rows.status().message());
  };
  EXPECT_EQ(message("city,area\nOslo,3\n", 2), "");
  EXPECT_EQ(
      message("city,area\nOslo,3\nRome,1\nParis,2\nBonn,3\n", 2),
      "raw.csv:4:1: column \"city\": \"Paris\" is no category of training: \"Oslo\", \"Rome\"; in "
      "training, set unseen: OTHER, or give all categories in value");
  EXPECT_EQ(message("city,area\nOslo,3\nRome,\n", 2),
            "raw.csv:3:6: column \"area\": the cell is empty");
  EXPECT_EQ(message("town,area\nOslo,3\n", 2),
            "raw.csv:1:1: no column \"city\"; the model was trained on it");
  EXPECT_EQ(message("city,area\nOslo,3\n", 3),
            "input \"x\" has 3 elements, and 2 numbers come of the columns that are saved for it");
}

TEST_F(ColumnsErrorsTest, ExamplesOfAProgramForATrainedModel) {
  ColumnTransform city, area;
  city.categories = {"Oslo", "Rome"};
  city.one_hot = true;
  area.missing_number = 7;
  const Preprocessing trained({{"x", {"area", "city"}, 1, {}, {}, {area, city}}});
  const std::vector<float> cells = {1, 0, std::nanf(""), 1, 4, 2, 5, std::nanf("")};
  MemoryDatasets memory;
  memory["tensors"] = *MakeMemoryDataset({{"x", Tensor::Of<float>({4, 2}, cells)}});
  memory["wide"] = *MakeMemoryDataset({{"x", Tensor::Of<float>({2, 4}, cells)}});
  memory["callback"] = *MakeCallbackDataset(
      {{"x", DType::kFloat32, {2}}}, 4,
      [&cells](absl::Span<const int64_t> rows, absl::Span<void* const> to) {
        for (size_t i = 0; i < rows.size(); ++i) {
          std::copy_n(&cells[rows[i] * 2], 2, static_cast<float*>(to[0]) + 2 * i);
        }
        return absl::OkStatus();
      });
  const auto open = [&](const std::string& name, Diagnostics* diagnostics) {
    SourceConfig config;
    config.mutable_memory()->set_name(name);
    return OpenSource(config, ConfigPath().Child("data"), {{"x", DType::kFloat32, {3}}}, "", memory,
                      trained, diagnostics);
  };
  for (const std::string name : {"tensors", "callback"}) {
    Diagnostics diagnostics;
    const auto dataset = open(name, &diagnostics);
    ASSERT_NE(dataset, nullptr) << diagnostics.ToStatus();
    std::vector<float> x(6);
    ASSERT_TRUE(dataset->Read({1, 0}, {x.data()}).ok());
    EXPECT_EQ(x, (std::vector<float>{7, 0, 1, 1, 1, 0}));
    EXPECT_EQ(dataset->Read({0, 2}, {x.data()}).message(),
              "row 2: input \"x\": column \"city\" is 2, which is none of the places 0 to 1 of its "
              "categories");
    EXPECT_EQ(dataset->Read({3}, {x.data()}).message(),
              "row 3: input \"x\": column \"city\" is missing, and nothing stands for that");
  }
  Diagnostics diagnostics;
  EXPECT_EQ(open("wide", &diagnostics), nullptr);
  EXPECT_EQ(Findings(diagnostics),
            (Lines{"data.memory: input \"x\" has 2 columns; the field of \"wide\" has 4 ([4])"}));
}

TEST_F(ColumnsErrorsTest, WidthsThatTrainingWouldHaveSaidAreNotMissedElsewhere) {
  EXPECT_EQ(X("column: ['area', 'yy']",
              "test { csv { path: 't.csv' field { input: 'x' column: ['area', 'y'] } } }"),
            (Lines{"data.train.csv.field[0].column[1]: t.csv has no column \"yy\"; did you mean "
                   "\"y\"?"}));
}

TEST_F(ColumnsErrorsTest, RowsThatAreSeenOnlyWhenTheyAreRead) {
  WriteTestFile("late.csv", "a\n1\n2\n0\n");
  FieldSpec x = {"x", DType::kFloat32, {}};
  Diagnostics diagnostics;
  const DataSplits splits = OpenData(
      ParseData("train { csv { path: 'late.csv' field { input: 'x' columns { name: 'a' log: true "
                "standardise: true } } } } validation { fraction: 0.3 tail: true }"),
      {x}, TestFolder(), {}, &diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  float value;
  EXPECT_EQ(WithoutFolder(splits.validation->Read({0}, {&value}).message()),
            "late.csv:4: input \"x\": column \"a\": 0 has no logarithm; log takes numbers above 0");
}

TEST_F(ColumnsErrorsTest, BrokenSavedColumns) {
  const auto message = [](void (*breaks)(InputPreprocessing*)) {
    google::protobuf::RepeatedPtrField<InputPreprocessing> proto;
    InputPreprocessing* x = proto.Add();
    x->set_input("x");
    x->add_column("a");
    x->add_columns();
    breaks(x);
    return std::string(Preprocessing::FromProto(proto).status().message());
  };
  const std::string x = "preprocessing of input \"x\": ", a = x + "column \"a\": ";
  EXPECT_EQ(message([](InputPreprocessing*) {}), "");
  EXPECT_EQ(message([](InputPreprocessing* p) { p->add_column("b"); }),
            x + "2 columns, but treatments of 1");
  EXPECT_EQ(message([](InputPreprocessing* p) { p->set_divide_by(2); }),
            x + "columns with treatments of their own, and one of all of them");
  EXPECT_EQ(message([](InputPreprocessing* p) { p->mutable_columns(0)->set_scale(0); }),
            a + "scale 0 is not positive");
  EXPECT_EQ(message([](InputPreprocessing* p) {
              p->mutable_columns(0)->set_log(true);
              p->mutable_columns(0)->set_log1p(true);
            }),
            a + "both log and log1p");
  EXPECT_EQ(message([](InputPreprocessing* p) { p->mutable_columns(0)->set_one_hot(true); }),
            a + "no category");
  EXPECT_EQ(message([](InputPreprocessing* p) {
              p->mutable_columns(0)->add_category("q");
              p->mutable_columns(0)->add_category("q");
            }),
            a + "category \"q\" is there twice");
  EXPECT_EQ(message([](InputPreprocessing* p) {
              p->mutable_columns(0)->add_category("q");
              p->mutable_columns(0)->set_missing_category("r");
            }),
            a + "missing_category \"r\" is no category");
}

}  // namespace
}  // namespace gradus
