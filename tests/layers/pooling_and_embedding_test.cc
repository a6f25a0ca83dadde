// Global pooling and embedding: against plain loops.

#include <algorithm>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

// Mean and maximum over the places between batch and channels of [n, places.., channels].
std::vector<double> Pooled(const RefTensor& x, bool largest) {
  const int64_t n = x.dims[0], c = x.dims.back();
  const auto places = static_cast<int64_t>(x.values.size()) / (n * c);
  std::vector<double> result;
  for (int64_t i = 0; i < n; ++i) {
    for (int64_t k = 0; k < c; ++k) {
      double sum = 0, most = -1e300;
      for (int64_t p = 0; p < places; ++p) {
        const double value = x.values[(i * places + p) * c + k];
        sum += value;
        most = std::max(most, value);
      }
      result.push_back(largest ? most : sum / static_cast<double>(places));
    }
  }
  return result;
}

TEST(GlobalPoolingTest, GivesOneNumberForEachChannel) {
  const struct {
    const char* kind;
    bool largest;
    std::vector<int64_t> dims, kept;
  } cases[] = {{"global_average_pooling1d", false, {2, 5, 3}, {2, 1, 3}},
               {"global_average_pooling2d", false, {2, 3, 4, 2}, {2, 1, 1, 2}},
               {"global_max_pooling1d", true, {2, 5, 3}, {2, 1, 3}},
               {"global_max_pooling2d", true, {2, 3, 4, 2}, {2, 1, 1, 2}}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.kind);
    const RefTensor x = Filled(c.dims);
    const LayerCase plain = MakeLayer(absl::StrCat(c.kind, " {}"), {x});
    ExpectNumbers(Evaluate(plain), {2, c.dims.back()}, Pooled(x, c.largest));
    EXPECT_EQ(GradientError(plain), "");
    const LayerCase kept = MakeLayer(absl::StrCat(c.kind, " { keepdims: true }"), {x});
    ExpectNumbers(Evaluate(kept), c.kept, Pooled(x, c.largest));
    EXPECT_EQ(GradientError(kept), "");
  }
}

TEST(GlobalPoolingTest, RefusesOtherNumbersOfAxes) {
  EXPECT_EQ(
      LayerErrors("global_average_pooling2d {}", "shape: [4, 2]"),
      "m:2:1: layer \"l\": global_average_pooling2d reads [batch, height, width, channels], the "
      "input is [batch, 4, 2] [layer[l]]");
  EXPECT_EQ(LayerErrors("global_max_pooling1d {}", "shape: [4, 2, 3]"),
            "m:2:1: layer \"l\": global_max_pooling1d reads [batch, steps, channels], the input is "
            "[batch, 4, 2, 3] [layer[l]]");
}

TEST(EmbeddingTest, LooksUpAVectorForEachNumber) {
  const RefTensor x = Filled({2, 3}, {4, 0, 2, 2, 1, 4});
  const LayerCase layer =
      MakeLayer("embedding { input_dim: 5 output_dim: 2 }", {x}, Mode::kTraining, "INT32");
  const RefTensor table = ParameterOf(layer, "embeddings");
  EXPECT_EQ(table.dims, (std::vector<int64_t>{5, 2}));
  std::vector<double> expected;
  for (double index : x.values) {
    expected.push_back(table.values[2 * static_cast<size_t>(index)]);
    expected.push_back(table.values[2 * static_cast<size_t>(index) + 1]);
  }
  ExpectNumbers(Evaluate(layer), {2, 3, 2}, expected);
  EXPECT_EQ(GradientError(layer), "");
}

TEST(EmbeddingTest, OneNumberPerExampleBecomesOneVector) {
  const LayerCase layer = MakeLayer("embedding { input_dim: 5 output_dim: 2 }",
                                    {Filled({2}, {3, 1})}, Mode::kTraining, "INT32");
  EXPECT_EQ(layer.model.graph.spec(layer.output).ToString(), "FLOAT32 [batch, 2]");
}

TEST(EmbeddingTest, StartsUniformUnlessToldOtherwise) {
  const auto start = [](const char* more) {
    return MakeLayer(absl::StrCat("embedding { input_dim: 5 output_dim: 2 ", more, " }"),
                     {Filled({2}, {3, 1})}, Mode::kTraining, "INT32")
        .model.graph.parameter(0)
        .initializer.ShortDebugString();
  };
  EXPECT_EQ(start(""), "random_uniform { }");
  EXPECT_EQ(start("embeddings_initializer { constant: 1 }"), "constant: 1");
}

TEST(EmbeddingTest, RefusesRealNumbers) {
  EXPECT_EQ(LayerErrors("embedding { input_dim: 5 output_dim: 2 }"),
            "m:2:1: layer \"l\": embedding reads whole numbers, the input is FLOAT32 [batch, 3] "
            "(input { type: INT32 }) [layer[l]]");
}

}  // namespace
}  // namespace gradus
