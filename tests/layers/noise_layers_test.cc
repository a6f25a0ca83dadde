// spatial_dropout, gaussian_noise, gaussian_dropout: what they do while training, that they do nothing otherwise, and what their random
// numbers depend on.

#include <algorithm>
#include <cmath>

#include "gtest/gtest.h"
#include "tests/layers/layer_case.h"

namespace gradus {
namespace {

RefTensor Ones(const std::vector<int64_t>& dims) {
  RefTensor x{dims, {}};
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  x.values.assign(static_cast<size_t>(count), 1);
  return x;
}

constexpr const char* kKinds[] = {"spatial_dropout1d { rate: 0.5 }",
                                  "gaussian_noise { stddev: 0.5 }",
                                  "gaussian_dropout { rate: 0.5 }"};

TEST(NoiseLayersTest, PassThroughInInference) {
  for (const char* kind : kKinds) {
    const LayerCase layer = MakeLayer(kind, {Ones({2, 3, 4})}, Mode::kInference);
    EXPECT_EQ(layer.model.graph.size(), 1) << kind;
    EXPECT_EQ(layer.output, layer.model.graph.inputs()[0]) << kind;
  }
  const LayerCase images =
      MakeLayer("spatial_dropout2d { rate: 0.5 }", {Ones({2, 3, 4, 2})}, Mode::kInference);
  EXPECT_EQ(images.output, images.model.graph.inputs()[0]);
}

TEST(NoiseLayersTest, HaveTheDerivativeOfTheFixedNoise) {
  for (const char* kind : kKinds) {
    EXPECT_EQ(GradientError(MakeLayer(kind, {Filled({3, 4, 2})})), "") << kind;
  }
  EXPECT_EQ(GradientError(MakeLayer("spatial_dropout2d { rate: 0.5 }", {Filled({3, 2, 2, 2})})),
            "");
}

TEST(NoiseLayersTest, SeedAndStepChangeTheNoiseAndAnotherCallDoesNot) {
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    ExpectDrawnOfSeedAndStep(MakeLayer(kind, {Ones({8, 2, 16})}));
  }
}

TEST(NoiseLayersTest, ABlockOfRowsHasTheNoiseOfTheWhole) {
  for (const char* kind : kKinds) {
    SCOPED_TRACE(kind);
    const std::vector<double> whole = Evaluate(MakeLayer(kind, {Ones({5, 2, 7})})).values;
    LayerCase block = MakeLayer(kind, {Ones({2, 2, 7})});
    SetScalar("row_offset", 3, &block);
    EXPECT_EQ(Evaluate(block).values, std::vector<double>(whole.begin() + 3 * 14, whole.end()));
  }
}

TEST(NoiseLayersTest, LayersOfOtherNamesDrawOtherNumbers) {
  for (const char* kind : kKinds) {
    const BuiltModel built =
        BuildModel(absl::StrCat("input { name: \"x\" shape: [2, 3] } layer { name: \"a\" ", kind,
                                " } layer { name: \"b\" ", kind, " }"));
    ASSERT_EQ(built.errors, "");
    std::vector<int64_t> streams;
    for (int i = 0; i < built.model.graph.size(); ++i) {
      const Node& node = built.model.graph.node(i);
      if (node.op == nullptr) continue;
      const auto* dropout = dynamic_cast<const op::Dropout*>(node.config.get());
      const auto* noise = dynamic_cast<const op::NormalNoise*>(node.config.get());
      if (dropout != nullptr) streams.push_back(dropout->node());
      if (noise != nullptr) streams.push_back(noise->node());
    }
    ASSERT_EQ(streams.size(), 2u) << kind;
    EXPECT_NE(streams[0], streams[1]) << kind;
  }
}

TEST(NoiseLayersTest, TheirNumbersAreHyperparameters) {
  const std::pair<const char*, const char*> cases[] = {
      {kKinds[0], "l/rate"}, {kKinds[1], "l/stddev"}, {kKinds[2], "l/rate"}};
  for (const auto& c : cases) {
    const LayerCase layer = MakeLayer(c.first, {Ones({2, 3, 4})});
    ASSERT_EQ(layer.model.hyperparameters.size(), 1u) << c.first;
    EXPECT_EQ(layer.model.hyperparameters[0].name, c.second);
    EXPECT_EQ(layer.model.hyperparameters[0].value, 0.5);
  }
}

TEST(SpatialDropoutTest, DropsWholeChannelsAndScalesTheOthers) {
  const int64_t n = 50, c = 40;
  for (const bool images : {false, true}) {
    const std::vector<int64_t> dims =
        images ? std::vector<int64_t>{n, 2, 3, c} : std::vector<int64_t>{n, 6, c};
    const LayerCase layer =
        MakeLayer(images ? "spatial_dropout2d { rate: 0.3 }" : "spatial_dropout1d { rate: 0.3 }",
                  {Ones(dims)});
    const RefTensor y = Evaluate(layer);
    EXPECT_EQ(y.dims, dims);
    int dropped = 0;
    for (int64_t i = 0; i < n; ++i) {
      for (int64_t k = 0; k < c; ++k) {
        const double first = y.values[i * 6 * c + k];
        EXPECT_TRUE(first == 0 || std::fabs(first - 1 / 0.7) < 1e-12) << first;
        for (int64_t place = 1; place < 6; ++place)
          EXPECT_EQ(y.values[(i * 6 + place) * c + k], first);
        dropped += first == 0;
      }
    }
    // Five deviations of a binomial.
    EXPECT_NEAR(dropped, 0.3 * n * c, 5 * std::sqrt(n * c * 0.3 * 0.7));
  }
}

TEST(SpatialDropoutTest, IsNotTouchedByWhatTheInputHolds) {
  RefTensor x = Ones({2, 3, 4});
  const std::vector<double> mask =
      Evaluate(MakeLayer("spatial_dropout1d { rate: 0.5 }", {x})).values;
  for (size_t i = 0; i < x.values.size(); ++i) x.values[i] = static_cast<double>(i);
  const std::vector<double> y = Evaluate(MakeLayer("spatial_dropout1d { rate: 0.5 }", {x})).values;
  for (size_t i = 0; i < y.size(); ++i) EXPECT_EQ(y[i], mask[i] * static_cast<double>(i));
}

struct Moments {
  double mean = 0, variance = 0;
};
Moments MomentsOf(const std::vector<double>& values) {
  Moments m;
  for (double v : values) m.mean += v / static_cast<double>(values.size());
  for (double v : values)
    m.variance += (v - m.mean) * (v - m.mean) / static_cast<double>(values.size());
  return m;
}

TEST(GaussianNoiseTest, AddsNoiseOfTheDeviation) {
  const Moments m =
      MomentsOf(Evaluate(MakeLayer("gaussian_noise { stddev: 0.5 }", {Ones({100, 100})})).values);
  // Five deviations of the mean, and of the variance, of 10^4 normal numbers.
  EXPECT_NEAR(m.mean, 1, 5 * 0.5 / 100);
  EXPECT_NEAR(m.variance, 0.25, 5 * 0.25 * std::sqrt(2e-4));
  const RefTensor x = Filled({2, 3});
  EXPECT_EQ(Evaluate(MakeLayer("gaussian_noise { stddev: 0 }", {x})).values, x.values);
}

TEST(GaussianDropoutTest, MultipliesByNoiseOfDropoutsDeviation) {
  RefTensor x = Ones({100, 100});
  for (double& v : x.values) v = 2;
  const Moments m = MomentsOf(Evaluate(MakeLayer("gaussian_dropout { rate: 0.2 }", {x})).values);
  // 2 (1 + s z) with s^2 = 0.2 / 0.8.
  EXPECT_NEAR(m.mean, 2, 5 * 1.0 / 100);
  EXPECT_NEAR(m.variance, 4 * 0.25, 5 * std::sqrt(2e-4));
  const RefTensor y = Filled({2, 3});
  EXPECT_EQ(Evaluate(MakeLayer("gaussian_dropout { rate: 0 }", {y})).values, y.values);
}

TEST(NoiseLayersTest, RefuseRatesThatAreNone) {
  EXPECT_NE(
      LayerErrors("gaussian_dropout { rate: 1 }").find("rate 1 must be at least 0 and below 1"),
      std::string::npos);
  EXPECT_NE(LayerErrors("gaussian_noise { stddev: -1 }").find("stddev -1 must be at least 0"),
            std::string::npos);
  EXPECT_NE(LayerErrors("gaussian_noise {}").find("stddev is missing"), std::string::npos);
  EXPECT_EQ(LayerErrors("spatial_dropout1d { rate: 0.5 }"),
            "m:2:1: layer \"l\": spatial_dropout1d reads [batch, steps, channels], the input is "
            "[batch, 3] [layer[l]]");
}

}  // namespace
}  // namespace gradus
