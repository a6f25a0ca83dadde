// The activation functions and the layers leaky_relu and prelu, against their formulas as Keras documents them.

#include <algorithm>
#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

using Function = std::function<double(double)>;

double Logistic(double x) { return 1 / (1 + std::exp(-x)); }
double Relu6(double x) { return std::min(std::max(x, 0.0), 6.0); }

struct ActivationCase {
  const char* name;
  Function f;
};
std::vector<ActivationCase> Activations() {
  const double c = std::sqrt(2 / std::acos(-1.0));
  return {
      {"LEAKY_RELU", [](double x) { return x > 0 ? x : 0.2 * x; }},
      {"SELU",
       [](double x) {
         return 1.05070098735548 * (x > 0 ? x : 1.67326324235437 * (std::exp(x) - 1));
       }},
      {"SOFTSIGN", [](double x) { return x / (1 + std::fabs(x)); }},
      {"SILU", [](double x) { return x * Logistic(x); }},
      {"MISH", [](double x) { return x * std::tanh(std::log(1 + std::exp(x))); }},
      {"HARD_SIGMOID", [](double x) { return Relu6(x + 3) / 6; }},
      {"HARD_SWISH", [](double x) { return x * Relu6(x + 3) / 6; }},
      {"GELU_TANH",
       [c](double x) { return 0.5 * x * (1 + std::tanh(c * (x + 0.044715 * x * x * x))); }},
      {"EXPONENTIAL", [](double x) { return std::exp(x); }},
      {"RELU6", Relu6},
  };
}

const std::vector<double>& Points() {
  static const auto* const points = new std::vector<double>{
      -8, -3.5, -2.9, -1.3, -0.4, -0.01, 0.02, 0.7, 1.9, 2.8, 3.3, 5.9, 6.2, 7};
  return *points;
}

TEST(ActivationLayersTest, AreTheFormulasOfKeras) {
  const auto n = static_cast<int64_t>(Points().size());
  for (const ActivationCase& c : Activations()) {
    SCOPED_TRACE(c.name);
    const LayerCase layer = MakeLayer(absl::StrCat("activation { function: ", c.name, " }"),
                                      {Filled({2, n / 2}, Points())});
    std::vector<double> expected;
    for (double x : Points()) expected.push_back(c.f(x));
    // Constants of the graph are floats: 2^-25 of a result below 1100.
    ExpectNumbers(Evaluate(layer), {2, n / 2}, expected, 1e-6);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(ActivationLayersTest, LogSoftmaxIsOverTheLastAxis) {
  const RefTensor x = Filled({2, 3});
  std::vector<double> expected;
  for (size_t i = 0; i < 6; ++i) {
    double sum = 0;
    for (size_t k = i / 3 * 3; k < i / 3 * 3 + 3; ++k) sum += std::exp(x.values[k]);
    expected.push_back(x.values[i] - std::log(sum));
  }
  const LayerCase layer = MakeLayer("activation { function: LOG_SOFTMAX }", {x});
  ExpectNumbers(Evaluate(layer), {2, 3}, expected);
  EXPECT_EQ(GradientError(layer), "");
  EXPECT_EQ(LayerErrors("activation { function: LOG_SOFTMAX }", ""),
            "m:2:1: layer \"l\": log_softmax needs an axis behind the batch, the input is [batch]; "
            "`shape: 1` or flatten gives it one [layer[l]]");
}

TEST(ActivationLayersTest, Relu6HasNoGradientAtZero) {
  LayerCase layer = MakeLayer("activation { function: RELU6 }", {Filled({1, 2}, {0, 3})});
  // A central difference would see half of the slope above 0.
  EXPECT_NE(GradientError(layer).find("element 0: rule 0,"), std::string::npos)
      << GradientError(layer);
}

TEST(ActivationLayersTest, DenseTakesThemToo) {
  for (const ActivationCase& c : Activations()) {
    SCOPED_TRACE(c.name);
    const LayerCase layer =
        MakeLayer(absl::StrCat("dense { units: 2 activation: ", c.name, " }"), {Filled({2, 3})});
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(LeakyReluTest, HasKerasSlopeOfTheLayerUnlessToldOtherwise) {
  const RefTensor x = Filled({1, 4}, {-2, -0.5, 0.5, 2});
  // The slope is a double in the op's message and in its reference.
  ExpectNumbers(Evaluate(MakeLayer("leaky_relu {}", {x})), {1, 4}, {-0.6, -0.15, 0.5, 2});
  ExpectNumbers(Evaluate(MakeLayer("leaky_relu { negative_slope: 0.1 }", {x})), {1, 4},
                {-0.2, -0.05, 0.5, 2});
  EXPECT_EQ(GradientError(MakeLayer("leaky_relu {}", {x})), "");
  EXPECT_EQ(LayerErrors("leaky_relu { negative_slope: -1 }"),
            "m:2:48: layer \"l\": negative_slope -1 must be at least 0 "
            "[layer[l].leaky_relu.negative_slope]");
}

TEST(PreluTest, LearnsASlopeForEveryPlace) {
  const RefTensor x = Filled({2, 2, 3});
  const LayerCase layer = MakeLayer("prelu {}", {x});
  const RefTensor alpha = ParameterOf(layer, "alpha");
  EXPECT_EQ(alpha.dims, (std::vector<int64_t>{2, 3}));
  std::vector<double> expected;
  for (size_t i = 0; i < 12; ++i) {
    expected.push_back(x.values[i] > 0 ? x.values[i] : alpha.values[i % 6] * x.values[i]);
  }
  ExpectNumbers(Evaluate(layer), {2, 2, 3}, expected);
  EXPECT_EQ(GradientError(layer), "");
  EXPECT_EQ(layer.model.graph.parameter(0).initializer.ShortDebugString(), "constant: 0");
}

TEST(PreluTest, SharesASlopeAlongAxes) {
  const RefTensor x = Filled({2, 2, 3});
  const LayerCase layer =
      MakeLayer("prelu { shared_axes: 1 alpha_initializer { constant: 0.25 } }", {x});
  const RefTensor alpha = ParameterOf(layer, "alpha");
  EXPECT_EQ(alpha.dims, (std::vector<int64_t>{1, 3}));
  std::vector<double> expected;
  for (size_t i = 0; i < 12; ++i) {
    expected.push_back(x.values[i] > 0 ? x.values[i] : alpha.values[i % 3] * x.values[i]);
  }
  ExpectNumbers(Evaluate(layer), {2, 2, 3}, expected);
  EXPECT_EQ(GradientError(layer), "");
  EXPECT_EQ(layer.model.graph.parameter(0).initializer.ShortDebugString(), "constant: 0.25");
}

TEST(PreluTest, RefusesAxesThatAreNotThere) {
  EXPECT_EQ(LayerErrors("prelu { shared_axes: [1, 2] }"),
            "m:2:41: layer \"l\": axis 2 of [batch, 3] is not there [layer[l].prelu.shared_axes]");
  EXPECT_NE(LayerErrors("prelu { shared_axes: 0 }").find("shared_axes 0 must be at least 1"),
            std::string::npos);
}

}  // namespace
}  // namespace gradus
