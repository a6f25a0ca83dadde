// Tensors of a safetensors file as examples, and what is refused.

#include "gradus/train/safetensors.h"

#include <vector>

#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

using Lines = std::vector<std::string>;

class SafetensorsReaderTest : public testing::Test {
 protected:
  void SetUp() override {
    SafetensorsFile file;
    file.tensors.push_back({"label", Tensor::Of<int64_t>({3}, {2, 0, -1})});
    file.tensors.push_back({"pixels", Tensor::Of<uint8_t>({3, 2}, {0, 255, 51, 102, 0, 0})});
    file.tensors.push_back({"large", Tensor::Of<int64_t>({3}, {1, int64_t{1} << 33, 0})});
    file.tensors.push_back({"two", Tensor::Of<float>({2}, {1, 2})});
    ASSERT_TRUE(WriteSafetensors(TestFile("t.safetensors"), file).ok());
  }
  Lines Open(const std::string& text, DataSplits* splits) {
    FieldSpec x = {"x", DType::kFloat32, {}}, label = {"label", DType::kInt32, {}};
    x.any_dims = true;
    Diagnostics diagnostics;
    *splits = OpenData(ParseData("train { safetensors { path: 't.safetensors' " + text + " } }"),
                       {x, label}, TestFolder(), {}, &diagnostics);
    return Findings(diagnostics);
  }
};

TEST_F(SafetensorsReaderTest, TensorsFeedInputs) {
  DataSplits splits;
  ASSERT_EQ(Open("field { input: 'x' tensor: 'pixels' divide_by: 255 } field { input: 'label' }",
                 &splits),
            Lines{});
  ASSERT_NE(splits.train, nullptr);
  EXPECT_EQ(splits.train->fields()[0].dims, std::vector<int64_t>{2});
  float x[4];
  int32_t label[2];
  ASSERT_TRUE(splits.train->Read({2, 1}, {x, label}).ok());
  EXPECT_EQ(std::vector<float>(x, x + 4), (std::vector<float>{0, 0, 51 / 255.0f, 102 / 255.0f}));
  EXPECT_EQ(std::vector<int32_t>(label, label + 2), (std::vector<int32_t>{-1, 0}));
  EXPECT_EQ(WithoutFolder(splits.train->Where(1, 0)), "t.safetensors: tensor \"pixels\": row 1");
}

TEST_F(SafetensorsReaderTest, WhatDoesNotFitIsRefused) {
  DataSplits splits;
  const std::string path = "data.train.safetensors.";
  EXPECT_EQ(
      Open("field { input: 'x' tensor: 'pixel' } field { input: 'label' tensor: 'large' }",
           &splits),
      (Lines{path + "field[0].tensor: t.safetensors has no tensor \"pixel\"; did you mean "
                    "\"pixels\"?",
             path + "field[1].tensor: t.safetensors: tensor \"large\": element 1 is 8589934592, "
                    "which does not fit INT32"}));
  EXPECT_EQ(Open("field { input: 'x' } field { input: 'label' }", &splits),
            (Lines{path + "field[0].input: t.safetensors has no tensor \"x\""}));
  EXPECT_EQ(Open("field { input: 'x' tensor: 'two' } field { input: 'label' }", &splits),
            (Lines{path + "field[1].input: t.safetensors: tensor \"label\" has 3 examples, "
                          "t.safetensors: tensor \"two\" has 2"}));
  WriteTestFile("t.safetensors", "not one");
  EXPECT_EQ(Open("field { input: 'x' } field { input: 'label' }", &splits).size(), 1u);
}

}  // namespace
}  // namespace gradus
