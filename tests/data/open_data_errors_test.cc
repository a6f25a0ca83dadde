// What OpenData refuses: the address and the message of every finding, all of them at once.

#include <cmath>
#include <vector>

#include "gradus/base/text_config.h"
#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

using Lines = std::vector<std::string>;

class OpenDataErrorsTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteTestFile("t.csv", "alpha,beta,y\n1,2,0\n3,4,1\n5,6,0\n");
    WriteTestFile("bad.csv", "alpha,beta,y\n1,2,0\n3,four,1\n");
    WriteTestFile("none.csv", "alpha,beta,y\n");
    WriteTestFile("images.idx", Idx(0x08, {3, 2}, "abcdef"));
    WriteTestFile("floats.idx", Idx(0x0d, {3}, std::string(12, '\0')));
    WriteTestFile("labels.idx", Idx(0x08, {2}, "ab"));
    memory_["examples"] = *MakeMemoryDataset({{"x", Tensor::Of<float>({3, 2}, {1, 2, 3, 4, 5, 6})},
                                              {"y", Tensor::Of<int32_t>({3}, {0, 1, 0})}});
    memory_["extra"] = *MakeMemoryDataset({{"x", Tensor::Of<float>({1, 2}, {1, 2})},
                                           {"y", Tensor::Of<int32_t>({1}, {0})},
                                           {"w", Tensor::Of<float>({1}, {1})}});
    memory_["real"] = *MakeMemoryDataset(
        {{"x", Tensor::Of<float>({1, 3}, {1, 2, 3})}, {"y", Tensor::Of<float>({1}, {0})}});
  }

  Lines Open(const std::string& text) {
    Diagnostics diagnostics;
    OpenData(ParseData(text), inputs_, TestFolder(), memory_, &diagnostics);
    return Findings(diagnostics);
  }
  // With `train` that is right.
  Lines OpenAfterTraining(const std::string& text) {
    return Open(
        "train { csv { path: 't.csv' field { input: 'x' except: 'y' standardise: true }"
        " field { input: 'y' column: 'y' } } } " +
        text);
  }

  const std::vector<FieldSpec> inputs_ = {{"x", DType::kFloat32, {2}}, {"y", DType::kInt32, {}}};
  MemoryDatasets memory_;
};

TEST_F(OpenDataErrorsTest, NamesOfColumnsAndInputs) {
  EXPECT_EQ(Open("train { csv { path: 't.csv' field { input: 'x' column: ['alpha', 'betta'] }"
                 " field { input: 'label' column: 'y' } } }"),
            (Lines{"data.train.csv.field[0].column[1]: t.csv has no column \"betta\"; did you mean "
                   "\"beta\"?",
                   "data.train.csv.field[1].input: the model has no input \"label\"",
                   "data.train.csv: nothing feeds input \"y\""}));
  EXPECT_EQ(Open("train { csv { path: 't.csv' field { input: 'x' except: 'Y' }"
                 " field { input: 'y' column: 'y' } } }"),
            (Lines{"data.train.csv.field[0].except[0]: t.csv has no column \"Y\"; did you mean "
                   "\"y\"?"}));
  EXPECT_EQ(Open("train { csv { path: 't.csv' field { input: 'x' column: ['beta', 'beta'] }"
                 " field { input: 'y' column: 'y' } field { input: 'y' column: 'y' } } }"),
            (Lines{"data.train.csv.field[0].column[1]: column \"beta\" is named twice",
                   "data.train.csv.field[2].input: input \"y\" is fed twice"}));
}

TEST_F(OpenDataErrorsTest, ChoiceOfColumns) {
  EXPECT_EQ(Open("train { csv { path: 't.csv' field { input: 'x' column: 'alpha' except: 'y' }"
                 " field { input: 'y' } } }"),
            (Lines{"data.train.csv.field[0]: column and except are both given",
                   "data.train.csv.field[1]: input \"y\" has no columns; name them in column, or "
                   "all others in except"}));
  EXPECT_EQ(Open("train { csv { path: 't.csv' field { input: 'x' column: 'alpha' }"
                 " field { input: 'y' except: 'y' } } }"),
            (Lines{"data.train.csv.field[0]: input \"x\" is FLOAT32 [2], that is 2 numbers an "
                   "example; the column has 1 ([1])",
                   "data.train.csv.field[1]: input \"y\" is INT32 [], that is 1 numbers an "
                   "example; the choice of columns has 2 ([2])"}));
}

TEST_F(OpenDataErrorsTest, FilesAndCells) {
  const std::string fields =
      "field { input: 'x' except: 'y' } field { input: 'y' column: 'y' } } }";
  EXPECT_EQ(Open("train { csv { path: 'absent.csv' " + fields),
            (Lines{"data.train.csv.path: absent.csv: No such file or directory"}));
  EXPECT_EQ(
      Open("train { csv { path: 'bad.csv' " + fields),
      (Lines{"data.train.csv.path: bad.csv:3:3: column \"beta\": \"four\" is not a number; if it "
             "stands for a category: columns { name: ... categories {} }"}));
  EXPECT_EQ(Open("train { csv { path: 'none.csv' " + fields),
            (Lines{"data.train.csv.path: none.csv: there are no rows below the header"}));
}

TEST_F(OpenDataErrorsTest, ValuesThatCannotBeDoneToIntegers) {
  EXPECT_EQ(Open("train { csv { path: 't.csv' field { input: 'x' except: 'y' divide_by: -1 }"
                 " field { input: 'y' column: 'y' standardise: true } } }"),
            (Lines{"data.train.csv.field[0].divide_by: divide_by -1 is not positive",
                   "data.train.csv.field[1]: input \"y\" is INT32; only FLOAT32 can be "
                   "standardised"}));
  EXPECT_EQ(Open("train { csv { path: 't.csv' field { input: 'x' except: 'y' }"
                 " field { input: 'y' column: 'y' divide_by: 2 } } }"),
            (Lines{"data.train.csv.field[1]: input \"y\" is INT32; only FLOAT32 can be divided"}));
}

TEST_F(OpenDataErrorsTest, IdxFilesThatDoNotFit) {
  EXPECT_EQ(Open("train { idx { field { input: 'x' path: 'images.idx' }"
                 " field { input: 'y' path: 'labels.idx' } } }"),
            (Lines{"data.train.idx.field[1].path: labels.idx has 2 examples, images.idx has 3"}));
  EXPECT_EQ(Open("train { idx { field { input: 'x' path: 'floats.idx' }"
                 " field { input: 'y' path: 'floats.idx' } } }"),
            (Lines{"data.train.idx.field[0]: input \"x\" is FLOAT32 [2], that is 2 numbers an "
                   "example; floats.idx has 1 ([])",
                   "data.train.idx.field[1]: input \"y\" is INT32; floats.idx is FLOAT32"}));
  EXPECT_EQ(
      Open("train { idx { field { input: 'x' path: 't.csv' } field { input: 'z' path: 'no' } } }"),
      (Lines{"data.train.idx.field[0].path: t.csv: is not an IDX file: it begins with 61 6c, "
             "not 00 00",
             "data.train.idx.field[1].input: the model has no input \"z\"",
             "data.train.idx.field[1].path: no: No such file or directory",
             "data.train.idx: nothing feeds input \"y\""}));
}

TEST_F(OpenDataErrorsTest, MemoryThatDoesNotFit) {
  EXPECT_EQ(Open("train { memory { name: 'exampels' } }"),
            (Lines{"data.train.memory.name: the program gives no examples called \"exampels\"; did "
                   "you mean \"examples\"?"}));
  EXPECT_EQ(Open("train { memory { name: 'extra' } }"),
            (Lines{"data.train.memory: the model has no input \"w\""}));
  EXPECT_EQ(Open("train { memory { name: 'real' } }"),
            (Lines{"data.train.memory: input \"x\" is FLOAT32 [2], that is 2 numbers an example; "
                   "the field of \"real\" has 3 ([3])",
                   "data.train.memory: input \"y\" is INT32; the field of \"real\" is FLOAT32"}));
  EXPECT_EQ(
      Open("train { memory { name: 'examples' field { input: 'xx' }"
           " field { input: 'x' } field { input: 'x' } } }"),
      (Lines{"data.train.memory.field[0].input: \"examples\" has no field \"xx\"; did you mean "
             "\"x\"?",
             "data.train.memory.field[2].input: field \"x\" is there twice"}));
}

TEST_F(OpenDataErrorsTest, Splits) {
  EXPECT_EQ(
      OpenAfterTraining("validation { fraction: 0.9 }"),
      (Lines{"data.validation.fraction: fraction 0.9 of 3 examples leaves none to train on"}));
  EXPECT_EQ(OpenAfterTraining("validation { fraction: 1e-17 }"),
            (Lines{"data.validation.fraction: fraction 1e-17 of 3 examples holds out none"}));
  EXPECT_EQ(OpenAfterTraining("validation { fraction: 1.5 }"),
            (Lines{"data.validation.fraction: fraction 1.5 is not in [0, 1)"}));
  EXPECT_EQ(OpenAfterTraining("validation { fraction: 0 }"), Lines{});
  EXPECT_EQ(Open("validation { fraction: 0.5 }"),
            (Lines{"data.validation.fraction: a fraction of the training examples, and data.train "
                   "is not set"}));
  EXPECT_EQ(Open("test { memory { name: 'examples' } }"),
            (Lines{"data: data.train is not set: it says how values are preprocessed"}));
  EXPECT_EQ(Open("train {}"), (Lines{"data.train: none of csv, idx, image_folder, memory, npy, "
                                     "safetensors, side_by_side is set"}));
  EXPECT_EQ(Open(""), Lines{});
}

TEST_F(OpenDataErrorsTest, TestThatDiffersFromTraining) {
  EXPECT_EQ(
      OpenAfterTraining("test { csv { path: 't.csv' field { input: 'x' column: ['beta', 'alpha']"
                        " divide_by: 2 standardise: false } } }"),
      (Lines{"data.test.csv.field[0].divide_by: divide_by 2 is not the 1 of training",
             "data.test.csv.field[0].standardise: input \"x\" was standardised in training",
             "data.test.csv.field[0]: the columns of input \"x\" are not those of training: "
             "alpha, beta"}));
  WriteTestFile("fewer.csv", "alpha,y\n1,2\n");
  EXPECT_EQ(OpenAfterTraining("validation { source { csv { path: 'fewer.csv' } } }"),
            (Lines{"data.validation.source.csv: fewer.csv has no column \"beta\"; its columns are "
                   "\"alpha\", \"y\""}));
}

TEST_F(OpenDataErrorsTest, BrokenTrainingDoesNotHideABrokenTest) {
  EXPECT_EQ(Open("train { csv { path: 'absent.csv' } } test { csv { path: 'gone.csv' } }"),
            (Lines{"data.train.csv.path: absent.csv: No such file or directory",
                   "data.train.csv: nothing feeds input \"x\"",
                   "data.train.csv: nothing feeds input \"y\"",
                   "data.test.csv.path: gone.csv: No such file or directory"}));
}

TEST_F(OpenDataErrorsTest, StandardisingWhatIsNotFinite) {
  memory_["nan"] = *MakeMemoryDataset(
      {{"x", Tensor::Of<float>({2, 2}, {1, 2, NAN, 4})}, {"y", Tensor::Of<int32_t>({2}, {0, 1})}});
  EXPECT_EQ(Open("train { memory { name: 'nan' field { input: 'x' standardise: true } } }"),
            (Lines{"data.train.memory.field[0]: row 1: input \"x\": element 0 is nan"}));
}

TEST_F(OpenDataErrorsTest, FindingsHavePlacesInTheText) {
  Diagnostics diagnostics;
  const ParsedConfig parsed = ParseTextConfig(
      "train {\n"
      "  csv {\n"
      "    path: 't.csv'\n"
      "    field { input: 'x' column: 'alpha' column: 'betta' }\n"
      "    field { input: 'y' column: 'y' }\n"
      "  }\n"
      "}\n",
      "run.pbtxt", DataConfig(), {}, &diagnostics);
  ASSERT_NE(parsed.message, nullptr) << diagnostics.ToStatus();
  // The addresses are those of a whole run; here the text is only its `data`.
  diagnostics.set_locator([&parsed](const ConfigPath& path) {
    const auto inner = ConfigPath::Parse(path.ToString().substr(sizeof("data.") - 1));
    return inner.ok() ? parsed.source.Locate(*inner) : Position();
  });
  OpenData(static_cast<const DataConfig&>(*parsed.message), inputs_, TestFolder(), memory_,
           &diagnostics);
  ASSERT_EQ(diagnostics.findings().size(), 1u);
  EXPECT_EQ(diagnostics.findings()[0].position.file, "run.pbtxt");
  EXPECT_EQ(diagnostics.findings()[0].position.line, 4);
}

}  // namespace
}  // namespace gradus
