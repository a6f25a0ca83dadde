// Datasets that a program gives.

#include "gradus/data/memory.h"

#include <vector>

#include "gtest/gtest.h"

namespace gradus {
namespace {

TEST(MemoryTest, ReadsRowsInAnyOrder) {
  const auto dataset = MakeMemoryDataset({{"x", Tensor::Of<float>({3, 2}, {0, 1, 2, 3, 4, 5})},
                                          {"label", Tensor::Of<uint8_t>({3}, {7, 8, 9})}});
  ASSERT_TRUE(dataset.ok()) << dataset.status();
  EXPECT_EQ((*dataset)->size(), 3);
  EXPECT_EQ((*dataset)->fields()[0].ToString(), "FLOAT32 [2]");
  EXPECT_EQ((*dataset)->fields()[1].ToString(), "UINT8 []");
  std::vector<float> x(6);
  std::vector<uint8_t> label(3);
  ASSERT_TRUE((*dataset)->Read({2, 0, 2}, {x.data(), label.data()}).ok());
  EXPECT_EQ(x, (std::vector<float>{4, 5, 0, 1, 4, 5}));
  EXPECT_EQ(label, (std::vector<uint8_t>{9, 7, 9}));
}

TEST(MemoryTest, RowsOutsideAreRefused) {
  const auto memory = MakeMemoryDataset({{"x", Tensor::Of<float>({2}, {1, 2})}});
  bool called = false;
  const auto callback =
      MakeCallbackDataset({{"x", DType::kFloat32, {}}}, 2,
                          [&called](absl::Span<const int64_t>, absl::Span<void* const>) {
                            called = true;
                            return absl::OkStatus();
                          });
  float x = 0;
  for (const auto& dataset : {*memory, *callback}) {
    EXPECT_EQ(dataset->Read({2}, {&x}), absl::OutOfRangeError("row 2 is not in a dataset of 2"));
    EXPECT_EQ(dataset->Read({-1}, {&x}), absl::OutOfRangeError("row -1 is not in a dataset of 2"));
  }
  EXPECT_FALSE(called);
}

TEST(MemoryTest, TensorsThatAreNoExamplesAreRefused) {
  const Tensor two = Tensor::Of<float>({2}, {1, 2});
  EXPECT_EQ(MakeMemoryDataset({}).status().message(), "a dataset needs a field");
  EXPECT_EQ(
      MakeMemoryDataset({{"x", two}, {"y", Tensor::Of<float>({3}, {1, 2, 3})}}).status().message(),
      "field \"y\" has 3 rows, field \"x\" has 2");
  EXPECT_EQ(MakeMemoryDataset({{"x", two}, {"x", two}}).status().message(),
            "field \"x\" is there twice");
  EXPECT_EQ(MakeMemoryDataset({{"x", Tensor::Of<float>({}, {1})}}).status().message(),
            "field \"x\": a scalar has no axis of examples");
  EXPECT_EQ(MakeMemoryDataset({{"x", Tensor::Of<int64_t>({1}, {1})}}).status().message(),
            "field \"x\": INT64 is not a type of examples; give INT32");
}

TEST(MemoryTest, CallbacksThatCannotWorkAreRefused) {
  const ReadRows none = [](absl::Span<const int64_t>, absl::Span<void* const>) {
    return absl::OkStatus();
  };
  EXPECT_EQ(MakeCallbackDataset({{"x", DType::kFloat32, {}}}, -1, none).status().message(),
            "size -1 is negative");
  EXPECT_EQ(MakeCallbackDataset({{"x", DType::kFloat32, {}}}, 1, nullptr).status().message(),
            "the callback is empty");
  EXPECT_EQ(MakeCallbackDataset({{"x", DType::kFloat64, {}}}, 1, none).status().message(),
            "field \"x\": a callback gives FLOAT32, INT32 or UINT8, not FLOAT64");
  EXPECT_FALSE(MakeCallbackDataset({{"x", DType::kFloat32, {-2}}}, 1, none).ok());
}

}  // namespace
}  // namespace gradus
