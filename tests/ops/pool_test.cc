// max_pool2d and avg_pool2d: values by hand, where gradients go, and what the shape rules refuse.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/ops/run_op.h"

namespace gradus {
namespace {

using testing::ElementsAre;
using testing::FloatEq;

template <class Config>
Config Pool(int64_t height, int64_t width, std::vector<int64_t> stride = {},
            std::vector<int64_t> padding = {}) {
  Config config;
  config.add_window(height);
  config.add_window(width);
  for (int64_t s : stride) config.add_stride(s);
  for (int64_t p : padding) config.add_padding(p);
  return config;
}

TEST(MaxPoolTest, SaysWhichPlaceIsTheLargest) {
  // Two channels: the second is the first with its sign changed.
  const Tensor x = Tensor::Of<float>({1, 2, 2, 2}, {1, -1, 4, -4, 3, -3, 2, -2});
  for (const OpRun& run : RunOp(Pool<op::MaxPool2d>(2, 2), {x})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(4, -1)) << run.kernel;
    EXPECT_EQ(run.outputs[1].data<int32_t>()[0], 2) << run.kernel;
    EXPECT_EQ(run.outputs[1].data<int32_t>()[1], 1) << run.kernel;
  }
}

TEST(MaxPoolTest, PaddingIsNeverTheLargest) {
  const Tensor x = Tensor::Of<float>({1, 1, 3, 1}, {-5, -7, -6});
  for (const OpRun& run : RunOp(Pool<op::MaxPool2d>(1, 2, {1, 2}, {0, 0, 1, 0}), {x})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(-5, -6)) << run.kernel;
  }
}

TEST(MaxPoolTest, KeepsNaN) {
  const float nan = std::numeric_limits<float>::quiet_NaN();
  const Tensor x = Tensor::Of<float>({1, 1, 6, 1}, {nan, 1, 1, nan, 2, 1});
  for (const OpRun& run : RunOp(Pool<op::MaxPool2d>(1, 2, {1, 2}), {x})) {
    const std::vector<float> y = Floats(run.outputs[0]);
    EXPECT_TRUE(std::isnan(y[0])) << run.kernel;
    EXPECT_TRUE(std::isnan(y[1])) << run.kernel;
    EXPECT_EQ(y[2], 2) << run.kernel;
    EXPECT_EQ(run.outputs[1].data<int32_t>()[0], 0) << run.kernel;
    EXPECT_EQ(run.outputs[1].data<int32_t>()[1], 3) << run.kernel;
  }
}

op::MaxPool2dGrad Gradient(op::MaxPool2dGrad config, int64_t height, int64_t width) {
  config.add_image_size(height);
  config.add_image_size(width);
  return config;
}

TEST(MaxPoolTest, GradientsGoWhereTheLargestStood) {
  // Two windows of two channels, and a column that no window has.
  const auto config = Gradient(Pool<op::MaxPool2dGrad>(1, 2, {1, 2}), 1, 5);
  const Tensor dy = Tensor::Of<float>({1, 1, 2, 2}, {1, 2, 3, 4});
  const Tensor index = Tensor::Of<int32_t>({1, 1, 2, 2}, {2, 1, 4, 7});
  for (const OpRun& run : RunOp(config, {dy, index})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(0, 2, 1, 0, 3, 0, 0, 4, 0, 0)) << run.kernel;
  }
}

TEST(MaxPoolTest, GradientsOfWindowsThatOverlapAddUp) {
  const auto config = Gradient(Pool<op::MaxPool2dGrad>(1, 2), 1, 3);
  const Tensor dy = Tensor::Of<float>({2, 1, 2, 1}, {1, 2, 4, 8});
  const Tensor index = Tensor::Of<int32_t>({2, 1, 2, 1}, {1, 1, 0, 2});
  for (const OpRun& run : RunOp(config, {dy, index})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(0, 3, 0, 4, 0, 8)) << run.kernel;
  }
}

TEST(MaxPoolTest, AnIndexOutsideOfTheImageIsNeverFollowed) {
  const auto config = Gradient(Pool<op::MaxPool2dGrad>(1, 2), 1, 3);
  const Tensor dy = Tensor::Of<float>({1, 1, 2, 1}, {1, 2});
  for (const OpRun& run : RunOp(config, {dy, Tensor::Of<int32_t>({1, 1, 2, 1}, {1, 3})})) {
    EXPECT_EQ(run.status.message(), "index 3 is outside [0, 3)") << run.kernel;
  }
}

TEST(AvgPoolTest, CountsPaddingOnlyWhenAsked) {
  const Tensor x = Tensor::Of<float>({1, 1, 3, 1}, {2, 4, 6});
  auto config = Pool<op::AvgPool2d>(1, 2, {1, 2}, {0, 0, 1, 0});
  for (const OpRun& run : RunOp(config, {x})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(FloatEq(2), FloatEq(5))) << run.kernel;
  }
  config.set_count_padding(true);
  for (const OpRun& run : RunOp(config, {x})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(FloatEq(1), FloatEq(5))) << run.kernel;
  }
}

TEST(AvgPoolTest, EachPlaceGetsItsShareOfEveryWindow) {
  const Tensor dy = Tensor::Of<float>({1, 1, 2, 1}, {4, 6});
  auto config = Pool<op::AvgPool2dGrad>(1, 2);
  config.add_image_size(1);
  config.add_image_size(3);
  for (const OpRun& run : RunOp(config, {dy})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(FloatEq(2), FloatEq(5), FloatEq(3)))
        << run.kernel;
  }
}

// Reading what lies outside would take years, and oneDNN takes seconds to write code for so much padding: it does not offer itself.
TEST(PoolTest, OfAWindowOnlyWhatLiesInTheImageIsRead) {
  const int64_t size = 1000000000;
  const std::vector<int64_t> padding = {0, 0, size / 2, size / 2 - 1};
  const Tensor x = Tensor::Of<float>({1, 1, 3, 1}, {2, 4, 9});
  const auto mean = Pool<op::AvgPool2d>(1, size, {}, padding);
  for (const OpRun& run : RunOp(mean, {x})) {
    EXPECT_EQ(run.kernel, "loop ");
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(FloatEq(5), FloatEq(5), FloatEq(5)));
  }
  for (const OpRun& run : RunOp(Pool<op::MaxPool2d>(1, size, {}, padding), {x})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(9, 9, 9)) << run.kernel;
  }
  auto gradient = Pool<op::AvgPool2dGrad>(1, size, {}, padding);
  gradient.add_image_size(1);
  gradient.add_image_size(3);
  for (const OpRun& run : RunOp(gradient, {x})) {
    EXPECT_EQ(run.kernel, "loop ");
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(FloatEq(5), FloatEq(5), FloatEq(5)));
  }
  const TensorSpec image = FloatSpec(Shape::Fixed({1, 1, 3, 1}));
  EXPECT_EQ(OpOf(mean).Flops(mean, {image}, {image}, 1), 9);
}

TEST(PoolTest, RefusesWhatDoesNotFit) {
  const TensorSpec x = FloatSpec(Shape::Batched({4, 6, 2}));
  EXPECT_EQ(InferredShape(Pool<op::MaxPool2d>(2, 3, {2, 3}), {x}), "FLOAT32 [batch, 2, 2, 2]");
  EXPECT_EQ(InferError(Pool<op::MaxPool2d>(5, 1), {x}),
            "a window of 5 rows is larger than [batch, 4, 6, 2] with 0 + 0 of padding");
  EXPECT_EQ(InferError(Pool<op::AvgPool2d>(2, 2, {}, {0, 0, 2, 0}), {x}),
            "padding 2 is not less than the window 2");
  EXPECT_EQ(InferError(op::AvgPool2d(), {x}), "window has 0 numbers, not 2");
  EXPECT_EQ(InferError(Pool<op::AvgPool2d>(1, 1), {FloatSpec(Shape::Batched({0, 2, 2}))}),
            "images [batch, 0, 2, 2] have no places");
  EXPECT_EQ(
      InferError(Pool<op::MaxPool2d>(1, 1), {FloatSpec(Shape::Batched({1 << 15, 1 << 15, 2}))}),
      "images [batch, 32768, 32768, 2] have more places than an INT32 counts");
  EXPECT_EQ(
      InferError(Gradient(Pool<op::MaxPool2dGrad>(2, 3, {2, 3}), 4, 6),
                 {FloatSpec(Shape::Batched({2, 2, 2})), IndexSpec(Shape::Batched({2, 2, 1}))}),
      "index [batch, 2, 2, 1] has not the shape of [batch, 2, 2, 2]");
  auto gradient = Pool<op::AvgPool2dGrad>(2, 2);
  gradient.add_image_size(4);
  gradient.add_image_size(6);
  EXPECT_EQ(InferError(gradient, {x}),
            "images [batch, 4, 6, 2] give [batch, 3, 5, 2], not [batch, 4, 6, 2]");
}

}  // namespace
}  // namespace gradus
