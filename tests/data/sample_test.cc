// A fraction for validation, from the text to datasets: which classes a sample knows, that what is learned is learned without it, that a
// trained model finds it again; and the shapes and weights that training examples bring.

#include <algorithm>
#include <string>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

constexpr int kRows = 50;

// Columns a, name (three names in turn, of which "c" is rare), number (0 to 2), yes, real.
std::string Table() {
  std::string text = "a,name,number,yes,real,w\n";
  for (int i = 0; i < kRows; ++i) {
    const int number = i % 10 == 9 ? 2 : i % 2;
    absl::StrAppend(&text, i, ",",
                    number == 2   ? "c"
                    : number == 1 ? "b"
                                  : "a",
                    ",", number, ",", i % 5 == 0 ? 1 : 0, ",", i * 0.5, ",", i % 3, "\n");
  }
  return text;
}

FieldSpec Input(const std::string& name, DType dtype, bool is_label = false) {
  FieldSpec spec{name, dtype, {}};
  spec.is_label = is_label;
  return spec;
}

class SampleTest : public testing::Test {
 protected:
  void SetUp() override { WriteTestFile("table.csv", Table()); }

  // Of the inputs "a" and one label, fed from the columns that `label` says.
  static std::string Text(const std::string& label, const std::string& validation,
                          const std::string& a = "") {
    return absl::StrCat("train { csv { path: 'table.csv' field { input: 'a' column: 'a' ", a,
                        " } field { input: 'y' ", label, " } } } validation { ", validation, " }");
  }
  DataSplits Open(const std::string& text, const std::vector<FieldSpec>& inputs) {
    Diagnostics diagnostics;
    DataSplits splits = OpenData(ParseData(text), inputs, TestFolder(), {}, &diagnostics);
    findings_ = Findings(diagnostics);
    return splits;
  }
  // "y 0:16/4 1:20/5".
  static std::string Classes(const DataSplits& splits) {
    std::string text = splits.classes.input;
    for (size_t k = 0; k < splits.classes.classes.size(); ++k) {
      absl::StrAppend(&text, " ", splits.classes.names[k], ":", splits.classes.classes[k].training,
                      "/", splits.classes.classes[k].held_out);
    }
    return text;
  }
  const std::vector<FieldSpec> numbers_ = {Input("a", DType::kFloat32),
                                           Input("y", DType::kInt32, true)};
  const std::vector<FieldSpec> reals_ = {Input("a", DType::kFloat32),
                                         Input("y", DType::kFloat32, true)};
  std::vector<std::string> findings_;
};

TEST_F(SampleTest, ClassesOfTheOnlyLabelHaveTheirShares) {
  // 25, 20 and 5 rows.
  DataSplits splits = Open(Text("column: 'number'", "fraction: 0.2"), numbers_);
  EXPECT_EQ(findings_, std::vector<std::string>());
  EXPECT_EQ(Classes(splits), "y 0:20/5 1:16/4 2:4/1");
  EXPECT_EQ(splits.train->size(), 40);
  EXPECT_EQ(splits.validation->size(), 10);
  // In the order of the file, no row twice or left out, and not the last ones.
  std::vector<float> train = ValuesOf<float>(*splits.train, 0),
                     held = ValuesOf<float>(*splits.validation, 0);
  EXPECT_TRUE(std::is_sorted(train.begin(), train.end()));
  EXPECT_TRUE(std::is_sorted(held.begin(), held.end()));
  EXPECT_LT(held.front(), 40);
  train.insert(train.end(), held.begin(), held.end());
  std::sort(train.begin(), train.end());
  for (int i = 0; i < kRows; ++i) EXPECT_EQ(train[i], i);

  // Texts have names; 0 and 1 are classes of real labels, too.
  splits = Open(Text("columns { name: 'name' categories {} }", "fraction: 0.2"), numbers_);
  EXPECT_EQ(Classes(splits), "y a:20/5 b:16/4 c:4/1");
  splits = Open(Text("column: 'yes'", "fraction: 0.2"), reals_);
  EXPECT_EQ(Classes(splits), "y 0:32/8 1:8/2");
  // Other numbers are none, and nobody's label is not asked.
  EXPECT_EQ(Classes(Open(Text("column: 'real'", "fraction: 0.2"), reals_)), "");
  EXPECT_EQ(Classes(Open(Text("column: 'number'", "fraction: 0.2"),
                         {numbers_[0], Input("y", DType::kInt32)})),
            "");
  // ... unless the text says so.
  EXPECT_EQ(Classes(Open(Text("column: 'number'", "fraction: 0.2 stratify: 'y'"),
                         {numbers_[0], Input("y", DType::kInt32)})),
            "y 0:20/5 1:16/4 2:4/1");
}

// A column that might miss is none of texts, nor is one whose logarithm is taken.
TEST_F(SampleTest, ClassesOfColumnsOfNumbersAreTheirNumbers) {
  DataSplits splits =
      Open(Text("columns { name: 'yes' impute_constant: '0' }", "fraction: 0.2"), reals_);
  EXPECT_EQ(findings_, std::vector<std::string>());
  EXPECT_EQ(Classes(splits), "y 0:32/8 1:8/2");
  splits = Open(Text("columns { name: 'yes' log1p: true }", "fraction: 0.2"), reals_);
  EXPECT_EQ(Classes(splits), "y 0:32/8 1:8/2");
  splits = Open(Text("columns { name: 'yes' impute: MOST_FREQUENT }", "fraction: 0.2"), numbers_);
  EXPECT_EQ(Classes(splits), "y 0:32/8 1:8/2");
}

TEST_F(SampleTest, IsTheSameForTheSameSeedAndForATrainedModel) {
  const auto held = [&](const std::string& more) {
    const DataSplits splits =
        Open(Text("column: 'number'", "fraction: 0.2 " + more, "standardise: true"), numbers_);
    return ValuesOf<float>(*splits.validation, 1);
  };
  EXPECT_EQ(held(""), held("seed: 0"));
  EXPECT_EQ(held("seed: 7"), held("seed: 7"));

  const std::string text = Text("column: 'number'", "fraction: 0.2 seed: 7", "standardise: true");
  const DataSplits splits = Open(text, numbers_);
  Diagnostics diagnostics;
  const DataSplits again = OpenDataForModel(ParseData(text), numbers_, TestFolder(), {},
                                            splits.preprocessing, &diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  EXPECT_EQ(ValuesOf<float>(*again.validation, 0), ValuesOf<float>(*splits.validation, 0));
  EXPECT_EQ(ValuesOf<float>(*again.train, 0), ValuesOf<float>(*splits.train, 0));
  // Learned from the rows that are trained on: their mean is 0.
  const std::vector<float> train = ValuesOf<float>(*splits.train, 0);
  EXPECT_NEAR(std::accumulate(train.begin(), train.end(), 0.0), 0, 40 * 1e-7);
  const std::vector<float> other = ValuesOf<float>(
      *Open(Text("column: 'number'", "fraction: 0.2 seed: 8", "standardise: true"), numbers_)
           .validation,
      0);
  EXPECT_NE(other, ValuesOf<float>(*splits.validation, 0));
}

TEST_F(SampleTest, TheTailIsTheLastRows) {
  const DataSplits splits = Open(Text("column: 'number'", "fraction: 0.2 tail: true"), numbers_);
  EXPECT_EQ(findings_, std::vector<std::string>());
  const std::vector<float> held = ValuesOf<float>(*splits.validation, 0);
  for (int i = 0; i < 10; ++i) EXPECT_EQ(held[i], 40 + i);
  EXPECT_EQ(Classes(splits), "y 0:20/5 1:16/4 2:4/1");  // The table repeats itself.
}

TEST_F(SampleTest, WhatItCannotMeanIsRefused) {
  const auto findings = [&](const std::string& validation) {
    Open(Text("column: 'real'", validation), reals_);
    return findings_;
  };
  using Lines = std::vector<std::string>;
  EXPECT_EQ(findings("fraction: 0.2 stratify: 'yy'"),
            Lines{"data.validation.stratify: the model has no input \"yy\"; did you mean \"y\"?"});
  EXPECT_EQ(
      findings("fraction: 0.2 stratify: 'y'"),
      Lines{"data.validation.stratify: input \"y\" is not one class for each example: a whole "
            "number, 0 or 1, or a column of categories"});
  EXPECT_EQ(findings("fraction: 0.2 tail: true seed: 3 stratify: 'y'"),
            (Lines{"data.validation.seed: seed is of a sample; with tail: true the last examples "
                   "are held out",
                   "data.validation.stratify: stratify is of a sample; with tail: true the last "
                   "examples are held out"}));
  EXPECT_EQ(findings("source { csv { path: 'table.csv' } } seed: 3 tail: true"),
            (Lines{"data.validation.seed: seed is of a fraction, and the validation examples are "
                   "their own",
                   "data.validation.tail: tail is of a fraction, and the validation examples are "
                   "their own"}));
  WriteTestFile("table.csv", "a,y\n1,0\n2,0\n3,1\n4,1\n");
  Open(Text("column: 'y'", "fraction: 0.75"), numbers_);
  EXPECT_EQ(findings_, Lines{"data.validation.fraction: 3 of 4 examples cannot be held out so that "
                             "each of 2 classes keeps one to train on; its classes are those of "
                             "input \"y\""});
}

TEST_F(SampleTest, ShapesThatTheTextLeavesOutAreThoseOfTheColumns) {
  std::vector<FieldSpec> inputs = {Input("x", DType::kFloat32), Input("y", DType::kInt32, true)};
  for (FieldSpec& input : inputs) input.any_dims = true;
  const std::string text =
      "train { csv { path: 'table.csv' field { input: 'x' column: ['a', 'real', 'w'] } "
      "field { input: 'y' column: 'number' } } } test { csv { path: 'table.csv' } }";
  const DataSplits splits = Open(text, inputs);
  EXPECT_EQ(findings_, std::vector<std::string>());
  EXPECT_EQ(splits.inputs[0].dims, std::vector<int64_t>{3});
  EXPECT_EQ(splits.inputs[1].dims, std::vector<int64_t>());
  EXPECT_FALSE(splits.inputs[0].any_dims || splits.inputs[1].any_dims);
  EXPECT_EQ(splits.train->fields()[0].dims, std::vector<int64_t>{3});
  EXPECT_EQ(splits.test->fields()[0].dims, std::vector<int64_t>{3});
  // Nobody knows them when the file is not there.
  const DataSplits none = Open(
      "train { csv { path: 'sample_test_none.csv' field { input: 'x' column: 'a' } "
      "field { input: 'y' column: 'number' } } }",
      inputs);
  EXPECT_EQ(findings_, std::vector<std::string>{
                           "data.train.csv.path: sample_test_none.csv: No such file or directory"});
  EXPECT_TRUE(none.inputs[0].any_dims);
}

TEST_F(SampleTest, ANegativeWeightNamesItsRow) {
  WriteTestFile("table.csv", "a,w\n1,0.5\n2,-0.25\n3,0\n");
  std::vector<FieldSpec> inputs = {Input("a", DType::kFloat32), Input("w", DType::kFloat32)};
  inputs[1].not_negative = true;
  const DataSplits splits = Open(
      "train { csv { path: 'table.csv' field { input: 'a' column: 'a' } "
      "field { input: 'w' column: 'w' } } }",
      inputs);
  float a[2], w[2];
  void* const buffers[] = {a, w};
  EXPECT_TRUE(splits.train->Read({2, 0}, buffers).ok());
  EXPECT_EQ(w[0], 0);
  EXPECT_EQ(w[1], 0.5f);
  EXPECT_EQ(WithoutFolder(splits.train->Read({0, 1}, buffers).message()),
            "table.csv:3: input \"w\": the weight -0.25 is negative");
}

}  // namespace
}  // namespace gradus
