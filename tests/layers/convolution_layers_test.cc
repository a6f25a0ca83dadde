// Convolution layers: against plain loops over the places of images, with Keras' padding worked out by hand.

#include <array>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

using Pair = std::array<int64_t, 2>;

// What a layer's text means, with SAME as places before.
struct Geometry {
  Pair stride = {1, 1}, dilation = {1, 1}, before = {0, 0};
  int64_t groups = 1;
};

// sum over the window of x kernel, [n, oh, ow, filters]; the kernel is [kh, kw, channels / groups, filters].
std::vector<double> Convolved(const RefTensor& x, const RefTensor& k, const Geometry& at,
                              Pair out) {
  const int64_t n = x.dims[0], h = x.dims[1], w = x.dims[2], c = x.dims[3];
  const int64_t filters = k.dims[3], inputs = k.dims[2], outputs = filters / at.groups;
  std::vector<double> y;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t oy = 0; oy < out[0]; ++oy) {
      for (int64_t ox = 0; ox < out[1]; ++ox) {
        for (int64_t o = 0; o < filters; ++o) {
          double sum = 0;
          for (int64_t ky = 0; ky < k.dims[0]; ++ky) {
            for (int64_t kx = 0; kx < k.dims[1]; ++kx) {
              const int64_t iy = oy * at.stride[0] + ky * at.dilation[0] - at.before[0];
              const int64_t ix = ox * at.stride[1] + kx * at.dilation[1] - at.before[1];
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
              for (int64_t j = 0; j < inputs; ++j) {
                sum += x.values[((i * h + iy) * w + ix) * c + o / outputs * inputs + j] *
                       k.values[((ky * k.dims[1] + kx) * inputs + j) * filters + o];
              }
            }
          }
          y.push_back(sum);
        }
      }
    }
  }
  return y;
}

void AddBias(const RefTensor& bias, std::vector<double>* y) {
  for (size_t i = 0; i < y->size(); ++i) (*y)[i] += bias.values[i % bias.values.size()];
}

TEST(Conv2dTest, IsThePlainLoop) {
  const struct {
    const char* text;
    Geometry at;
    Pair out;
    std::vector<int64_t> kernel;
  } cases[] = {
      {"filters: 2 kernel_size: 3", {}, {3, 4}, {3, 3, 4, 2}},
      {"filters: 2 kernel_size: [1, 2] strides: 2",
       {{2, 2}, {1, 1}, {0, 0}, 1},
       {3, 3},
       {1, 2, 4, 2}},
      // 5 rows in steps of 2 are 3: all padding is (3 - 1) 2 + 2 - 5 = 1, which goes behind; 6 columns need none in steps of 3 of windows of 3.
      {"filters: 2 kernel_size: [2, 3] strides: [2, 3] padding: SAME",
       {{2, 3}, {1, 1}, {0, 0}, 1},
       {3, 2},
       {2, 3, 4, 2}},
      {"filters: 3 kernel_size: 3 padding: SAME",
       {{1, 1}, {1, 1}, {1, 1}, 1},
       {5, 6},
       {3, 3, 4, 3}},
      // Reaches of 5 and 4 places: 4 and 3 are added, the half of them before.
      {"filters: 1 kernel_size: [3, 2] dilation_rate: [2, 3] padding: SAME",
       {{1, 1}, {2, 3}, {2, 1}, 1},
       {5, 6},
       {3, 2, 4, 1}},
      {"filters: 6 kernel_size: 2 groups: 2", {{1, 1}, {1, 1}, {0, 0}, 2}, {4, 5}, {2, 2, 2, 6}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const RefTensor x = Filled({2, 5, 6, 4});
    const LayerCase layer = MakeLayer(absl::StrCat("conv2d { ", c.text, " }"), {x});
    const RefTensor kernel = ParameterOf(layer, "kernel"), bias = ParameterOf(layer, "bias");
    EXPECT_EQ(kernel.dims, c.kernel);
    EXPECT_EQ(bias.dims, std::vector<int64_t>{c.kernel[3]});
    std::vector<double> expected = Convolved(x, kernel, c.at, c.out);
    AddBias(bias, &expected);
    ExpectNumbers(Evaluate(layer), {2, c.out[0], c.out[1], c.kernel[3]}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(Conv2dTest, HasABiasAndAnActivationAsAsked) {
  const RefTensor x = Filled({1, 2, 2, 1});
  const LayerCase layer =
      MakeLayer("conv2d { filters: 1 kernel_size: 1 use_bias: false activation: RELU }", {x});
  ASSERT_EQ(layer.model.graph.parameters().size(), 1u);
  const double weight = ParameterOf(layer, "kernel").values[0];
  std::vector<double> expected;
  for (double value : x.values) expected.push_back(std::max(value * weight, 0.0));
  ExpectNumbers(Evaluate(layer), {1, 2, 2, 1}, expected);
}

TEST(Conv1dTest, IsThePlainLoopOverSteps) {
  const struct {
    const char* text;
    Geometry at;
    int64_t out;
    std::vector<int64_t> kernel;
  } cases[] = {
      {"filters: 3 kernel_size: 2", {}, 6, {2, 4, 3}},
      {"filters: 3 kernel_size: 3 strides: 2 padding: SAME",
       {{1, 2}, {1, 1}, {0, 1}, 1},
       4,
       {3, 4, 3}},
      {"filters: 3 kernel_size: 3 dilation_rate: 2 padding: CAUSAL",
       {{1, 1}, {1, 2}, {0, 4}, 1},
       7,
       {3, 4, 3}},
      {"filters: 2 kernel_size: 2 groups: 2", {{1, 1}, {1, 1}, {0, 0}, 2}, 6, {2, 2, 2}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const RefTensor x = Filled({2, 7, 4});
    const LayerCase layer = MakeLayer(absl::StrCat("conv1d { ", c.text, " }"), {x});
    RefTensor kernel = ParameterOf(layer, "kernel");
    EXPECT_EQ(kernel.dims, c.kernel);
    kernel.dims.insert(kernel.dims.begin(), 1);
    std::vector<double> expected =
        Convolved({{2, 1, 7, 4}, x.values}, kernel, c.at, Pair{1, c.out});
    AddBias(ParameterOf(layer, "bias"), &expected);
    ExpectNumbers(Evaluate(layer), {2, c.out, c.kernel[2]}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(DepthwiseConv2dTest, GivesEachChannelItsOwnResults) {
  const RefTensor x = Filled({2, 4, 5, 3});
  const LayerCase layer =
      MakeLayer("depthwise_conv2d { kernel_size: [2, 3] depth_multiplier: 2 }", {x});
  RefTensor kernel = ParameterOf(layer, "depthwise");
  EXPECT_EQ(kernel.dims, (std::vector<int64_t>{2, 3, 3, 2}));
  const RefTensor bias = ParameterOf(layer, "bias");
  std::vector<double> expected;
  for (int64_t n = 0; n < 2; ++n) {
    for (int64_t y = 0; y < 3; ++y) {
      for (int64_t z = 0; z < 3; ++z) {
        for (int64_t c = 0; c < 3; ++c) {
          for (int64_t m = 0; m < 2; ++m) {
            double sum = bias.values[c * 2 + m];
            for (int64_t a = 0; a < 2; ++a) {
              for (int64_t b = 0; b < 3; ++b) {
                sum += x.values[((n * 4 + y + a) * 5 + z + b) * 3 + c] *
                       kernel.values[((a * 3 + b) * 3 + c) * 2 + m];
              }
            }
            expected.push_back(sum);
          }
        }
      }
    }
  }
  ExpectNumbers(Evaluate(layer), {2, 3, 3, 6}, expected);
  EXPECT_EQ(GradientError(layer), "");
}

TEST(SeparableConv2dTest, IsADepthwiseOneAndOneOverChannels) {
  const RefTensor x = Filled({1, 4, 4, 2});
  const LayerCase layer =
      MakeLayer("separable_conv2d { filters: 3 kernel_size: 2 strides: 2 }", {x});
  RefTensor depthwise = ParameterOf(layer, "depthwise");
  EXPECT_EQ(depthwise.dims, (std::vector<int64_t>{2, 2, 2, 1}));
  depthwise.dims = {2, 2, 1, 2};
  const RefTensor apart = {{1, 2, 2, 2},
                           Convolved(x, depthwise, {{2, 2}, {1, 1}, {0, 0}, 2}, {2, 2})};
  const RefTensor pointwise = ParameterOf(layer, "pointwise");
  EXPECT_EQ(pointwise.dims, (std::vector<int64_t>{1, 1, 2, 3}));
  std::vector<double> expected = Convolved(apart, pointwise, {}, {2, 2});
  AddBias(ParameterOf(layer, "bias"), &expected);
  ExpectNumbers(Evaluate(layer), {1, 2, 2, 3}, expected);
  EXPECT_EQ(GradientError(layer), "");
}

// Every place of the input lays the kernel, times its number, onto the result.
TEST(Conv2dTransposeTest, LaysTheKernelDownAtEveryPlace) {
  const struct {
    const char* text;
    Pair stride, dilation, before, out, size;
  } cases[] = {
      {"kernel_size: 3 strides: 2", {2, 2}, {1, 1}, {0, 0}, {5, 7}, {3, 3}},
      {"kernel_size: 2 strides: [3, 1]", {3, 1}, {1, 1}, {0, 0}, {6, 4}, {2, 2}},
      // 4 and 6 places: the convolution back has (2 - 1) 2 + 3 - 4 = 1 and (3 - 1) 2 + 3 - 6 = 1 of padding, which is behind.
      {"kernel_size: 3 strides: 2 padding: SAME", {2, 2}, {1, 1}, {0, 0}, {4, 6}, {3, 3}},
      {"kernel_size: 3 padding: SAME", {1, 1}, {1, 1}, {1, 1}, {2, 3}, {3, 3}},
      {"kernel_size: 2 dilation_rate: 2", {1, 1}, {2, 2}, {0, 0}, {4, 5}, {2, 2}},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const RefTensor x = Filled({1, 2, 3, 2});
    const LayerCase layer =
        MakeLayer(absl::StrCat("conv2d_transpose { filters: 3 ", c.text, " }"), {x});
    const RefTensor kernel = ParameterOf(layer, "kernel"), bias = ParameterOf(layer, "bias");
    EXPECT_EQ(kernel.dims, (std::vector<int64_t>{c.size[0], c.size[1], 3, 2}));
    std::vector<double> expected(static_cast<size_t>(c.out[0] * c.out[1] * 3), 0.0);
    AddBias(bias, &expected);
    for (int64_t y = 0; y < 2; ++y) {
      for (int64_t z = 0; z < 3; ++z) {
        for (int64_t a = 0; a < c.size[0]; ++a) {
          for (int64_t b = 0; b < c.size[1]; ++b) {
            const int64_t oy = y * c.stride[0] + a * c.dilation[0] - c.before[0];
            const int64_t oz = z * c.stride[1] + b * c.dilation[1] - c.before[1];
            if (oy < 0 || oy >= c.out[0] || oz < 0 || oz >= c.out[1]) continue;
            for (int64_t f = 0; f < 3; ++f) {
              for (int64_t j = 0; j < 2; ++j) {
                expected[(oy * c.out[1] + oz) * 3 + f] +=
                    x.values[(y * 3 + z) * 2 + j] *
                    kernel.values[((a * c.size[1] + b) * 3 + f) * 2 + j];
              }
            }
          }
        }
      }
    }
    ExpectNumbers(Evaluate(layer), {1, c.out[0], c.out[1], 3}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(ConvolutionLayersTest, RefuseWhatDoesNotFit) {
  const auto images = [](const char* layer) { return LayerErrors(layer, "shape: [4, 6, 3]"); };
  EXPECT_EQ(images("conv2d { filters: 2 kernel_size: 5 }"),
            "m:2:52: layer \"l\": kernel_size 5 is larger than axis 1 of [batch, 4, 6, 3]; with "
            "padding: SAME a window may reach beyond it [layer[l].conv2d.kernel_size]");
  EXPECT_EQ(images("conv2d { filters: 2 kernel_size: [1, 3] dilation_rate: 3 }"),
            "m:2:53: layer \"l\": kernel_size 3 with dilation_rate 3 is larger than axis 2 of "
            "[batch, 4, 6, 3]; with padding: SAME a window may reach beyond it "
            "[layer[l].conv2d.kernel_size]");
  EXPECT_EQ(images("conv2d { filters: 4 kernel_size: 1 groups: 2 }"),
            "m:2:62: layer \"l\": groups 2 does not divide the 3 channels "
            "[layer[l].conv2d.groups]");
  EXPECT_EQ(images("conv2d { filters: 4 kernel_size: 1 groups: 3 }"),
            "m:2:62: layer \"l\": groups 3 does not divide the 4 filters "
            "[layer[l].conv2d.groups]");
  EXPECT_EQ(images("conv2d { filters: 4 kernel_size: [1, 1, 1] }"),
            "m:2:53: layer \"l\": kernel_size has 3 numbers, not 1 or 2 "
            "[layer[l].conv2d.kernel_size]");
  EXPECT_EQ(LayerErrors("conv2d { filters: 2 kernel_size: 1 }", "shape: [4, 6]"),
            "m:2:1: layer \"l\": conv2d reads [batch, height, width, channels], the input is "
            "[batch, 4, 6] [layer[l]]");
  EXPECT_EQ(images("conv2d_transpose { filters: 2 kernel_size: 1 strides: 2000000000 }"),
            "m:2:73: layer \"l\": strides 2000000000 make axis 1 of [batch, 4, 6, 3] longer than "
            "2^30 [layer[l].conv2d_transpose.strides]");
  EXPECT_EQ(LayerErrors("conv1d { filters: 2 kernel_size: 5 }", "shape: [4, 6]"),
            "m:2:52: layer \"l\": kernel_size 5 is larger than axis 1 of [batch, 4, 6]; with "
            "padding: SAME a window may reach beyond it [layer[l].conv1d.kernel_size]");
  EXPECT_EQ(images("max_pooling2d { pool_size: [2, 7] }"),
            "m:2:47: layer \"l\": pool_size 7 is larger than axis 2 of [batch, 4, 6, 3]; with "
            "padding: SAME a window may reach beyond it [layer[l].max_pooling2d.pool_size]");
}

}  // namespace
}  // namespace gradus
