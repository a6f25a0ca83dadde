// relu, elu, softmax, alpha_dropout, rescaling, normalization, category_encoding, discretization, dot, adaptive pools, resizing, 1D relatives of
// 2D convolutions and output_padding, against their formulas and plain loops.

#include <algorithm>
#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

const std::vector<double>& Points() {
  static const auto* const points =
      new std::vector<double>{-7, -2.3, -1.1, -0.7, -0.4, -0.1, 0.1, 0.3, 0.6, 0.9, 1.4, 6.5};
  return *points;
}

void ExpectFunction(absl::string_view layer, const std::function<double(double)>& f) {
  SCOPED_TRACE(layer);
  const LayerCase made = MakeLayer(layer, {Filled({2, 6}, Points())});
  std::vector<double> expected;
  for (double x : Points()) expected.push_back(f(x));
  ExpectNumbers(Evaluate(made), {2, 6}, expected, 2e-6);  // Constants of the graph are floats.
  EXPECT_EQ(GradientError(made), "");
}

TEST(MoreActivationsTest, AreTheFormulasOfKeras) {
  const std::pair<const char*, std::function<double(double)>> cases[] = {
      {"CELU", [](double x) { return x > 0 ? x : std::exp(x) - 1; }},
      {"HARD_TANH", [](double x) { return std::min(std::max(x, -1.0), 1.0); }},
      {"HARD_SHRINK", [](double x) { return std::abs(x) > 0.5 ? x : 0; }},
      {"SOFT_SHRINK", [](double x) { return x > 0.5    ? x - 0.5
                                            : x < -0.5 ? x + 0.5
                                                       : 0; }},
      {"TANH_SHRINK", [](double x) { return x - std::tanh(x); }},
      {"LOG_SIGMOID", [](double x) { return -std::log(1 + std::exp(-x)); }},
      {"SQUAREPLUS", [](double x) { return (x + std::sqrt(x * x + 4)) / 2; }},
      {"SPARSE_PLUS", [](double x) { return x <= -1  ? 0
                                            : x >= 1 ? x
                                                     : (x + 1) * (x + 1) / 4; }},
      {"SPARSE_SIGMOID", [](double x) { return x <= -1  ? 0
                                               : x >= 1 ? 1
                                                        : (x + 1) / 2; }}};
  for (const auto& [name, f] : cases) {
    ExpectFunction(absl::StrCat("activation { function: ", name, " }"), f);
  }
}

TEST(ReluTest, HasALimitASlopeAndAThreshold) {
  ExpectFunction("relu {}", [](double x) { return std::max(x, 0.0); });
  ExpectFunction("relu { max_value: 0.8 }",
                 [](double x) { return std::min(std::max(x, 0.0), 0.8); });
  ExpectFunction("relu { negative_slope: 0.2 max_value: 1 }",
                 [](double x) { return x < 0 ? 0.2 * x : std::min(x, 1.0); });
  ExpectFunction("relu { threshold: 0.5 negative_slope: 0.1 }",
                 [](double x) { return x >= 0.5 ? x : 0.1 * (x - 0.5); });
  ExpectFunction("elu { alpha: 0.4 }", [](double x) { return x > 0 ? x : 0.4 * std::expm1(x); });
  EXPECT_NE(LayerErrors("relu { max_value: 1 threshold: 2 }")
                .find("max_value 1 is below the threshold 2"),
            std::string::npos);
}

TEST(SoftmaxTest, IsOverTheAxisThatIsNamed) {
  const RefTensor x = Filled({2, 3, 4});
  for (const int axis : {1, 2, -1, -2}) {
    const LayerCase layer = MakeLayer(absl::StrCat("softmax { axis: ", axis, " }"), {x});
    const bool steps = axis == 1 || axis == -2;
    std::vector<double> expected;
    for (int64_t i = 0; i < 24; ++i) {
      const int64_t first = steps ? i / 12 * 12 + i % 4 : i / 4 * 4;
      double sum = 0;
      for (int64_t k = 0; k < (steps ? 3 : 4); ++k) {
        sum += std::exp(x.values[first + k * (steps ? 4 : 1)]);
      }
      expected.push_back(std::exp(x.values[i]) / sum);
    }
    ExpectNumbers(Evaluate(layer), {2, 3, 4}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
  EXPECT_NE(LayerErrors("softmax { axis: 0 }").find("axis 0 of [batch, 3] is the batch"),
            std::string::npos);
  EXPECT_NE(LayerErrors("softmax { axis: 2 }").find("axis 2 of [batch, 3] is not there"),
            std::string::npos);
}

TEST(AlphaDropoutTest, KeepsMeanAndVariance) {
  RefTensor x = Filled({200, 100});
  double mean = 0, square = 0;
  for (size_t i = 0; i < x.values.size(); ++i) {  // -1 and 1: mean 0, variance 1.
    x.values[i] = i % 2 == 0 ? -1 : 1;
  }
  const LayerCase layer = MakeLayer("alpha_dropout { rate: 0.3 }", {x});
  const RefTensor y = Evaluate(layer);
  for (double v : y.values) mean += v / 20000, square += v * v / 20000;
  // Five deviations of the mean of 20000 numbers of variance 1, and of their squares, below 4.
  EXPECT_NEAR(mean, 0, 5 / std::sqrt(20000.0));
  EXPECT_NEAR(square - mean * mean, 1, 5 * 2 / std::sqrt(20000.0));
  const double alpha = -1.7580993408473766, a = 1 / std::sqrt(0.7 * (1 + 0.3 * alpha * alpha));
  for (size_t i = 0; i < 50; ++i) {
    const double kept = a * x.values[i] - a * alpha * 0.3, dropped = a * alpha - a * alpha * 0.3;
    EXPECT_TRUE(std::abs(y.values[i] - kept) < 1e-6 || std::abs(y.values[i] - dropped) < 1e-6);
  }
  EXPECT_EQ(GradientError(MakeLayer("alpha_dropout { rate: 0.3 }", {Filled({3, 4})})), "");
  const LayerCase inference = MakeLayer("alpha_dropout { rate: 0.3 }", {x}, Mode::kInference);
  EXPECT_EQ(inference.output, inference.model.graph.inputs()[0]);
}

TEST(RescalingTest, MultipliesAndAdds) {
  ExpectFunction("rescaling { scale: 0.5 offset: -1 }", [](double x) { return 0.5 * x - 1; });
  ExpectFunction("rescaling { scale: 4 }", [](double x) { return 4 * x; });
  const LayerCase layer = MakeLayer("identity {}", {Filled({2, 3})});
  EXPECT_EQ(layer.output, layer.model.graph.inputs()[0]);
}

TEST(NormalizationTest, UsesTheNumbersThatAreGiven) {
  ExpectFunction("normalization { mean: 0.5 variance: 4 }", [](double x) { return (x - 0.5) / 2; });
  const RefTensor x = Filled({2, 2}, {3, 5, -1, 9});
  ExpectNumbers(Evaluate(MakeLayer("normalization { mean: [1, 3] variance: [4, 16] }", {x})),
                {2, 2}, {1, 0.5, -1, 1.5});
  ExpectNumbers(
      Evaluate(MakeLayer("normalization { mean: [1, 3] variance: [4, 16] invert: true }", {x})),
      {2, 2}, {7, 23, -1, 39});
  EXPECT_NE(LayerErrors("normalization { mean: [1, 2] variance: 1 }")
                .find("mean has 2 numbers, not one or one for each place of the last axis of "
                      "[batch, 3]"),
            std::string::npos);
}

TEST(CategoryEncodingTest, SaysWhichHowOftenOrWhere) {
  const RefTensor x = {{2, 3}, {0, 2, 2, 1, 1, 1}};
  const auto encode = [&](const char* mode) {
    return Evaluate(
        MakeLayer(absl::StrCat("category_encoding { num_tokens: 4 output_mode: ", mode, " }"), {x},
                  Mode::kInference, "INT32"));
  };
  ExpectNumbers(encode("MULTI_HOT"), {2, 4}, {1, 0, 1, 0, 0, 1, 0, 0});
  ExpectNumbers(encode("COUNT"), {2, 4}, {1, 0, 2, 0, 0, 3, 0, 0});
  EXPECT_EQ(encode("ONE_HOT").dims, (std::vector<int64_t>{2, 3, 4}));
  EXPECT_NE(LayerErrors("category_encoding { num_tokens: 4 }").find("reads whole numbers"),
            std::string::npos);
}

TEST(DiscretizationTest, CountsTheBoundariesThatArePassed) {
  const RefTensor x = {{1, 6}, {-9, 0, 0.5, 1, 2, 99}};
  ExpectNumbers(Evaluate(MakeLayer("discretization { bin_boundaries: [0, 1, 2.5] }", {x})), {1, 6},
                {0, 1, 1, 2, 2, 3});
  const RefTensor hot = Evaluate(
      MakeLayer("discretization { bin_boundaries: [0] one_hot: true }", {{{1, 2}, {-1, 1}}}));
  ExpectNumbers(hot, {1, 2, 2}, {1, 0, 0, 1});
  EXPECT_NE(LayerErrors("discretization { bin_boundaries: [1, 1] }").find("1 and 1 do not ascend"),
            std::string::npos);
}

TEST(DotTest, SumsProductsAlongTheAxes) {
  const RefTensor x = Filled({2, 2, 3}), y = Filled({2, 3, 4});
  const LayerCase layer = MakeLayer("dot { axes: [2, 1] }", {x, y});
  std::vector<double> expected;
  for (int64_t i = 0; i < 16; ++i) {
    double sum = 0;
    for (int64_t k = 0; k < 3; ++k) {
      sum += x.values[(i / 8 * 2 + i % 8 / 4) * 3 + k] * y.values[(i / 8 * 3 + k) * 4 + i % 4];
    }
    expected.push_back(sum);
  }
  ExpectNumbers(Evaluate(layer), {2, 2, 4}, expected);
  EXPECT_EQ(GradientError(layer), "");
  const RefTensor a = {{1, 2}, {3, 4}}, b = {{1, 2}, {4, 3}};
  ExpectNumbers(Evaluate(MakeLayer("dot { axes: 1 normalize: true }", {a, b})), {1, 1}, {0.96});
  EXPECT_NE(LayerErrors("input: [\"x\", \"x\"] dot { axes: 0 }").find("is the batch"),
            std::string::npos);
}

TEST(AdaptivePoolingTest, CoversTheAxisWithWindows) {
  const RefTensor x = {{1, 7, 1}, {1, 2, 3, 4, 5, 6, 7}};
  // Windows [0, 3), [2, 5), [4, 7).
  ExpectNumbers(Evaluate(MakeLayer("adaptive_average_pooling1d { output_size: 3 }", {x})),
                {1, 3, 1}, {2, 4, 6});
  ExpectNumbers(Evaluate(MakeLayer("adaptive_max_pooling1d { output_size: 3 }", {x})), {1, 3, 1},
                {3, 5, 7});
  const RefTensor images = Filled({2, 4, 5, 2});
  for (const bool max : {false, true}) {
    const LayerCase layer = MakeLayer(
        absl::StrCat("adaptive_", max ? "max" : "average", "_pooling2d { output_size: [2, 3] }"),
        {images});
    std::vector<double> expected;
    for (int64_t flat = 0; flat < 2 * 2 * 3 * 2; ++flat) {
      const int64_t n = flat / 12, i = flat / 6 % 2, j = flat / 2 % 3, c = flat % 2;
      double sum = 0, most = -9, count = 0;
      for (int64_t a = i * 4 / 2; a < ((i + 1) * 4 + 1) / 2; ++a) {
        for (int64_t b = j * 5 / 3; b < ((j + 1) * 5 + 2) / 3; ++b) {
          const double v = images.values[((n * 4 + a) * 5 + b) * 2 + c];
          sum += v, most = std::max(most, v), count += 1;
        }
      }
      expected.push_back(max ? most : sum / count);
    }
    ExpectNumbers(Evaluate(layer), {2, 2, 3, 2}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
  EXPECT_NE(LayerErrors("adaptive_max_pooling1d { output_size: 4 }", "shape: [3, 2]")
                .find("output_size 4 is more than axis 1 of [batch, 3, 2] has"),
            std::string::npos);
}

// Each step lays the kernel, times its numbers, onto the result.
TEST(Conv1dTransposeTest, LaysTheKernelDownAtEveryStep) {
  const struct {
    const char* text;
    int64_t size, stride, before, out;
  } cases[] = {{"kernel_size: 3 strides: 2", 3, 2, 0, 9},
               {"kernel_size: 2 strides: 3", 2, 3, 0, 12},
               {"kernel_size: 3 strides: 2 padding: SAME", 3, 2, 0, 8},
               {"kernel_size: 3 strides: 2 padding: SAME output_padding: 0", 3, 2, 1, 7},
               {"kernel_size: 3 strides: 2 output_padding: 1", 3, 2, 0, 10},
               {"kernel_size: 3 padding: SAME", 3, 1, 1, 4}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.text);
    const RefTensor x = Filled({1, 4, 2});
    const LayerCase layer =
        MakeLayer(absl::StrCat("conv1d_transpose { filters: 3 ", c.text, " }"), {x});
    const RefTensor kernel = ParameterOf(layer, "kernel"), bias = ParameterOf(layer, "bias");
    EXPECT_EQ(kernel.dims, (std::vector<int64_t>{c.size, 3, 2}));
    std::vector<double> expected;
    for (int64_t i = 0; i < c.out * 3; ++i) expected.push_back(bias.values[i % 3]);
    for (int64_t i = 0; i < 4; ++i) {
      for (int64_t a = 0; a < c.size; ++a) {
        const int64_t o = i * c.stride + a - c.before;
        if (o < 0 || o >= c.out) continue;
        for (int64_t f = 0; f < 6; ++f) {
          expected[o * 3 + f / 2] += x.values[i * 2 + f % 2] * kernel.values[a * 6 + f];
        }
      }
    }
    ExpectNumbers(Evaluate(layer), {1, c.out, 3}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
  const auto errors = [](const char* text) {
    return LayerErrors(absl::StrCat("conv1d_transpose { filters: 1 ", text, " }"), "shape: [4, 2]");
  };
  EXPECT_NE(errors("kernel_size: 3 strides: 2 output_padding: 2")
                .find("output_padding 2 is not below the stride 2"),
            std::string::npos);
  EXPECT_NE(errors("kernel_size: 2 strides: 2 padding: SAME output_padding: 0")
                .find("output_padding 0 makes axis 1 6 long"),
            std::string::npos);
}

TEST(DepthwiseConv1dTest, IsItsRelativeInTwoDimensions) {
  const RefTensor x = Filled({2, 5, 2});
  const RefTensor image = {{2, 1, 5, 2}, x.values};
  const std::pair<std::string, std::string> pairs[] = {
      {"depthwise_conv1d { kernel_size: 3 strides: 2 padding: SAME depth_multiplier: 2 }",
       "depthwise_conv2d { kernel_size: [1, 3] strides: [1, 2] padding: SAME depth_multiplier: 2 "
       "}"},
      {"separable_conv1d { filters: 3 kernel_size: 2 dilation_rate: 2 activation: TANH }",
       "separable_conv2d { filters: 3 kernel_size: [1, 2] dilation_rate: [1, 2] activation: TANH "
       "}"}};
  for (const auto& [one, two] : pairs) {
    SCOPED_TRACE(one);
    const LayerCase layer = MakeLayer(one, {x});
    EXPECT_EQ(Evaluate(layer).values, Evaluate(MakeLayer(two, {image})).values);
    EXPECT_EQ(GradientError(layer), "");
  }
  EXPECT_EQ(ParameterOf(MakeLayer(pairs[0].first, {x}), "depthwise").dims,
            (std::vector<int64_t>{3, 2, 2}));
  EXPECT_EQ(ParameterOf(MakeLayer(pairs[1].first, {x}), "pointwise").dims,
            (std::vector<int64_t>{1, 2, 3}));
}

TEST(ResizingTest, ReadsAtTheMiddlesOfPixels) {
  const RefTensor x = {{1, 1, 4, 1}, {1, 2, 3, 4}};
  // Twice as wide: a quarter of a pixel away on both sides, the outermost beyond the edge.
  ExpectNumbers(Evaluate(MakeLayer("up_sampling2d { size: [1, 2] interpolation: BILINEAR }", {x})),
                {1, 1, 8, 1}, {1, 1.25, 1.75, 2.25, 2.75, 3.25, 3.75, 4});
  ExpectNumbers(Evaluate(MakeLayer("resizing { height: 1 width: 2 }", {x})), {1, 1, 2, 1},
                {1.5, 3.5});
  ExpectNumbers(Evaluate(MakeLayer("resizing { height: 2 width: 8 interpolation: NEAREST }", {x})),
                {1, 2, 8, 1}, {1, 1, 2, 2, 3, 3, 4, 4, 1, 1, 2, 2, 3, 3, 4, 4});
  EXPECT_EQ(GradientError(MakeLayer("resizing { height: 3 width: 5 }", {Filled({2, 2, 3, 2})})),
            "");
}

TEST(BatchNormTest, GoesWithoutGammaAndBeta) {
  const RefTensor x = Filled({6, 3});
  const LayerCase whole = MakeLayer("batch_norm { epsilon: 0.5 }", {x});
  const LayerCase bare = MakeLayer("batch_norm { epsilon: 0.5 center: false scale: false }", {x});
  EXPECT_EQ(whole.model.graph.parameters().size(), 2u);
  EXPECT_TRUE(bare.model.graph.parameters().empty());
  EXPECT_EQ(MakeLayer("batch_norm { scale: false }", {x}).model.graph.parameters().size(), 1u);
}

}  // namespace
}  // namespace gradus
