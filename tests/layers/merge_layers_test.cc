// multiply, subtract, average, maximum, minimum.

#include <algorithm>
#include <functional>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

const RefTensor kA = Filled({2, 2, 3});
const RefTensor kB = Filled({2, 2, 3}, SomeNumbers(12, 1));
const RefTensor kC = Filled({2, 2, 3}, SomeNumbers(12, 2));

std::vector<double> ByPlace(const std::function<double(double, double, double)>& f) {
  std::vector<double> result;
  for (size_t i = 0; i < 12; ++i) result.push_back(f(kA.values[i], kB.values[i], kC.values[i]));
  return result;
}

TEST(MultiplyTest, MultipliesAllInputs) {
  const LayerCase layer = MakeLayer("multiply {}", {kA, kB, kC});
  ExpectNumbers(Evaluate(layer), {2, 2, 3},
                ByPlace([](double a, double b, double c) { return a * b * c; }));
  EXPECT_EQ(GradientError(layer), "");
}

TEST(MultiplyTest, RepeatsAnInputWhereItHasLengthOne) {
  const RefTensor gate = Filled({2, 1, 3}, {1, 2, 3, 4, 5, 6});
  for (const bool first : {false, true}) {
    const LayerCase layer =
        first ? MakeLayer("multiply {}", {gate, kA}) : MakeLayer("multiply {}", {kA, gate});
    std::vector<double> expected;
    for (size_t i = 0; i < 12; ++i) {
      expected.push_back(kA.values[i] * gate.values[i / 6 * 3 + i % 3]);
    }
    ExpectNumbers(Evaluate(layer), {2, 2, 3}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(MultiplyTest, RefusesLengthsThatDifferAndOtherNumbersOfAxes) {
  const auto errors = [](const char* x, const char* y) {
    return BuildModel(absl::StrCat("input { name: \"x\" ", x, " } input { name: \"y\" ", y,
                                   " }\nlayer { name: \"l\" input: [\"x\", \"y\"] multiply {} }"))
        .errors;
  };
  EXPECT_EQ(errors("shape: [2, 3]", "shape: [4, 3]"),
            "m:2:32: layer \"l\": input 1 is [batch, 4, 3], input 0 [batch, 2, 3]; they may differ "
            "only where one of them has length 1 [layer[l].input[1]]");
  EXPECT_EQ(errors("shape: [2, 3]", "shape: 3"),
            "m:2:32: layer \"l\": input 1 is [batch, 3], input 0 [batch, 2, 3]; they may differ "
            "only where one of them has length 1 [layer[l].input[1]]");
}

TEST(SubtractTest, TakesTheSecondFromTheFirst) {
  const LayerCase layer = MakeLayer("subtract {}", {kA, kB});
  ExpectNumbers(Evaluate(layer), {2, 2, 3},
                ByPlace([](double a, double b, double) { return a - b; }));
  EXPECT_EQ(GradientError(layer), "");
}

TEST(SubtractTest, RefusesThreeInputs) {
  EXPECT_EQ(LayerErrors("input: [\"x\", \"x\", \"x\"] subtract {}"),
            "m:2:42: layer \"l\": subtract reads 2 inputs, not 3 [layer[l].subtract]");
}

TEST(AverageTest, IsTheMeanOfItsInputs) {
  const LayerCase layer = MakeLayer("average {}", {kA, kB, kC});
  ExpectNumbers(Evaluate(layer), {2, 2, 3},
                ByPlace([](double a, double b, double c) { return (a + b + c) / 3; }));
  EXPECT_EQ(GradientError(layer), "");
}

TEST(MaximumTest, TakesTheLargestOfEachPlace) {
  const LayerCase layer = MakeLayer("maximum {}", {kA, kB, kC});
  ExpectNumbers(Evaluate(layer), {2, 2, 3}, ByPlace([](double a, double b, double c) {
                  return std::max({a, b, c});
                }));
  EXPECT_EQ(GradientError(layer), "");
}

TEST(MinimumTest, TakesTheSmallestOfEachPlace) {
  const LayerCase layer = MakeLayer("minimum {}", {kA, kB, kC});
  ExpectNumbers(Evaluate(layer), {2, 2, 3}, ByPlace([](double a, double b, double c) {
                  return std::min({a, b, c});
                }));
  EXPECT_EQ(GradientError(layer), "");
}

TEST(MergeTest, AllButMultiplyRefuseShapesThatDiffer) {
  for (const char* kind : {"subtract", "average", "maximum", "minimum"}) {
    EXPECT_EQ(
        BuildModel(absl::StrCat("input { name: \"x\" shape: 3 } input { name: \"y\" shape: 1 }\n",
                                "layer { name: \"l\" input: [\"x\", \"y\"] ", kind, " {} }"))
            .errors,
        "m:2:32: layer \"l\": input 1 is [batch, 1], input 0 [batch, 3]; they must have the "
        "same shape [layer[l].input[1]]")
        << kind;
  }
}

}  // namespace
}  // namespace gradus
