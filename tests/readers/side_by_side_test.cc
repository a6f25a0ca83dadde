// Sources side by side: the examples of a plain join by row, whatever each source is.

#include <cmath>
#include <vector>

#include "gradus/data/open_data.h"
#include "gtest/gtest.h"
#include "tests/testing/data_testing.h"

namespace gradus {
namespace {

class SideBySideTest : public testing::Test {
 protected:
  void SetUp() override {
    WriteTestFile("a.csv", "p,q\n1,10\n3,30\n5,50\n");
    WriteTestFile("b.csv", "kind,w\nx,7\ny,8\nx,9\n");
    memory_["extra"] = *MakeMemoryDataset({{"z", Tensor::Of<uint8_t>({3}, {2, 4, 6})}});
    memory_["more"] = *MakeMemoryDataset({{"z", Tensor::Of<uint8_t>({4}, {2, 4, 6, 8})}});
    memory_["made"] = *MakeCallbackDataset(
        {{"z", DType::kUint8, {}}}, 3,
        [](absl::Span<const int64_t> rows, absl::Span<void* const> to) {
          for (size_t i = 0; i < rows.size(); ++i) {
            static_cast<uint8_t*>(to[0])[i] = static_cast<uint8_t>(2 + 2 * rows[i]);
          }
          return absl::OkStatus();
        });
  }
  static std::string Sources(const std::string& name) {
    return "train { side_by_side {"
           " source { csv { path: 'a.csv' field { input: 'x' columns { pattern: '.' standardise: "
           "true "
           "} } } }"
           " source { memory { name: '" +
           name +
           "' field { input: 'z' divide_by: 2 } } }"
           " source { csv { path: 'b.csv' field { input: 'y' columns { name: 'kind' categories {} "
           "} }"
           "                              field { input: 'v' column: 'w' } } } } }";
  }
  std::vector<std::string> Open(const std::string& text, DataSplits* splits) {
    Diagnostics diagnostics;
    *splits = OpenData(ParseData(text), inputs_, TestFolder(), memory_, &diagnostics);
    return Findings(diagnostics);
  }

  const std::vector<FieldSpec> inputs_ = {{"v", DType::kFloat32, {}},
                                          {"x", DType::kFloat32, {2}},
                                          {"y", DType::kInt32, {}},
                                          {"z", DType::kFloat32, {}}};
  MemoryDatasets memory_;
};

TEST_F(SideBySideTest, RowsBelongTogether) {
  for (const char* name : {"extra", "made"}) {
    DataSplits splits;
    ASSERT_EQ(
        Open(Sources(name) +
                 "test { side_by_side { source { csv { path: 'a.csv' field { input: 'x' } } }"
                 " source { memory { name: 'extra' } }"
                 " source { csv { path: 'b.csv' field { input: 'y' } field { input: 'v' } } } } }",
             &splits),
        std::vector<std::string>{});
    for (const auto& dataset : {splits.train, splits.test}) {
      ASSERT_NE(dataset, nullptr);
      ASSERT_EQ(dataset->size(), 3);
      float v[2], x[4], z[2];
      int32_t y[2];
      ASSERT_TRUE(dataset->Read({2, 1}, {v, x, y, z}).ok());
      EXPECT_EQ(std::vector<float>(v, v + 2), (std::vector<float>{9, 8}));
      EXPECT_EQ(std::vector<int32_t>(y, y + 2), (std::vector<int32_t>{0, 1}));
      EXPECT_EQ(std::vector<float>(z, z + 2), (std::vector<float>{3, 2}));
      // 1, 3, 5 and 10, 30, 50: the last is the root of 3 / 2 deviations above the mean.
      EXPECT_FLOAT_EQ(x[0], std::sqrt(1.5f));
      EXPECT_FLOAT_EQ(x[1], std::sqrt(1.5f));
      EXPECT_EQ(x[2], 0);
      EXPECT_EQ(WithoutFolder(dataset->Where(1, 2)), "b.csv:3");
    }
  }
}

// A table's numbers are doubles; examples that are made row by row are not in memory, so that all are first read into buffers.
TEST_F(SideBySideTest, DoublesBesideExamplesThatAreMadeStayInTheirBuffers) {
  DataSplits splits;
  const std::vector<FieldSpec> inputs = {inputs_[1], inputs_[3]};
  Diagnostics diagnostics;
  splits = OpenData(ParseData("train { side_by_side {"
                              " source { csv { path: 'a.csv' field { input: 'x' column: ['p', "
                              "'q'] } } }"
                              " source { memory { name: 'made' } } } }"),
                    inputs, TestFolder(), memory_, &diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  constexpr float kUntouched = -1;
  std::vector<float> x(3 * 6, kUntouched), z(3 * 3, kUntouched);
  void* const buffers[] = {x.data() + 6, z.data() + 3};
  ASSERT_TRUE(splits.train->Read({2, 0, 1}, buffers).ok());
  const float u = kUntouched;
  EXPECT_EQ(x, (std::vector<float>{u, u, u, u, u, u, 5, 50, 1, 10, 3, 30, u, u, u, u, u, u}));
  EXPECT_EQ(z, (std::vector<float>{u, u, u, 6, 2, 4, u, u, u}));
}

TEST_F(SideBySideTest, WhatDoesNotFitIsRefused) {
  using Lines = std::vector<std::string>;
  DataSplits splits;
  EXPECT_EQ(Open(Sources("more"), &splits),
            (Lines{"data.train.side_by_side.source[1]: the source has 4 examples, the first one 3; "
                   "sources side by side have one row for each example"}));
  EXPECT_EQ(Open("train { side_by_side { source { memory { name: 'extra' } }"
                 " source { memory { name: 'more' } } } }",
                 &splits),
            (Lines{"data.train.side_by_side.source[1].memory: input \"z\" is fed twice",
                   "data.train.side_by_side: nothing feeds input \"v\"",
                   "data.train.side_by_side: nothing feeds input \"x\"",
                   "data.train.side_by_side: nothing feeds input \"y\""}));
  EXPECT_EQ(Open("train { side_by_side { source { csv { path: 'nowhere.csv' } } } }", &splits)[0],
            "data.train.side_by_side.source[0].csv.path: nowhere.csv: No such file or directory");
}

}  // namespace
}  // namespace gradus
