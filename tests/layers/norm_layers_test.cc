// layer_norm, rms_norm, group_norm, unit_normalization: against plain loops.

#include <cmath>

#include "gradus/graph/print.h"
#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

// Normalises the numbers of x at these places, in place.
void Normalize(const std::vector<size_t>& places, double epsilon, std::vector<double>* x) {
  const auto n = static_cast<double>(places.size());
  double mean = 0, variance = 0;
  for (size_t i : places) mean += (*x)[i] / n;
  for (size_t i : places) variance += ((*x)[i] - mean) * ((*x)[i] - mean) / n;
  for (size_t i : places) (*x)[i] = ((*x)[i] - mean) / std::sqrt(variance + epsilon);
}

TEST(LayerNormTest, NormalisesEachExampleOverItsLastAxis) {
  const RefTensor x = Filled({2, 3, 4});
  const LayerCase layer = MakeLayer("layer_norm {}", {x});
  const RefTensor gamma = ParameterOf(layer, "gamma"), beta = ParameterOf(layer, "beta");
  EXPECT_EQ(gamma.dims, std::vector<int64_t>{4});
  std::vector<double> expected = x.values;
  for (size_t row = 0; row < 6; ++row) {
    Normalize({4 * row, 4 * row + 1, 4 * row + 2, 4 * row + 3}, 1e-3, &expected);
  }
  for (size_t i = 0; i < 24; ++i) {
    expected[i] = gamma.values[i % 4] * expected[i] + beta.values[i % 4];
  }
  ExpectNumbers(Evaluate(layer), {2, 3, 4}, expected);
  EXPECT_EQ(GradientError(layer), "");
}

TEST(LayerNormTest, NormalisesOverSeveralAxesAndOverOnesInFront) {
  const RefTensor x = Filled({2, 2, 3});
  for (const char* axes : {"[1, 2]", "[-1, 1]"}) {
    const LayerCase all =
        MakeLayer(absl::StrCat("layer_norm { axis: ", axes, " epsilon: 0.1 }"), {x});
    const RefTensor gamma = ParameterOf(all, "gamma"), beta = ParameterOf(all, "beta");
    EXPECT_EQ(gamma.dims, (std::vector<int64_t>{2, 3}));
    std::vector<double> expected = x.values;
    for (size_t row = 0; row < 2; ++row) {
      const size_t o = 6 * row;
      Normalize({o, o + 1, o + 2, o + 3, o + 4, o + 5}, 0.1, &expected);
    }
    for (size_t i = 0; i < 12; ++i) {
      expected[i] = gamma.values[i % 6] * expected[i] + beta.values[i % 6];
    }
    ExpectNumbers(Evaluate(all), {2, 2, 3}, expected);
    EXPECT_EQ(GradientError(all), "");
  }
  const LayerCase front = MakeLayer("layer_norm { axis: 1 }", {x});
  const RefTensor gamma = ParameterOf(front, "gamma"), beta = ParameterOf(front, "beta");
  EXPECT_EQ(gamma.dims, std::vector<int64_t>{2});
  std::vector<double> expected = x.values;
  for (size_t row = 0; row < 2; ++row) {
    for (size_t k = 0; k < 3; ++k) Normalize({6 * row + k, 6 * row + 3 + k}, 1e-3, &expected);
  }
  for (size_t i = 0; i < 12; ++i) {
    expected[i] = gamma.values[i / 3 % 2] * expected[i] + beta.values[i / 3 % 2];
  }
  ExpectNumbers(Evaluate(front), {2, 2, 3}, expected);
  EXPECT_EQ(GradientError(front), "");
}

TEST(LayerNormTest, LeavesOutWhatItIsToldTo) {
  const RefTensor x = Filled({2, 4});
  const LayerCase plain = MakeLayer("layer_norm { center: false scale: false }", {x});
  EXPECT_TRUE(plain.model.graph.parameters().empty());
  std::vector<double> expected = x.values;
  Normalize({0, 1, 2, 3}, 1e-3, &expected);
  Normalize({4, 5, 6, 7}, 1e-3, &expected);
  ExpectNumbers(Evaluate(plain), {2, 4}, expected);
  EXPECT_EQ(MakeLayer("layer_norm { center: false }", {x}).model.graph.parameter(0).name,
            "l/gamma");
  EXPECT_EQ(MakeLayer("layer_norm { scale: false }", {x}).model.graph.parameter(0).name, "l/beta");
}

TEST(LayerNormTest, StartsAsTheNormAloneUnlessToldOtherwise) {
  const Graph plain = MakeLayer("layer_norm {}", {Filled({2, 4})}).model.graph;
  EXPECT_EQ(plain.parameter(0).initializer.ShortDebugString(), "constant: 1");
  EXPECT_EQ(plain.parameter(1).initializer.ShortDebugString(), "constant: 0");
  const Graph told =
      MakeLayer("layer_norm { gamma_initializer { constant: 2 } }", {Filled({2, 4})}).model.graph;
  EXPECT_EQ(told.parameter(0).initializer.ShortDebugString(), "constant: 2");
}

TEST(NormTest, IsTheSameInTrainingAndInference) {
  for (const char* kind :
       {"layer_norm {}", "rms_norm {}", "group_norm { groups: 2 }", "unit_normalization {}"}) {
    const RefTensor x = Filled({2, 4});
    EXPECT_EQ(PrintText(MakeLayer(kind, {x}, Mode::kTraining).model.graph),
              PrintText(MakeLayer(kind, {x}, Mode::kInference).model.graph));
  }
}

TEST(NormTest, RefusesAxesThatAreNotThereTheBatchAndTwice) {
  for (const char* kind : {"layer_norm", "rms_norm", "unit_normalization"}) {
    const auto errors = [&](const char* axis) {
      return LayerErrors(absl::StrCat(kind, " { axis: ", axis, " }"), "shape: [2, 3]");
    };
    const std::string tail = absl::StrCat(" [layer[l].", kind, ".axis]");
    const auto ends = [&](const std::string& text, const std::string& with) {
      return text.find("layer \"l\": " + with + tail) != std::string::npos;
    };
    EXPECT_TRUE(ends(errors("3"), "axis 3 of [batch, 2, 3] is not there")) << errors("3");
    EXPECT_TRUE(ends(errors("-4"), "axis -4 of [batch, 2, 3] is not there")) << errors("-4");
    EXPECT_TRUE(ends(errors("0"), "axis 0 of [batch, 2, 3] is the batch")) << errors("0");
    EXPECT_TRUE(ends(errors("-3"), "axis -3 of [batch, 2, 3] is the batch")) << errors("-3");
    EXPECT_TRUE(ends(errors("[2, -1]"), "axis -1 of [batch, 2, 3] is named twice"))
        << errors("[2, -1]");
  }
}

TEST(NormTest, NeedsAnAxisBehindTheBatch) {
  for (const char* kind : {"layer_norm", "rms_norm", "group_norm", "unit_normalization"}) {
    EXPECT_EQ(LayerErrors(absl::StrCat(kind, " {}"), ""),
              absl::StrCat("m:2:1: layer \"l\": ", kind,
                           " needs an axis behind the batch, the input is [batch]; `shape: 1` or "
                           "flatten gives it one [layer[l]]"));
  }
}

TEST(RmsNormTest, DividesByTheRootOfTheMeanSquare) {
  const RefTensor x = Filled({2, 3, 4});
  const LayerCase layer = MakeLayer("rms_norm { epsilon: 0.01 }", {x});
  const RefTensor scale = ParameterOf(layer, "scale");
  std::vector<double> expected;
  for (size_t i = 0; i < 24; ++i) {
    double square = 0;
    for (size_t k = i / 4 * 4; k < i / 4 * 4 + 4; ++k) square += x.values[k] * x.values[k] / 4;
    expected.push_back(scale.values[i % 4] * x.values[i] / std::sqrt(square + 0.01));
  }
  ExpectNumbers(Evaluate(layer), {2, 3, 4}, expected);
  EXPECT_EQ(GradientError(layer), "");
}

TEST(GroupNormTest, NormalisesGroupsOfChannelsOverAllPlaces) {
  const RefTensor x = Filled({2, 2, 2, 6});
  const struct {
    int groups;
    size_t size;
  } cases[] = {{3, 2}, {1, 6}, {-1, 1}, {6, 1}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.groups);
    const LayerCase layer = MakeLayer(absl::StrCat("group_norm { groups: ", c.groups, " }"), {x});
    const RefTensor gamma = ParameterOf(layer, "gamma"), beta = ParameterOf(layer, "beta");
    EXPECT_EQ(gamma.dims, std::vector<int64_t>{6});
    std::vector<double> expected = x.values;
    for (size_t n = 0; n < 2; ++n) {
      for (size_t group = 0; group < 6 / c.size; ++group) {
        std::vector<size_t> places;
        for (size_t place = 0; place < 4; ++place) {
          for (size_t k = 0; k < c.size; ++k) {
            places.push_back((n * 4 + place) * 6 + group * c.size + k);
          }
        }
        Normalize(places, 1e-3, &expected);
      }
    }
    for (size_t i = 0; i < 48; ++i) {
      expected[i] = gamma.values[i % 6] * expected[i] + beta.values[i % 6];
    }
    ExpectNumbers(Evaluate(layer), {2, 2, 2, 6}, expected);
    EXPECT_EQ(GradientError(layer), "");
  }
}

TEST(GroupNormTest, RefusesGroupsThatDoNotDivideTheChannels) {
  EXPECT_EQ(LayerErrors("group_norm {}", "shape: [2, 10]"),
            "m:2:19: layer \"l\": groups 32 does not divide the 10 channels of [batch, 2, 10] "
            "[layer[l].group_norm.groups]");
  EXPECT_EQ(LayerErrors("group_norm { groups: 0 }", "shape: [2, 10]"),
            "m:2:40: layer \"l\": groups 0 does not divide the 10 channels of [batch, 2, 10] "
            "[layer[l].group_norm.groups]");
}

TEST(UnitNormalizationTest, GivesEachVectorLengthOneAndLeavesZerosAlone) {
  const RefTensor x = Filled({3, 2}, {3, 4, 0, 0, -0.3, 0.4});
  ExpectNumbers(Evaluate(MakeLayer("unit_normalization {}", {x})), {3, 2},
                {0.6, 0.8, 0, 0, -0.6, 0.8});
  const RefTensor y = Filled({2, 2, 3});
  const LayerCase layer = MakeLayer("unit_normalization { axis: [1, 2] }", {y});
  std::vector<double> expected;
  for (size_t i = 0; i < 12; ++i) {
    double square = 0;
    for (size_t k = i / 6 * 6; k < i / 6 * 6 + 6; ++k) square += y.values[k] * y.values[k];
    expected.push_back(y.values[i] / std::sqrt(square));
  }
  ExpectNumbers(Evaluate(layer), {2, 2, 3}, expected);
  EXPECT_EQ(GradientError(layer), "");
}

}  // namespace
}  // namespace gradus
