// A part of the training table is set aside before anything else is drawn or learned.

#include <algorithm>
#include <map>
#include <set>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

using Lines = std::vector<std::string>;

// 100 rows: x is the row's number, y 1 in every fifth.
class TestFraction : public testing::Test {
 protected:
  void SetUp() override {
    std::string text = "x,y\n";
    for (int i = 0; i < 100; ++i) absl::StrAppend(&text, i, ",", i % 5 == 0, "\n");
    WriteTestFile("hundred.csv", text);
  }

  DataSplits Open(const std::string& text, Diagnostics* diagnostics) {
    FieldSpec x, y;
    x.input = "x";
    y.input = "y";
    y.dtype = DType::kInt32;
    y.is_label = true;
    return OpenData(ParseData("train { csv { path: 'hundred.csv' field { input: 'x' column: 'x' }"
                              " field { input: 'y' column: 'y' } } } " +
                              text),
                    {x, y}, TestFolder(), {}, diagnostics);
  }
  DataSplits Open(const std::string& text) {
    Diagnostics diagnostics;
    DataSplits splits = Open(text, &diagnostics);
    EXPECT_EQ(Findings(diagnostics), Lines());
    return splits;
  }
  Lines Refused(const std::string& text) {
    Diagnostics diagnostics;
    Open(text, &diagnostics);
    return Findings(diagnostics);
  }

  // The rows of a part, and how many of them are of class 1.
  static std::vector<int> RowsOf(const std::shared_ptr<const Dataset>& part, int* ones) {
    std::vector<int64_t> rows(static_cast<size_t>(part->size()));
    for (size_t i = 0; i < rows.size(); ++i) rows[i] = static_cast<int64_t>(i);
    std::vector<float> x(rows.size());
    std::vector<int32_t> y(rows.size());
    EXPECT_TRUE(part->Read(rows, {x.data(), y.data()}).ok());
    *ones = static_cast<int>(std::count(y.begin(), y.end(), 1));
    return {x.begin(), x.end()};
  }
};

TEST_F(TestFraction, EveryRowIsInOnePartAndEachClassHasItsShare) {
  const DataSplits splits =
      Open("test_fraction: 0.2 test_seed: 3 validation { fraction: 0.25 seed: 3 }");
  std::set<int> seen;
  const std::map<std::string, std::pair<std::shared_ptr<const Dataset>, std::pair<int, int>>>
      parts = {{"test", {splits.test, {20, 4}}},
               {"validation", {splits.validation, {20, 4}}},
               {"train", {splits.train, {60, 12}}}};
  for (const auto& part : parts) {
    ASSERT_NE(part.second.first, nullptr) << part.first;
    int ones = 0;
    const std::vector<int> rows = RowsOf(part.second.first, &ones);
    EXPECT_EQ(static_cast<int>(rows.size()), part.second.second.first) << part.first;
    EXPECT_EQ(ones, part.second.second.second) << part.first;
    EXPECT_TRUE(std::is_sorted(rows.begin(), rows.end())) << part.first;
    seen.insert(rows.begin(), rows.end());
  }
  EXPECT_EQ(seen.size(), 100u);
  ASSERT_EQ(splits.classes.classes.size(), 2u);
  EXPECT_EQ(splits.classes.classes[1].training, 12);
  EXPECT_EQ(splits.classes.classes[1].held_out, 4);
  EXPECT_EQ(splits.classes.classes[1].test, 4);
}

TEST_F(TestFraction, TheSampleDependsOnItsSeedAndNotOnTheValidation) {
  int ones = 0;
  const auto of = [&](const std::string& text) { return RowsOf(Open(text).test, &ones); };
  const std::vector<int> rows = of("test_fraction: 0.2 test_seed: 3");
  EXPECT_EQ(of("test_fraction: 0.2 test_seed: 3 validation { fraction: 0.5 seed: 7 }"), rows);
  EXPECT_NE(of("test_fraction: 0.2 test_seed: 4"), rows);
}

TEST_F(TestFraction, TheLastExamplesAreThoseOfWhatIsLeft) {
  const DataSplits splits = Open("test_fraction: 0.5 validation { fraction: 0.2 tail: true }");
  int ones = 0;
  const std::vector<int> train = RowsOf(splits.train, &ones);
  const std::vector<int> validation = RowsOf(splits.validation, &ones);
  EXPECT_EQ(train.size(), 40u);
  EXPECT_EQ(validation.size(), 10u);
  EXPECT_LT(train.back(), validation.front());
}

TEST_F(TestFraction, WhatContradictsItIsRefused) {
  EXPECT_EQ(Refused("test_fraction: 0.995"),
            Lines{"data.test_fraction: fraction 0.995 of 100 examples leaves none to train on"});
  EXPECT_EQ(Refused("test_fraction: 0.2 test { csv { path: 'hundred.csv' } }"),
            Lines{"data.test_fraction: a fraction of the training examples, and the test examples "
                  "are their own"});
  EXPECT_EQ(Refused("test_seed: 2"),
            Lines{"data.test_seed: test_seed is of a sample, and test_fraction is not set"});
  Diagnostics diagnostics;
  OpenData(ParseData("test_fraction: 0.2"), {}, TestFolder(), {}, &diagnostics);
  EXPECT_EQ(Findings(diagnostics),
            Lines{"data.test_fraction: a fraction of the training examples, and data.train is not "
                  "set"});
}

}  // namespace
}  // namespace gradus
