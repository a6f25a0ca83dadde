// Shapes with a symbolic batch: products, broadcasting, overflow.

#include "gradus/base/shape.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <vector>

namespace gradus {
namespace {

const Dim kBatch{1, true};

TEST(ShapeTest, PrintsAsItIsSpoken) {
  EXPECT_EQ(Shape().ToString(), "[]");
  EXPECT_EQ(Shape::Fixed({28, 28}).ToString(), "[28, 28]");
  EXPECT_EQ(Shape::Batched({784}).ToString(), "[batch, 784]");
  EXPECT_EQ(Shape({Dim{2, true}, Dim{3, false}}).ToString(), "[2*batch, 3]");
  EXPECT_EQ((TensorSpec{DType::kInt32, Shape::Batched({})}.ToString()), "INT32 [batch]");
}

TEST(ShapeTest, TakesItsExtentsFromTheNumberOfRows) {
  const Shape shape({Dim{3, false}, Dim{2, true}});
  EXPECT_EQ(shape.At(5), (std::vector<int64_t>{3, 10}));
  EXPECT_EQ(shape.At(0), (std::vector<int64_t>{3, 0}));
  EXPECT_EQ(shape.batch_axis(), 1);
  EXPECT_EQ(Shape::Fixed({3}).batch_axis(), -1);
  EXPECT_EQ(Shape().At(7), std::vector<int64_t>());
}

TEST(ShapeTest, IsEqualOnlyWithTheSameDims) {
  EXPECT_EQ(Shape::Batched({3}), Shape({kBatch, Dim{3, false}}));
  EXPECT_NE(Shape::Batched({3}), Shape::Fixed({1, 3}));
  EXPECT_NE(Shape::Batched({3}), Shape::Batched({3, 1}));
  EXPECT_NE((TensorSpec{DType::kInt32, Shape()}), (TensorSpec{DType::kFloat32, Shape()}));
}

TEST(ShapeTest, CanBeEdited) {
  Shape shape = Shape::Batched({3, 4});
  shape.Set(1, Dim{5, false});
  shape.Append(Dim{6, false});
  shape.Erase(2);
  EXPECT_EQ(shape, Shape::Batched({5, 6}));
}

TEST(ShapeTest, CountsElementsAsAMultipleOfTheBatch) {
  EXPECT_EQ(*Shape().Elements(), (Dim{1, false}));
  EXPECT_EQ(*Shape::Fixed({3, 4}).Elements(), (Dim{12, false}));
  EXPECT_EQ(*Shape::Batched({3, 4}).Elements(), (Dim{12, true}));
  EXPECT_EQ(*Shape::Batched({3, 0}).Elements(), (Dim{0, true}));
  EXPECT_EQ(Shape({kBatch, kBatch}).Elements().status().message(),
            "shape [batch, batch] has two batch axes");
}

TEST(ElementCountTest, RefusesNegativeAndHugeShapes) {
  const int64_t huge = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(*ElementCount({}), 1);
  EXPECT_EQ(*ElementCount({7, 0, 3}), 0);
  EXPECT_EQ(*ElementCount({int64_t{1} << 24, int64_t{1} << 24}), int64_t{1} << 48);
  EXPECT_EQ(ElementCount({3, -1}).status().message(), "a shape has the extent -1");
  EXPECT_FALSE(ElementCount({(int64_t{1} << 24) + 1, int64_t{1} << 24}).ok());
  EXPECT_FALSE(ElementCount({huge, huge}).ok());
  // No overflow on the way to a product of nothing, and no negative extent behind a zero.
  EXPECT_EQ(*ElementCount({huge, huge, 0}), 0);
  EXPECT_FALSE(ElementCount({0, -1}).ok());
}

TEST(BroadcastTest, FollowsNumPy) {
  const auto broadcast = [](const Shape& a, const Shape& b) { return BroadcastShapes(a, b); };
  EXPECT_EQ(*broadcast(Shape::Fixed({3, 1}), Shape::Fixed({4})), Shape::Fixed({3, 4}));
  EXPECT_EQ(*broadcast(Shape::Fixed({4}), Shape::Fixed({3, 1})), Shape::Fixed({3, 4}));
  EXPECT_EQ(*broadcast(Shape(), Shape::Batched({5})), Shape::Batched({5}));
  EXPECT_EQ(*broadcast(Shape::Fixed({1, 5}), Shape::Batched({1})), Shape::Batched({5}));
  EXPECT_EQ(*broadcast(Shape::Fixed({1}), Shape::Fixed({0})), Shape::Fixed({0}));
  EXPECT_EQ(broadcast(Shape::Fixed({3}), Shape::Fixed({4})).status().message(),
            "shapes [3] and [4] do not broadcast");
  // The batch is a length of its own, even where a number happens to be as large.
  EXPECT_EQ(broadcast(Shape::Batched({2}), Shape::Fixed({8, 2})).status().message(),
            "shapes [batch, 2] and [8, 2] do not broadcast");
}

}  // namespace
}  // namespace gradus
