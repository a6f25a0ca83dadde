// Tensors: aligned, shared, cloned, refused.

#include "gradus/base/tensor.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <vector>

namespace gradus {
namespace {

TEST(TensorTest, StartsAsAlignedZeros) {
  for (int64_t size : {1, 3, 17, 1000}) {
    const auto tensor = Tensor::Create(DType::kFloat32, {size});
    ASSERT_TRUE(tensor.ok());
    EXPECT_EQ(reinterpret_cast<uintptr_t>(tensor->raw()) % 64, 0u);
    for (float x : tensor->data<float>()) EXPECT_EQ(x, 0);
  }
}

TEST(TensorTest, KnowsItsSize) {
  const Tensor tensor = Tensor::Of<double>({2, 3}, {1, 2, 3, 4, 5, 6});
  EXPECT_EQ(tensor.dtype(), DType::kFloat64);
  EXPECT_EQ(tensor.rank(), 2);
  EXPECT_EQ(tensor.rows(), 2);
  EXPECT_EQ(tensor.elements(), 6);
  EXPECT_EQ(tensor.bytes(), 48);
  EXPECT_EQ(tensor.data<double>()[4], 5);
}

TEST(TensorTest, AScalarHasOneElementAndOneRow) {
  const Tensor scalar = Tensor::Of<int64_t>({}, {42});
  EXPECT_EQ(scalar.rank(), 0);
  EXPECT_EQ(scalar.rows(), 1);
  EXPECT_EQ(scalar.elements(), 1);
  EXPECT_EQ(scalar.data<int64_t>()[0], 42);
}

TEST(TensorTest, CanBeEmpty) {
  EXPECT_EQ(Tensor().elements(), 0);
  EXPECT_EQ(Tensor().dims(), std::vector<int64_t>{0});
  const auto empty = Tensor::Create(DType::kUint8, {0, 5});
  ASSERT_TRUE(empty.ok());
  EXPECT_EQ(empty->bytes(), 0);
  EXPECT_TRUE(empty->data<uint8_t>().empty());
  EXPECT_EQ(empty->Clone().dims(), (std::vector<int64_t>{0, 5}));
}

TEST(TensorTest, CopiesShareAndClonesDoNot) {
  Tensor a = Tensor::Of<float>({2}, {1, 2});
  const Tensor copy = a;
  const Tensor clone = a.Clone();
  a.mutable_data<float>()[0] = 7;
  EXPECT_EQ(copy.data<float>()[0], 7);
  EXPECT_EQ(clone.data<float>()[0], 1);
  EXPECT_EQ(clone.data<float>()[1], 2);
}

TEST(TensorTest, RefusesImpossibleSizes) {
  EXPECT_FALSE(Tensor::Create(DType::kFloat32, {-1}).ok());
  EXPECT_FALSE(Tensor::Create(DType::kFloat32, {int64_t{1} << 40, int64_t{1} << 40}).ok());
}

TEST(TensorTest, TypesMatchTheirSizesAndNames) {
  EXPECT_EQ(ByteSize(DType::kFloat32), static_cast<int64_t>(sizeof(float)));
  EXPECT_EQ(ByteSize(DType::kFloat64), static_cast<int64_t>(sizeof(double)));
  EXPECT_EQ(ByteSize(DType::kInt32), static_cast<int64_t>(sizeof(int32_t)));
  EXPECT_EQ(ByteSize(DType::kInt64), static_cast<int64_t>(sizeof(int64_t)));
  EXPECT_EQ(ByteSize(DType::kUint8), 1);
  EXPECT_EQ(Name(DTypeOf<float>::value), "FLOAT32");
  EXPECT_EQ(Name(DTypeOf<double>::value), "FLOAT64");
  EXPECT_EQ(Name(DTypeOf<int32_t>::value), "INT32");
  EXPECT_EQ(Name(DTypeOf<int64_t>::value), "INT64");
  EXPECT_EQ(Name(DTypeOf<uint8_t>::value), "UINT8");
}

TEST(TensorDeathTest, ReadingAsAnotherTypeIsAMistakeOfOurs) {
  const Tensor tensor = Tensor::Of<float>({1}, {1});
  EXPECT_DEATH(tensor.data<int32_t>(), "internal error");
}

}  // namespace
}  // namespace gradus
