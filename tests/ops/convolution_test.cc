// conv2d, its gradients and fused_conv2d: every kernel against a plain loop for all combinations of stride, padding, dilation and groups; values
// by hand; what the shape rules refuse.

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <array>

#include "gradus/base/random.h"
#include "tests/ops/run_op.h"

namespace gradus {
namespace {

using testing::ElementsAre;

struct Combination {
  std::array<int64_t, 2> stride, dilation;
  std::array<int64_t, 4> padding;
  int64_t channels, filters, groups;

  template <class Config>
  Config Make() const {
    Config config;
    for (int64_t s : stride) config.add_stride(s);
    for (int64_t d : dilation) config.add_dilation(d);
    for (int64_t p : padding) config.add_padding(p);
    config.set_groups(groups);
    return config;
  }
};

constexpr int64_t kImages = 2, kHeight = 6, kWidth = 5, kKernelHeight = 3, kKernelWidth = 2;

std::vector<float> Draw(int64_t n, RandomSequence* random) {
  std::vector<float> numbers;
  for (int64_t i = 0; i < n; ++i) numbers.push_back(static_cast<float>(2 * random->Uniform() - 1));
  return numbers;
}

// The three results in double. Every place of an image meets every place of a result and of the kernel, and gives a product where they lie
// on one another; nothing is computed of where a window begins.
struct PlainLoop {
  std::vector<double> y, dx, dk;

  PlainLoop(const Combination& c, int64_t oh, int64_t ow, const std::vector<float>& x,
            const std::vector<float>& k, const std::vector<float>& dy)
      : y(dy.size(), 0.0), dx(x.size(), 0.0), dk(k.size(), 0.0) {
    const int64_t inputs = c.channels / c.groups, outputs = c.filters / c.groups;
    for (int64_t n = 0; n < kImages; ++n) {
      for (int64_t iy = 0; iy < kHeight; ++iy) {
        for (int64_t oy = 0; oy < oh; ++oy) {
          for (int64_t ky = 0; ky < kKernelHeight; ++ky) {
            if (iy + c.padding[0] != oy * c.stride[0] + ky * c.dilation[0]) continue;
            for (int64_t ix = 0; ix < kWidth; ++ix) {
              for (int64_t ox = 0; ox < ow; ++ox) {
                for (int64_t kx = 0; kx < kKernelWidth; ++kx) {
                  if (ix + c.padding[2] != ox * c.stride[1] + kx * c.dilation[1]) continue;
                  for (int64_t o = 0; o < c.filters; ++o) {
                    for (int64_t i = 0; i < inputs; ++i) {
                      const int64_t channel = o / outputs * inputs + i;
                      const int64_t in = ((n * kHeight + iy) * kWidth + ix) * c.channels + channel;
                      const int64_t at = ((ky * kKernelWidth + kx) * inputs + i) * c.filters + o;
                      const int64_t out = ((n * oh + oy) * ow + ox) * c.filters + o;
                      y[out] += static_cast<double>(x[in]) * k[at];
                      dx[in] += static_cast<double>(dy[out]) * k[at];
                      dk[at] += static_cast<double>(dy[out]) * x[in];
                    }
                  }
                }
              }
            }
          }
        }
      }
    }
  }
};

void ExpectRuns(const char* what, const google::protobuf::Message& config,
                const std::vector<Tensor>& inputs, const std::vector<double>& expected) {
  for (const OpRun& run : RunOp(config, inputs)) {
    SCOPED_TRACE(absl::StrCat(what, " by ", run.kernel));
    ASSERT_TRUE(run.status.ok()) << run.status;
    const std::vector<float> actual = Floats(run.outputs[0]);
    ASSERT_EQ(actual.size(), expected.size());
    // At most 2 x 6 x 5 products of size one: 60 roundings of 2^-24 of a sum below 60.
    for (size_t i = 0; i < actual.size(); ++i) ASSERT_NEAR(actual[i], expected[i], 2e-5) << i;
  }
}

TEST(ConvolutionTest, IsThePlainLoopForEveryStridePaddingDilationAndGroups) {
  RandomSequence random(11, 0);
  int combinations = 0;
  for (const std::array<int64_t, 2>& stride :
       {std::array<int64_t, 2>{1, 1}, {2, 1}, {1, 3}, {2, 2}}) {
    for (const std::array<int64_t, 2>& dilation :
         {std::array<int64_t, 2>{1, 1}, {2, 1}, {1, 2}, {2, 3}}) {
      for (const std::array<int64_t, 4>& padding :
           {std::array<int64_t, 4>{0, 0, 0, 0}, {1, 1, 1, 1}, {0, 1, 2, 0}, {4, 3, 1, 2}}) {
        for (const std::array<int64_t, 3>& channels :
             {std::array<int64_t, 3>{3, 5, 1}, {4, 8, 2}, {4, 8, 4}, {6, 6, 6}, {8, 16, 1}}) {
          const Combination c = {stride, dilation, padding, channels[0], channels[1], channels[2]};
          const auto conv = c.Make<op::Conv2d>();
          SCOPED_TRACE(absl::StrCat(conv.ShortDebugString(), ", ", c.channels, " channels, ",
                                    c.filters, " filters"));
          const int64_t oh =
              (kHeight + padding[0] + padding[1] - (kKernelHeight - 1) * dilation[0] - 1) /
                  stride[0] +
              1;
          const int64_t ow =
              (kWidth + padding[2] + padding[3] - (kKernelWidth - 1) * dilation[1] - 1) /
                  stride[1] +
              1;
          const std::vector<int64_t> x_dims = {kImages, kHeight, kWidth, c.channels};
          const std::vector<int64_t> k_dims = {kKernelHeight, kKernelWidth, c.channels / c.groups,
                                               c.filters};
          const std::vector<int64_t> y_dims = {kImages, oh, ow, c.filters};
          const auto count = [](const std::vector<int64_t>& d) {
            return d[0] * d[1] * d[2] * d[3];
          };
          const std::vector<float> x = Draw(count(x_dims), &random);
          const std::vector<float> k = Draw(count(k_dims), &random);
          const std::vector<float> dy = Draw(count(y_dims), &random);
          const PlainLoop expected(c, oh, ow, x, k, dy);
          const Tensor xs = Tensor::Of<float>(x_dims, x), ks = Tensor::Of<float>(k_dims, k);
          const Tensor dys = Tensor::Of<float>(y_dims, dy);
          auto input_grad = c.Make<op::Conv2dInputGrad>();
          input_grad.add_image_size(kHeight);
          input_grad.add_image_size(kWidth);
          auto kernel_grad = c.Make<op::Conv2dKernelGrad>();
          kernel_grad.add_kernel_size(kKernelHeight);
          kernel_grad.add_kernel_size(kKernelWidth);
          ExpectRuns("y", conv, {xs, ks}, expected.y);
          ExpectRuns("dx", input_grad, {dys, ks}, expected.dx);
          ExpectRuns("dk", kernel_grad, {xs, dys}, expected.dk);
          auto fused = c.Make<op::FusedConv2d>();
          fused.set_activation(op::FusedDense::RELU);
          const std::vector<float> b = Draw(c.filters, &random);
          std::vector<double> finished = expected.y;
          for (size_t i = 0; i < finished.size(); ++i) {
            finished[i] = std::max(finished[i] + b[i % b.size()], 0.0);
          }
          ExpectRuns("fused", fused, {xs, ks, Tensor::Of<float>({c.filters}, b)}, finished);
          if (HasFatalFailure()) return;
          ++combinations;
        }
      }
    }
  }
  EXPECT_EQ(combinations, 4 * 4 * 4 * 5);
}

// A kernel is laid on the image as it is, not mirrored.
TEST(ConvolutionTest, IsACrossCorrelation) {
  const Tensor x = Tensor::Of<float>({1, 1, 4, 1}, {1, 2, 3, 4});
  const Tensor k = Tensor::Of<float>({1, 2, 1, 1}, {10, 1});
  for (const OpRun& run : RunOp(op::Conv2d(), {x, k})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(12, 23, 34)) << run.kernel;
  }
}

TEST(ConvolutionTest, AKernelGradientOverNoImagesIsZero) {
  op::Conv2dKernelGrad config;
  config.add_kernel_size(1);
  config.add_kernel_size(2);
  const Tensor x = Tensor::Of<float>({0, 2, 3, 1}, {}), dy = Tensor::Of<float>({0, 2, 2, 2}, {});
  for (const OpRun& run : RunOp(config, {x, dy})) {
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(0, 0, 0, 0)) << run.kernel;
  }
}

TEST(FusedConvolutionTest, NamesTheShapesThatDoNotFit) {
  const TensorSpec x = FloatSpec(Shape::Batched({4, 4, 2}));
  const TensorSpec kernel = FloatSpec(Shape::Fixed({3, 3, 2, 5}));
  const op::FusedConv2d config;
  EXPECT_EQ(InferredShape(config, {x, kernel, FloatSpec(Shape::Fixed({5}))}),
            "FLOAT32 [batch, 2, 2, 5]");
  EXPECT_EQ(InferError(config, {x, kernel, FloatSpec(Shape::Fixed({2}))}),
            "bias [2] does not fit the kernel [3, 3, 2, 5]");
  EXPECT_EQ(InferError(config, {x, kernel}), "takes 3 inputs, not 2");
}

TEST(ConvolutionTest, ImagesAreRowsAndKernelGradientsAreSums) {
  op::Conv2dKernelGrad kernel_grad;
  const std::vector<TensorSpec> images = {FloatSpec(Shape::Batched({4, 4, 2})),
                                          FloatSpec(Shape::Batched({4, 4, 3}))};
  EXPECT_EQ(OpOf(kernel_grad).batch_use(kernel_grad, images), BatchUse::kReduces);
  EXPECT_EQ(OpOf(op::Conv2d()).batch_use(op::Conv2d(), images), BatchUse::kRows);
}

// Of three places far apart only the middle one can lie in the image. oneDNN takes a minute to write code for so much padding.
TEST(ConvolutionTest, OfAWindowOnlyWhatLiesInTheImageIsRead) {
  const int64_t apart = 100000000;
  const auto far = [&](auto config) {
    config.add_dilation(1);
    config.add_dilation(apart);
    for (int64_t padding : {int64_t{0}, int64_t{0}, apart, apart}) config.add_padding(padding);
    return config;
  };
  const Tensor x = Tensor::Of<float>({1, 1, 3, 1}, {2, 4, 9});
  const Tensor kernel = Tensor::Of<float>({1, 3, 1, 1}, {5, 10, 7});
  for (const OpRun& run : RunOp(far(op::Conv2d()), {x, kernel})) {
    EXPECT_EQ(run.kernel, "loop ");
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(20, 40, 90));
  }
  auto images = far(op::Conv2dInputGrad());
  images.add_image_size(1);
  images.add_image_size(3);
  for (const OpRun& run : RunOp(images, {x, kernel})) {
    EXPECT_EQ(run.kernel, "loop ");
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(20, 40, 90));
  }
  auto kernels = far(op::Conv2dKernelGrad());
  kernels.add_kernel_size(1);
  kernels.add_kernel_size(3);
  for (const OpRun& run : RunOp(kernels, {x, x})) {
    EXPECT_EQ(run.kernel, "loop ");
    EXPECT_THAT(Floats(run.outputs[0]), ElementsAre(0, 101, 0));
  }
}

TEST(ConvolutionTest, ShapesFollowTheWindows) {
  op::Conv2d conv;
  conv.add_stride(2);
  conv.add_stride(1);
  for (int64_t p : {1, 0, 2, 2}) conv.add_padding(p);
  const TensorSpec x = FloatSpec(Shape::Batched({6, 7, 4}));
  EXPECT_EQ(InferredShape(conv, {x, FloatSpec(Shape::Fixed({3, 5, 4, 9}))}),
            "FLOAT32 [batch, 3, 7, 9]");
}

TEST(ConvolutionTest, RefusesWhatDoesNotFit) {
  const TensorSpec x = FloatSpec(Shape::Batched({4, 6, 4}));
  const auto kernel = [](int64_t h, int64_t w, int64_t channels, int64_t filters) {
    return FloatSpec(Shape::Fixed({h, w, channels, filters}));
  };
  const op::Conv2d plain;
  EXPECT_EQ(InferError(plain, {x, kernel(5, 1, 4, 2)}),
            "a window of 5 rows is larger than [batch, 4, 6, 4] with 0 + 0 of padding");
  op::Conv2d dilated;
  dilated.add_dilation(1);
  dilated.add_dilation(3);
  EXPECT_EQ(InferError(dilated, {x, kernel(1, 3, 4, 2)}),
            "a window of 7 columns is larger than [batch, 4, 6, 4] with 0 + 0 of padding");
  EXPECT_EQ(InferError(plain, {x, kernel(1, 1, 2, 2)}),
            "kernel [1, 1, 2, 2] is not for the channels of [batch, 4, 6, 4] in 1 groups");
  op::Conv2d groups;
  groups.set_groups(3);
  EXPECT_EQ(InferError(groups, {x, kernel(1, 1, 1, 3)}), "4 channels cannot be cut into 3 groups");
  groups.set_groups(2);
  EXPECT_EQ(InferError(groups, {x, kernel(1, 1, 2, 3)}), "3 filters cannot be cut into 2 groups");
  groups.set_groups(0);
  EXPECT_EQ(InferError(groups, {x, kernel(1, 1, 2, 3)}), "groups 0 is not positive");
  EXPECT_EQ(InferError(plain, {x, kernel(0, 1, 4, 2)}),
            "kernel [0, 1, 4, 2] is not [height, width, channels, filters]");
  EXPECT_EQ(InferError(plain, {FloatSpec(Shape::Batched({6, 4})), kernel(1, 1, 4, 2)}),
            "input 0 [batch, 6, 4] is not [batch, height, width, channels]");
  op::Conv2d stride;
  stride.add_stride(1);
  EXPECT_EQ(InferError(stride, {x, kernel(1, 1, 4, 2)}), "stride has 1 numbers, not 2");
  stride.add_stride(0);
  EXPECT_EQ(InferError(stride, {x, kernel(1, 1, 4, 2)}), "stride 0 is not in [1, 1073741824]");

  op::Conv2dInputGrad input_grad;
  input_grad.add_image_size(4);
  input_grad.add_image_size(7);
  EXPECT_EQ(InferError(input_grad, {x, kernel(1, 1, 3, 4)}),
            "images [batch, 4, 7, 3] give [batch, 4, 7, 4], not [batch, 4, 6, 4]");
  EXPECT_EQ(InferError(input_grad, {x, kernel(1, 2, 3, 2)}),
            "kernel [1, 2, 3, 2] does not give the channels of [batch, 4, 6, 4]");
  op::Conv2dKernelGrad kernel_grad;
  kernel_grad.add_kernel_size(1);
  kernel_grad.add_kernel_size(2);
  EXPECT_EQ(InferError(kernel_grad, {x, x}),
            "images [batch, 4, 6, 4] give [batch, 4, 5, 4], not [batch, 4, 6, 4]");
}

}  // namespace
}  // namespace gradus
