// multi_head_attention, attention, additive_attention and position_embedding against plain double loops over heads, targets and sources.

#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

struct AttentionCase {
  int64_t batch, targets, sources, features, heads, groups, key_dim, value_dim, outputs;
  bool bias, causal;
  int inputs;  // 1: query, 2: and value, 3: and key.
};

// Whether target i of an example sees source j.
using Sees = std::function<bool(int64_t example, int64_t head, int64_t i, int64_t j)>;

// x [steps, features] at one step times kernel [features, heads, size], one head, plus its bias.
double Projected(const LayerCase& layer, const std::string& name, const RefTensor& x, int64_t row,
                 int64_t head, int64_t at, bool bias) {
  const RefTensor kernel = ParameterOf(layer, name + "_kernel");
  const int64_t features = kernel.dims[0], heads = kernel.dims[1], size = kernel.dims[2];
  double sum = bias ? ParameterOf(layer, name + "_bias").values[head * size + at] : 0;
  for (int64_t f = 0; f < features; ++f) {
    sum += x.values[row * features + f] * kernel.values[(f * heads + head) * size + at];
  }
  return sum;
}

// One sum after another, as the formula says it.
std::vector<double> Loops(const AttentionCase& c, const LayerCase& layer, const RefTensor& query,
                          const RefTensor& value, const RefTensor& key, const Sees& sees) {
  const RefTensor out = ParameterOf(layer, "output_kernel");
  std::vector<double> y;
  for (int64_t b = 0; b < c.batch; ++b) {
    for (int64_t i = 0; i < c.targets; ++i) {
      std::vector<double> row(c.outputs, 0.0);
      for (int64_t o = 0; o < c.outputs && c.bias; ++o) {
        row[o] = ParameterOf(layer, "output_bias").values[o];
      }
      for (int64_t h = 0; h < c.heads; ++h) {
        const int64_t g = h / (c.heads / c.groups);
        std::vector<double> weights;
        double all = 0;
        for (int64_t j = 0; j < c.sources; ++j) {
          double score = 0;
          for (int64_t d = 0; d < c.key_dim; ++d) {
            score += Projected(layer, "query", query, b * c.targets + i, h, d, c.bias) *
                     Projected(layer, "key", key, b * c.sources + j, g, d, c.bias);
          }
          const bool seen = sees(b, h, i, j);
          weights.push_back(seen ? std::exp(score / std::sqrt(static_cast<double>(c.key_dim))) : 0);
          all += weights.back();
        }
        for (int64_t j = 0; j < c.sources; ++j) {
          for (int64_t d = 0; d < c.value_dim; ++d) {
            const double part = weights[j] / all *
                                Projected(layer, "value", value, b * c.sources + j, g, d, c.bias);
            for (int64_t o = 0; o < c.outputs; ++o) {
              row[o] += part * out.values[(h * c.value_dim + d) * c.outputs + o];
            }
          }
        }
      }
      y.insert(y.end(), row.begin(), row.end());
    }
  }
  return y;
}

const char* Word(bool b) { return b ? "true" : "false"; }

std::string TextOf(const AttentionCase& c) {
  return absl::StrCat("multi_head_attention { num_heads: ", c.heads, " key_dim: ", c.key_dim,
                      " value_dim: ", c.value_dim, " output_dim: ", c.outputs,
                      " use_bias: ", Word(c.bias), " use_causal_mask: ", Word(c.causal),
                      c.groups == c.heads ? "" : absl::StrCat(" num_key_value_heads: ", c.groups),
                      " }");
}

TEST(MultiHeadAttentionTest, IsThePlainLoopsAndHasTheirDerivative) {
  const AttentionCase cases[] = {
      {2, 3, 3, 4, 2, 2, 3, 3, 4, true, false, 1},  {2, 3, 3, 4, 2, 2, 3, 2, 5, false, true, 1},
      {1, 2, 4, 3, 1, 1, 2, 2, 3, true, false, 2},  {2, 1, 5, 3, 3, 3, 1, 2, 2, true, false, 3},
      {2, 4, 3, 2, 4, 2, 2, 3, 3, true, false, 3},  {1, 3, 3, 2, 4, 1, 2, 2, 2, false, true, 2},
      {3, 1, 1, 1, 1, 1, 1, 1, 1, true, true, 1},   {1, 7, 7, 8, 4, 4, 2, 2, 8, true, true, 1},
      {2, 2, 6, 5, 5, 1, 1, 3, 4, false, false, 3}, {4, 2, 3, 7, 2, 2, 5, 4, 7, true, false, 2},
      {1, 6, 2, 3, 3, 3, 2, 1, 4, false, true, 3}};
  for (const AttentionCase& c : cases) {
    SCOPED_TRACE(TextOf(c));
    std::vector<RefTensor> inputs = {Filled({c.batch, c.targets, c.features})};
    for (int i = 1; i < c.inputs; ++i) {
      inputs.push_back(Filled({c.batch, c.sources, c.features}));
      for (double& x : inputs.back().values) x *= 1 - 0.4 * i;
    }
    const LayerCase layer = MakeLayer(TextOf(c), inputs);
    const RefTensor y = Evaluate(layer);
    const RefTensor& value = inputs[c.inputs > 1 ? 1 : 0];
    const RefTensor& key = c.inputs > 2 ? inputs[2] : value;
    ExpectNumbers(
        y, {c.batch, c.targets, c.outputs},
        Loops(c, layer, inputs[0], value, key,
              [&](int64_t, int64_t, int64_t i, int64_t j) { return !c.causal || j <= i; }));
    EXPECT_EQ(GradientError(layer), "");
  }
}

// The first mask of each pair is what the layer reads, the second says the same for every head, target and source.
TEST(MultiHeadAttentionTest, DoesNotSeeWhatTheMaskHides) {
  const AttentionCase c = {2, 3, 4, 2, 2, 2, 2, 2, 2, true, false, 2};
  const RefTensor query = Filled({2, 3, 2});
  RefTensor value = Filled({2, 4, 2});
  for (double& x : value.values) x *= 0.7;
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{2, 4}, std::vector<int64_t>{2, 3, 4},
        std::vector<int64_t>{2, 2, 3, 4}}) {
    RefTensor mask = Filled(dims);
    for (size_t i = 0; i < mask.values.size(); ++i) mask.values[i] = i % 4 != 1 && i % 7 != 2;
    const LayerCase layer =
        MakeLayer("multi_head_attention { num_heads: 2 key_dim: 2 attention_mask: true }",
                  {query, value, mask});
    const auto sees = [&](int64_t b, int64_t h, int64_t i, int64_t j) {
      const int64_t flat = dims.size() == 2   ? b * 4 + j
                           : dims.size() == 3 ? (b * 3 + i) * 4 + j
                                              : ((b * 2 + h) * 3 + i) * 4 + j;
      return mask.values[flat] != 0;
    };
    ExpectNumbers(Evaluate(layer), {2, 3, 2}, Loops(c, layer, query, value, value, sees));
  }
}

TEST(MultiHeadAttentionTest, WhatSeesNothingSeesAllAlike) {
  const RefTensor x = Filled({1, 3, 2});
  const auto make = [&](std::vector<double> mask) {
    return Evaluate(
        MakeLayer("attention { attention_mask: true }", {x, {{1, 3}, std::move(mask)}}));
  };
  const RefTensor y = make({0, 0, 0});
  for (int64_t k = 0; k < 2; ++k) {
    const double mean = (x.values[k] + x.values[2 + k] + x.values[4 + k]) / 3;
    for (int64_t i = 0; i < 3; ++i) EXPECT_NEAR(y.values[2 * i + k], mean, 1e-12);
  }
  // Only the second: all targets are the second value.
  const RefTensor second = make({0, 1, 0});
  for (int64_t i = 0; i < 3; ++i) EXPECT_NEAR(second.values[2 * i], x.values[2], 1e-12);
}

TEST(MultiHeadAttentionTest, DropsWeightsWhileTrainingOnly) {
  const RefTensor x = Filled({2, 4, 3});
  const char* const text = "multi_head_attention { num_heads: 2 key_dim: 3 dropout: 0.5 }";
  const LayerCase training = MakeLayer(text, {x});
  const LayerCase inference = MakeLayer(text, {x}, Mode::kInference);
  const LayerCase without =
      MakeLayer("multi_head_attention { num_heads: 2 key_dim: 3 }", {x}, Mode::kTraining);
  EXPECT_EQ(Evaluate(inference).values, Evaluate(without).values);
  EXPECT_NE(Evaluate(training).values, Evaluate(without).values);
  ASSERT_EQ(training.model.hyperparameters.size(), 1u);
  EXPECT_EQ(training.model.hyperparameters[0].name, "l/dropout");
  EXPECT_EQ(GradientError(training), "");
}

TEST(MultiHeadAttentionTest, HasTheShapesOfKeras) {
  const LayerCase layer = MakeLayer("multi_head_attention { num_heads: 2 key_dim: 3 value_dim: 5 }",
                                    {Filled({1, 4, 6})});
  EXPECT_EQ(ParameterOf(layer, "query_kernel").dims, (std::vector<int64_t>{6, 2, 3}));
  EXPECT_EQ(ParameterOf(layer, "key_bias").dims, (std::vector<int64_t>{2, 3}));
  EXPECT_EQ(ParameterOf(layer, "value_kernel").dims, (std::vector<int64_t>{6, 2, 5}));
  EXPECT_EQ(ParameterOf(layer, "output_kernel").dims, (std::vector<int64_t>{2, 5, 6}));
  EXPECT_EQ(ParameterOf(layer, "output_bias").dims, (std::vector<int64_t>{6}));
}

TEST(AttentionTest, IsThePlainLoops) {
  const RefTensor query = Filled({2, 2, 3}), value = Filled({2, 4, 2});
  RefTensor key = Filled({2, 4, 3});
  for (double& x : key.values) x *= 0.6;
  for (const bool additive : {false, true}) {
    for (const bool use_scale : {false, true}) {
      const LayerCase layer = MakeLayer(absl::StrCat(additive ? "additive_attention" : "attention",
                                                     " { use_scale: ", Word(use_scale), " }"),
                                        {query, value, key});
      std::vector<double> expected;
      for (int64_t b = 0; b < 2; ++b) {
        for (int64_t i = 0; i < 2; ++i) {
          double weights[4], all = 0;
          for (int64_t j = 0; j < 4; ++j) {
            double score = 0;
            for (int64_t k = 0; k < 3; ++k) {
              const double q = query.values[(b * 2 + i) * 3 + k];
              const double other = key.values[(b * 4 + j) * 3 + k];
              double term = additive ? std::tanh(q + other) : q * other;
              if (use_scale) term *= ParameterOf(layer, "scale").values[additive ? k : 0];
              score += term;
            }
            weights[j] = std::exp(score);
            all += weights[j];
          }
          for (int64_t k = 0; k < 2; ++k) {
            double sum = 0;
            for (int64_t j = 0; j < 4; ++j) {
              sum += weights[j] / all * value.values[(b * 4 + j) * 2 + k];
            }
            expected.push_back(sum);
          }
        }
      }
      ExpectNumbers(Evaluate(layer), {2, 2, 2}, expected);
      EXPECT_EQ(GradientError(layer), "");
    }
  }
}

TEST(PositionEmbeddingTest, AddsAVectorForEachStep) {
  const RefTensor x = Filled({2, 3, 2});
  const LayerCase layer = MakeLayer("position_embedding {}", {x});
  const RefTensor table = ParameterOf(layer, "embeddings");
  EXPECT_EQ(table.dims, (std::vector<int64_t>{3, 2}));
  std::vector<double> expected = x.values;
  for (size_t i = 0; i < expected.size(); ++i) expected[i] += table.values[i % 6];
  ExpectNumbers(Evaluate(layer), {2, 3, 2}, expected);
}

TEST(AttentionTest, SaysWhatIsWrong) {
  EXPECT_EQ(LayerErrors("multi_head_attention { num_heads: 2 key_dim: 3 }"),
            "m:2:1: layer \"l\": multi_head_attention reads [batch, steps, features], input 0 is "
            "[batch, 3] [layer[l]]");
  EXPECT_NE(LayerErrors("multi_head_attention { num_heads: 3 key_dim: 3 num_key_value_heads: 2 }",
                        "shape: [2, 3]")
                .find("num_key_value_heads 2 does not divide the 3 heads"),
            std::string::npos);
  EXPECT_NE(LayerErrors("attention { attention_mask: true }", "shape: [2, 3]")
                .find("attention reads 2 to 4 inputs, not 1"),
            std::string::npos);
  EXPECT_NE(LayerErrors("input: [\"x\", \"x\"] attention { attention_mask: true }", "shape: [2, 3]")
                .find("the mask is [batch, 2, 3], not [batch, 2], [batch, 2, 2] or [batch, 2, 2]"),
            std::string::npos);
  EXPECT_NE(LayerErrors("multi_head_attention { num_heads: 0 key_dim: 3 }", "shape: [2, 3]")
                .find("num_heads 0 must be at least 1"),
            std::string::npos);
}

}  // namespace
}  // namespace gradus
