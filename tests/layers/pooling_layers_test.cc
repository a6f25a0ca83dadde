// Pooling over windows: against plain loops over the places of images, with Keras' padding worked out by hand.

#include <algorithm>
#include <array>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

using Pair = std::array<int64_t, 2>;

std::vector<double> Pooled(const RefTensor& x, bool largest, Pair size, Pair stride, Pair before,
                           Pair out) {
  const int64_t n = x.dims[0], h = x.dims[1], w = x.dims[2], c = x.dims[3];
  std::vector<double> y;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t oy = 0; oy < out[0]; ++oy) {
      for (int64_t ox = 0; ox < out[1]; ++ox) {
        for (int64_t k = 0; k < c; ++k) {
          double sum = 0, most = -1e300, count = 0;
          for (int64_t iy = oy * stride[0] - before[0]; iy < oy * stride[0] - before[0] + size[0];
               ++iy) {
            for (int64_t ix = ox * stride[1] - before[1]; ix < ox * stride[1] - before[1] + size[1];
                 ++ix) {
              if (iy < 0 || iy >= h || ix < 0 || ix >= w) continue;
              const double value = x.values[((i * h + iy) * w + ix) * c + k];
              sum += value;
              most = std::max(most, value);
              count += 1;
            }
          }
          y.push_back(largest ? most : sum / count);
        }
      }
    }
  }
  return y;
}

TEST(Pooling2dTest, IsThePlainLoop) {
  const struct {
    const char* text;
    Pair size, stride, before, out;
  } cases[] = {
      {"", {2, 2}, {2, 2}, {0, 0}, {2, 3}},
      {"pool_size: 3", {3, 3}, {3, 3}, {0, 0}, {1, 2}},
      {"pool_size: [2, 3] strides: 1", {2, 3}, {1, 1}, {0, 0}, {4, 4}},
      // 5 rows in windows of 2: one place is added, behind.
      {"padding: SAME", {2, 2}, {2, 2}, {0, 0}, {3, 3}},
      {"pool_size: 3 strides: [1, 2] padding: SAME", {3, 3}, {1, 2}, {1, 0}, {5, 3}},
  };
  for (const auto& c : cases) {
    for (const bool largest : {true, false}) {
      SCOPED_TRACE(absl::StrCat(c.text, largest ? " max" : " average"));
      const RefTensor x = Filled({2, 5, 6, 3});
      const LayerCase layer = MakeLayer(
          absl::StrCat(largest ? "max_pooling2d { " : "average_pooling2d { ", c.text, " }"), {x});
      ExpectNumbers(Evaluate(layer), {2, c.out[0], c.out[1], 3},
                    Pooled(x, largest, c.size, c.stride, c.before, c.out));
      EXPECT_EQ(GradientError(layer), "");
    }
  }
}

TEST(Pooling1dTest, IsThePlainLoopOverSteps) {
  const struct {
    const char* text;
    int64_t size, stride, before, out;
  } cases[] = {{"", 2, 2, 0, 3},
               {"pool_size: 3 strides: 1", 3, 1, 0, 5},
               {"pool_size: 3 strides: 2 padding: SAME", 3, 2, 1, 4}};
  for (const auto& c : cases) {
    for (const bool largest : {true, false}) {
      SCOPED_TRACE(absl::StrCat(c.text, largest ? " max" : " average"));
      const RefTensor x = Filled({2, 7, 3});
      const LayerCase layer = MakeLayer(
          absl::StrCat(largest ? "max_pooling1d { " : "average_pooling1d { ", c.text, " }"), {x});
      ExpectNumbers(Evaluate(layer), {2, c.out, 3},
                    Pooled({{2, 1, 7, 3}, x.values}, largest, {1, c.size}, {1, c.stride},
                           {0, c.before}, {1, c.out}));
      EXPECT_EQ(GradientError(layer), "");
    }
  }
}

TEST(PoolingTest, RefusesOtherShapesAndLargerWindows) {
  EXPECT_EQ(LayerErrors("average_pooling1d {}", "shape: [4, 2, 3]"),
            "m:2:1: layer \"l\": average_pooling1d reads [batch, steps, channels], the input is "
            "[batch, 4, 2, 3] [layer[l]]");
  EXPECT_EQ(LayerErrors("max_pooling1d { pool_size: 5 }", "shape: [4, 2]"),
            "m:2:46: layer \"l\": pool_size 5 is larger than axis 1 of [batch, 4, 2]; with "
            "padding: SAME a window may reach beyond it [layer[l].max_pooling1d.pool_size]");
  EXPECT_EQ(LayerErrors("max_pooling2d { strides: [1, 1, 1] }", "shape: [4, 4, 2]"),
            "m:2:45: layer \"l\": strides has 3 numbers, not 1 or 2 "
            "[layer[l].max_pooling2d.strides]");
}

}  // namespace
}  // namespace gradus
