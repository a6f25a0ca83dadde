// Columns with a treatment of their own: what is learned of them and what becomes of them, against
// plain loops over the cells.

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <memory>
#include <vector>

#include "absl/strings/str_cat.h"
#include "gradus/base/random.h"
#include "gradus/data/learn_columns.h"
#include "gradus/data/open_data.h"
#include "gradus/data/select_rank.h"
#include "gradus/data/source.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

DataSplits Open(const std::string& text, const std::vector<FieldSpec>& inputs) {
  Diagnostics diagnostics;
  DataSplits splits = OpenData(ParseData(text), inputs, TestFolder(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  return splits;
}

FieldSpec AnyDims(const std::string& input, DType dtype = DType::kFloat32) {
  FieldSpec spec = {input, dtype, {}};
  spec.any_dims = true;
  return spec;
}

// One input "x" from one group of columns of a file with that text.
DataSplits OpenGroup(const std::string& csv, const std::string& columns,
                     DType dtype = DType::kFloat32) {
  WriteTestFile("group.csv", csv);
  return Open(
      absl::StrCat("train { csv { path: 'group.csv' field { input: 'x' ", columns, " } } }"),
      {AnyDims("x", dtype)});
}

std::string Cell(double x) { return x != x ? "" : absl::StrCat(x); }

// What the plain computation makes of a column whose first `rows` cells are trained on.
struct Plain {
  double fill = 0, mean = 0, deviation = 0, least = 0, most = 0;
};
template <class F>
Plain Learn(const std::vector<double>& cells, size_t rows, const std::string& impute, F function) {
  std::vector<double> there;
  for (size_t r = 0; r < rows; ++r) {
    if (cells[r] == cells[r]) there.push_back(cells[r]);
  }
  std::sort(there.begin(), there.end());
  const size_t n = there.size();
  Plain plain;
  if (impute == "MEAN") {
    long double sum = 0;
    for (double x : there) sum += x;
    plain.fill = static_cast<double>(sum / n);
  } else if (impute == "MEDIAN") {
    plain.fill = (there[(n - 1) / 2] + there[n / 2]) / 2;
  } else if (impute == "MOST_FREQUENT") {
    std::map<double, int> counts;
    for (double x : there) ++counts[x];
    int most = 0;
    for (const auto& [x, count] : counts) {
      if (count > most) plain.fill = x, most = count;
    }
  }
  long double sum = 0, squares = 0;
  plain.least = std::numeric_limits<double>::infinity();
  plain.most = -plain.least;
  for (size_t r = 0; r < rows; ++r) {
    const double x = function(cells[r] == cells[r] ? cells[r] : plain.fill);
    sum += x;
    plain.least = std::min(plain.least, x);
    plain.most = std::max(plain.most, x);
  }
  const long double mean = sum / rows;
  for (size_t r = 0; r < rows; ++r) {
    const long double d = function(cells[r] == cells[r] ? cells[r] : plain.fill) - mean;
    squares += d * d;
  }
  plain.mean = static_cast<double>(mean);
  plain.deviation = static_cast<double>(std::sqrt(squares / rows));
  return plain;
}

TEST(ColumnsTest, EveryTreatmentOfNumbersIsWhatAPlainLoopLearnsFromTheTrainingRows) {
  constexpr size_t kRows = 700, kTrained = 525;
  RandomSequence random(11, 0);
  std::vector<std::vector<double>> cells(6);
  std::string csv = "a,b,c,d,e,f\n";
  for (size_t r = 0; r < kRows; ++r) {
    std::string line;
    for (size_t c = 0; c < cells.size(); ++c) {
      // Whole numbers come more than once, and are as they are written.
      double x = static_cast<double>(random.Below(c == 3 ? 5 : 200)) + 1;
      if (r >= kTrained) x += 1000;  // What is held out is of another kind.
      if (c < 4 && random.Below(4) == 0) x = kNan;
      cells[c].push_back(x);
      absl::StrAppend(&line, c == 0 ? "" : ",", Cell(x));
    }
    absl::StrAppend(&csv, line, "\n");
  }
  WriteTestFile("numbers.csv", csv);
  const DataSplits splits = Open(
      "train { csv { path: 'numbers.csv' field { input: 'x'"
      " columns { name: 'a' impute: MEAN divide_by: 4 standardise: true }"
      " columns { name: 'b' impute: MEDIAN log: true standardise: true }"
      " columns { pattern: '[cd]' except: 'd' impute_constant: '17' log1p: true min_max: true }"
      " columns { name: 'd' impute: MOST_FREQUENT }"
      " columns { name: ['f', 'e'] divide_by: 3 min_max: true } } } }"
      "validation { fraction: 0.25 tail: true }",
      {AnyDims("x")});
  ASSERT_NE(splits.train, nullptr);
  ASSERT_EQ(splits.train->size(), static_cast<int64_t>(kTrained));
  ASSERT_EQ(splits.train->fields()[0].dims, std::vector<int64_t>{6});
  EXPECT_EQ(splits.preprocessing.Find("x")->columns,
            (std::vector<std::string>{"a", "b", "c", "d", "f", "e"}));

  const auto same = [](double x) { return x; };
  const Plain a = Learn(cells[0], kTrained, "MEAN", [](double x) { return x / 4; });
  const Plain b = Learn(cells[1], kTrained, "MEDIAN", [](double x) { return std::log(x); });
  std::vector<double> c_filled = cells[2];
  for (double& x : c_filled) x = x == x ? x : 17;
  const Plain c = Learn(c_filled, kTrained, "", [](double x) { return std::log1p(x); });
  const Plain d = Learn(cells[3], kTrained, "MOST_FREQUENT", same);
  const Plain e = Learn(cells[4], kTrained, "", [](double x) { return x / 3; });
  const Plain f = Learn(cells[5], kTrained, "", [](double x) { return x / 3; });
  std::vector<double> found = ValuesOf<double>(*splits.train);
  const std::vector<double> held_out = ValuesOf<double>(*splits.validation);
  found.insert(found.end(), held_out.begin(), held_out.end());
  ASSERT_EQ(found.size(), kRows * 6);
  for (size_t r = 0; r < kRows; ++r) {
    const auto filled = [&](size_t column, double fill) {
      const double x = cells[column][r];
      return x == x ? x : fill;
    };
    const double expected[] = {(filled(0, a.fill) / 4 - a.mean) / a.deviation,
                               (std::log(filled(1, b.fill)) - b.mean) / b.deviation,
                               (std::log1p(c_filled[r]) - c.least) / (c.most - c.least),
                               filled(3, d.fill),
                               (cells[5][r] / 3 - f.least) / (f.most - f.least),
                               (cells[4][r] / 3 - e.least) / (e.most - e.least)};
    for (int k = 0; k < 6; ++k) {
      // Sums of 525 numbers in double and one rounding to float: half a unit in the last place.
      EXPECT_NEAR(found[r * 6 + k], expected[k], 1e-7 * std::max(1.0, std::abs(expected[k])))
          << "row " << r << " column " << k;
    }
  }
}

TEST(ColumnsTest, MediansAreThoseOfSortedColumns) {
  RandomSequence random(3, 0);
  for (const int64_t rows : {1, 2, 3, 10, 257, 1000}) {
    constexpr int64_t kColumns = 5;
    std::vector<double> cells;
    for (int64_t i = 0; i < rows * kColumns; ++i) {
      double x = random.Normal() * std::pow(10, static_cast<double>(random.Below(9)) - 4);
      if (i % kColumns == 1) x = static_cast<double>(random.Below(3)) - 1;  // -1, 0 and 1.
      if (i % kColumns == 2 && random.Below(3) == 0) x = kNan;
      if (i % kColumns == 3) x = kNan;
      if (i % kColumns == 4) x = random.Below(2) == 0 ? 0.0 : -0.0;
      cells.push_back(x);
    }
    const auto dataset = MakeMemoryDataset({{"x", Tensor::Of<double>({rows, kColumns}, cells)}});
    std::vector<int64_t> every_row;
    for (int64_t r = rows - 1; r >= 0; --r) every_row.push_back(r);
    for (const Rows& which : {Rows::Range(0, rows), Rows::List(every_row)}) {
      std::vector<double> medians;
      ASSERT_TRUE(FindMedians(**dataset, 0, which, {0, 1, 2, 3, 4}, &medians).ok());
      for (int64_t c = 0; c < kColumns; ++c) {
        std::vector<double> column;
        for (int64_t r = 0; r < rows; ++r) {
          if (cells[r * kColumns + c] == cells[r * kColumns + c]) {
            column.push_back(cells[r * kColumns + c]);
          }
        }
        std::sort(column.begin(), column.end());
        if (column.empty()) {
          EXPECT_TRUE(std::isnan(medians[c]));
          continue;
        }
        const double low = column[(column.size() - 1) / 2], high = column[column.size() / 2];
        EXPECT_EQ(medians[c], low + (high - low) / 2) << rows << " rows, column " << c;
      }
    }
  }
}

TEST(ColumnsTest, TheSameTreatmentOfAllColumnsIsTheAffineMapBitByBit) {
  std::string csv = "a,b,c\n";
  RandomSequence random(5, 0);
  for (int r = 0; r < 200; ++r) {
    absl::StrAppend(&csv, random.Normal(), ",", 100 * random.Normal(), ",7\n");
  }
  const DataSplits by_column =
      OpenGroup(csv, "columns { pattern: '.' divide_by: 3 standardise: true }");
  const DataSplits whole =
      OpenGroup(csv, "except: [] column: ['a', 'b', 'c'] divide_by: 3 standardise: true");
  EXPECT_EQ(ValuesOf<double>(*by_column.train), ValuesOf<double>(*whole.train));
  google::protobuf::RepeatedPtrField<InputPreprocessing> saved[2];
  by_column.preprocessing.ToProto(&saved[0]);
  whole.preprocessing.ToProto(&saved[1]);
  EXPECT_EQ(saved[0][0].columns_size(), 0);  // What an older program reads, too.
  EXPECT_EQ(saved[0][0].SerializeAsString(), saved[1][0].SerializeAsString());
}

TEST(ColumnsTest, ConstantColumns) {
  EXPECT_EQ(
      ValuesOf<double>(*OpenGroup("a\n3\n3\n3\n", "columns { name: 'a' min_max: true }").train),
      (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(ValuesOf<double>(
                *OpenGroup("a\n0.1\n0.1\n0.1\n", "columns { name: 'a' standardise: true }").train),
            (std::vector<double>{0, 0, 0}));
  EXPECT_EQ(
      ValuesOf<double>(*OpenGroup("a\n2\nNA\n2\n",
                                  "columns { name: 'a' log: true impute: MEAN standardise: true }")
                            .train),
      (std::vector<double>{0, 0, 0}));
}

TEST(ColumnsTest, CategoriesAreOneHotInTheOrderOfTheirBytes) {
  const DataSplits splits =
      OpenGroup("n,city\n1,Rome\n2,Oslo\n3,\"Berg, Ny\"\n4,Oslo\n",
                "columns { name: 'city' categories {} } columns { name: 'n' }");
  EXPECT_EQ(splits.train->fields()[0].dims, std::vector<int64_t>{4});
  EXPECT_EQ(ValuesOf<double>(*splits.train), (std::vector<double>{0, 0, 1, 1,  //
                                                                  0, 1, 0, 2,  //
                                                                  1, 0, 0, 3,  //
                                                                  0, 1, 0, 4}));
  EXPECT_EQ(splits.preprocessing.Find("x")->treatments[0].categories,
            (std::vector<std::string>{"Berg, Ny", "Oslo", "Rome"}));
  EXPECT_EQ(splits.preprocessing.Find("x")->NameOf(2), "column \"city\"");
  EXPECT_EQ(splits.preprocessing.Find("x")->NameOf(3), "column \"n\"");
}

TEST(ColumnsTest, CategoriesOrders) {
  const auto categories = [](const std::string& csv, const std::string& group) {
    return OpenGroup(csv, "columns { name: 'a' " + group + " }", DType::kInt32)
        .preprocessing.Find("x")
        ->treatments[0]
        .categories;
  };
  using Texts = std::vector<std::string>;
  EXPECT_EQ(categories("a\n10\n9\n-1\n10\n", "categories {}"), (Texts{"-1", "9", "10"}));
  EXPECT_EQ(categories("a\n10\n9\n-1\nx\n", "categories {}"), (Texts{"-1", "10", "9", "x"}));
  EXPECT_EQ(categories("a\n10\n9.5\n", "categories {}"), (Texts{"10", "9.5"}));
  EXPECT_EQ(categories("a\nb\nc\nc\na\na\n", "categories { most: 2 unseen: OTHER }"),
            (Texts{"a", "c"}));
  EXPECT_EQ(categories("a\nb\nc\n", "categories { value: ['c', 'z', 'b'] }"),
            (Texts{"c", "z", "b"}));
  // What stands for missing cells is a category, whether a cell of training misses or not.
  EXPECT_EQ(categories("a\nb\nc\n", "impute_constant: 'a' categories {}"), (Texts{"a", "b", "c"}));
}

TEST(ColumnsTest, BlanksAroundNumbersMakeNoCategories) {
  WriteTestFile("padded.csv", "x,y\n1,1\n2, 1\n3,2\n4, 2 \n5, b\n6,b\n");
  WriteTestFile("padded_test.csv", "x,y\n1,\t2\n");
  const auto open = [](const std::string& categories) {
    return Open(
        "train { csv { path: 'padded.csv' field { input: 'x' column: 'x' }"
        " field { input: 'label' columns { name: 'y' " +
            categories + " } } } } test { csv { path: 'padded_test.csv' } }",
        {AnyDims("x"), {"label", DType::kInt32, {}}});
  };
  const DataSplits learned = open("categories {}");
  EXPECT_EQ(learned.preprocessing.ClassNames("label"),
            (std::vector<std::string>{" b", "1", "2", "b"}));
  EXPECT_EQ(ValuesOf<double>(*learned.train, 1), (std::vector<double>{1, 1, 2, 2, 0, 3}));
  EXPECT_EQ(ValuesOf<double>(*learned.test, 1), (std::vector<double>{2}));
  // Whoever writes them with blanks, too, means the number.
  const DataSplits given = open("categories { value: [' 2', 'b', ' b', '1 '] }");
  EXPECT_EQ(ValuesOf<double>(*given.train, 1), (std::vector<double>{3, 3, 0, 0, 2, 1}));
  EXPECT_EQ(ValuesOf<double>(*given.test, 1), (std::vector<double>{0}));
}

TEST(ColumnsTest, MissingAndUnseenCategoriesHavePlaces) {
  const std::string csv = "a\nb\nNA\nc\n\nb\nd\n";
  const auto places = [&](const std::string& group) {
    return ValuesOf<double>(
        *OpenGroup(csv, "columns { name: 'a' " + group + " }", DType::kInt32).train);
  };
  EXPECT_EQ(places("impute: MOST_FREQUENT categories {}"), (std::vector<double>{0, 0, 1, 0, 0, 2}));
  EXPECT_EQ(places("impute_constant: '?' categories {}"), (std::vector<double>{1, 0, 2, 0, 1, 3}));
  EXPECT_EQ(places("impute_constant: 'c' categories { value: ['c', 'b'] unseen: OTHER }"),
            (std::vector<double>{1, 0, 0, 0, 1, 2}));
  EXPECT_EQ(places("impute_constant: '?' categories { most: 1 unseen: OTHER }"),
            (std::vector<double>{1, 0, 1, 0, 1,
                                 1}));  // "?" and "b" are there twice; "?" is first by its bytes.
}

TEST(ColumnsTest, TextsThatAreClassesKeepTheirNames) {
  WriteTestFile("iris.csv", "w,species\n1,virginica\n2,setosa\n3,virginica\n");
  WriteTestFile("iris_test.csv", "species,w\nsetosa,7\n");
  const DataSplits splits = Open(
      "train { csv { path: 'iris.csv' field { input: 'x' column: 'w' }"
      " field { input: 'label' columns { name: 'species' categories {} } } } }"
      "test { csv { path: 'iris_test.csv' } }",
      {AnyDims("x"), {"label", DType::kInt32, {}}});
  EXPECT_EQ(ValuesOf<double>(*splits.train, 1), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(ValuesOf<double>(*splits.test, 1), (std::vector<double>{0}));
  const std::vector<std::string> names = {"setosa", "virginica"};
  EXPECT_EQ(splits.preprocessing.ClassNames("label"), names);
  EXPECT_TRUE(splits.preprocessing.ClassNames("x").empty());

  // As a saved model has it, and without the column of the classes.
  google::protobuf::RepeatedPtrField<InputPreprocessing> proto;
  splits.preprocessing.ToProto(&proto);
  const auto saved = Preprocessing::FromProto(proto);
  ASSERT_TRUE(saved.ok()) << saved.status();
  EXPECT_EQ(saved->ClassNames("label"), names);
  const std::string raw = WriteTestFile("raw.csv", "w\n5\n");
  const auto rows = OpenCsvForModel(raw, {{"x", DType::kFloat32, {}}}, *saved);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(ValuesOf<double>(**rows), std::vector<double>{5});
}

TEST(ColumnsTest, TextsCanFeedNumbersAsTheirPlaces) {
  const DataSplits splits = OpenGroup(
      "a\nyes\nno\nyes\n", "columns { name: 'a' categories { as: INDEX value: ['no', 'yes'] } }");
  EXPECT_EQ(splits.train->fields()[0].dims, std::vector<int64_t>());
  EXPECT_EQ(ValuesOf<double>(*splits.train), (std::vector<double>{1, 0, 1}));
  EXPECT_EQ(splits.preprocessing.ClassNames("x"), (std::vector<std::string>{"no", "yes"}));
}

TEST(ColumnsTest, SeveralIndicesFeedOneInput) {
  const DataSplits splits = OpenGroup(
      "a,n,b\nx,7,v\ny,NA,w\nx,9,u\n",
      "columns { name: ['a', 'b'] categories {} } columns { name: 'n' impute_constant: '-1' }",
      DType::kInt32);
  EXPECT_EQ(ValuesOf<double>(*splits.train), (std::vector<double>{0, 1, 7, 1, 2, -1, 0, 0, 9}));
}

TEST(ColumnsTest, EverythingThatWasLearnedSurvivesTheProtoAndIsAppliedToRawRows) {
  WriteTestFile("full.csv", "id,a,b,c\n1,1,10,x\n2,,20,y\n3,9,30,\n4,4,40,z\n");
  const DataSplits splits = Open(
      "train { csv { path: 'full.csv' field { input: 'x'"
      " columns { name: 'a' impute: MEDIAN log: true standardise: true }"
      " columns { name: 'b' min_max: true }"
      " columns { name: 'c' impute: MOST_FREQUENT categories { unseen: OTHER } } } } }",
      {AnyDims("x")});
  google::protobuf::RepeatedPtrField<InputPreprocessing> proto;
  splits.preprocessing.ToProto(&proto);
  ASSERT_EQ(proto[0].columns_size(), 3);
  const auto saved = Preprocessing::FromProto(proto);
  ASSERT_TRUE(saved.ok()) << saved.status();
  google::protobuf::RepeatedPtrField<InputPreprocessing> again;
  saved->ToProto(&again);
  EXPECT_EQ(again[0].SerializeAsString(), proto[0].SerializeAsString());

  const std::vector<double> expected = ValuesOf<double>(*splits.train);
  const FieldSpec x = {"x", DType::kFloat32, {6}};
  const auto rows = OpenCsvForModel(TestFile("full.csv"), {x}, *saved);
  ASSERT_TRUE(rows.ok()) << rows.status();
  EXPECT_EQ(ValuesOf<double>(**rows), expected);
  // From a program: NaN is a missing cell, a category its place.
  for (const auto& raw :
       {Tensor::Of<double>({4, 3}, {1, 10, 0, kNan, 20, 1, 9, 30, kNan, 4, 40, 2})}) {
    const auto out = saved->Apply(x, raw);
    ASSERT_TRUE(out.ok()) << out.status();
    EXPECT_EQ(std::vector<double>(out->data<float>().begin(), out->data<float>().end()), expected);
  }
  const auto other = saved->Apply(x, Tensor::Of<float>({1, 3}, {1, 10, 3}));
  ASSERT_TRUE(other.ok()) << other.status();
  EXPECT_EQ(other->data<float>()[5], 1);
  const std::string unseen = WriteTestFile("unseen.csv", "c,b,a\nq,10,1\n");
  EXPECT_EQ(ValuesOf<double>(**OpenCsvForModel(unseen, {x}, *saved)).back(), 1);
}

TEST(ColumnsTest, UnitsTurnPredictionsBack) {
  const DataSplits splits = OpenGroup(
      "a,b\n100,4\n1000,5\n10,7\n",
      "columns { name: 'a' divide_by: 2 log: true standardise: true } columns { name: 'b' }");
  const FieldSpec x = {"x", DType::kFloat32, {2}};
  const std::vector<NumberMap> units = splits.preprocessing.Units(x);
  ASSERT_EQ(units.size(), 2u);
  EXPECT_TRUE(units[1].identity());
  // One rounding to float, which the exponential makes 5 times as large.
  for (double a : {100.0, 1000.0, 10.0}) {
    EXPECT_NEAR(units[0].Invert(static_cast<float>(units[0].Apply(a))), a, 1e-6 * a);
  }
  EXPECT_TRUE(splits.preprocessing.Units({"y", DType::kFloat32, {}}).empty());
  const Preprocessing affine({{"y", {}, 10, {1}, {4}}});
  const std::vector<NumberMap> y = affine.Units({"y", DType::kFloat32, {}});
  ASSERT_EQ(y.size(), 1u);
  EXPECT_EQ(y[0].Apply(50), 1);
  EXPECT_EQ(y[0].Invert(1), 50);
}

TEST(ColumnsTest, ADrawnSampleIsAllThatIsLearnedFrom) {
  WriteTestFile("drawn.csv", "a,y\n1,p\n100,q\n3,p\nNA,q\n1000,p\n");
  Diagnostics diagnostics;
  const DataConfig config = ParseData(
      "train { csv { path: 'drawn.csv' field { input: 'x' columns { name: 'a' impute: MEAN } }"
      " field { input: 'y' columns { name: 'y' categories {} } } } }");
  const std::vector<FieldSpec> inputs = {{"x", DType::kFloat32, {}}, {"y", DType::kInt32, {}}};
  const MemoryDatasets memory;
  const SourceContext context = {inputs, TestFolder(), &memory, &diagnostics};
  const ConfigPath path = ConfigPath().Child("data").Child("train");
  Source source = OpenRawSource(config.train(), path, Role::kTraining, {}, context);
  ASSERT_NE(source.raw, nullptr) << diagnostics.ToStatus();
  std::vector<int64_t> keys;
  ASSERT_TRUE(ReadClassKeys(source, 1, &keys));
  EXPECT_EQ(keys, (std::vector<int64_t>{0, 1, 0, 1, 0}));
  EXPECT_FALSE(ReadClassKeys(source, 0, &keys));
  const Rows rows = Rows::List({3, 0, 2});
  ASSERT_TRUE(LearnFeeds(rows, &source, context)) << diagnostics.ToStatus();
  const auto train = Prepare(source, inputs, rows);
  EXPECT_EQ(ValuesOf<double>(*train), (std::vector<double>{2, 1, 3}));
  EXPECT_EQ(ValuesOf<double>(*train, 1), (std::vector<double>{1, 0, 0}));
  EXPECT_EQ(WithoutFolder(train->Where(0, 0)), "drawn.csv:5");
  EXPECT_EQ(ValuesOf<double>(*Prepare(source, inputs, Rows::Range(3, 2))),
            (std::vector<double>{2, 1000}));
}

}  // namespace
}  // namespace gradus
