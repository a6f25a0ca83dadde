// Initial values: moments, bounds, and what they depend on.

#include "gradus/train/initializer.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/strings/str_cat.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

std::vector<float> Fill(const std::string& text, std::vector<int64_t> dims,
                        const std::string& name = "layer/kernel", uint64_t seed = 1) {
  Diagnostics diagnostics;
  const ParsedConfig parsed =
      ParseTextConfig(text, "i", InitializerConfig::default_instance(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  ParameterSpec spec;
  spec.name = name;
  spec.shape = Shape::Fixed(dims);
  spec.initializer.CopyFrom(*parsed.message);
  int64_t count = 1;
  for (int64_t d : dims) count *= d;
  std::vector<float> values(count, -7);
  Initialize(spec, seed, absl::MakeSpan(values));
  return values;
}

struct Moments {
  double mean = 0, variance = 0, largest = 0;
};
Moments MomentsOf(const std::vector<float>& values) {
  Moments m;
  for (float v : values) m.mean += v / values.size();
  for (float v : values) {
    m.variance += (v - m.mean) * (v - m.mean) / values.size();
    m.largest = std::max(m.largest, std::abs(static_cast<double>(v)));
  }
  return m;
}

// The mean of n numbers has the deviation s / sqrt(n), their variance about s^2 sqrt(2 / n) or
// less; five of each never happen by chance, and the seed is fixed anyway.
void ExpectMoments(const std::vector<float>& values, double mean, double variance) {
  const Moments m = MomentsOf(values);
  const double n = static_cast<double>(values.size());
  EXPECT_NEAR(m.mean, mean, 5 * std::sqrt(variance / n));
  EXPECT_NEAR(m.variance, variance, 5 * variance * std::sqrt(2 / n));
}

TEST(InitializerTest, ScaledKindsHaveKerasVariancesAndBounds) {
  const double in = 200, out = 300;
  const struct {
    std::string kind;
    double variance;
    bool uniform;
  } cases[] = {
      {"GLOROT_UNIFORM", 2 / (in + out), true},
      {"GLOROT_NORMAL", 2 / (in + out), false},
      {"HE_UNIFORM", 2 / in, true},
      {"HE_NORMAL", 2 / in, false},
      {"LECUN_UNIFORM", 1 / in, true},
      {"LECUN_NORMAL", 1 / in, false},
  };
  for (const auto& c : cases) {
    SCOPED_TRACE(c.kind);
    const std::vector<float> values = Fill("scaled: " + c.kind, {200, 300});
    ExpectMoments(values, 0, c.variance);
    // A uniform one ends at sqrt(3 variance); a truncated one at two deviations before the cut,
    // which takes it to 0.8796 of them (scipy.stats.truncnorm(-2, 2).std()).
    const double bound =
        c.uniform ? std::sqrt(3 * c.variance) : 2 * std::sqrt(c.variance) / .87962566103423978;
    const double largest = MomentsOf(values).largest;
    EXPECT_LE(largest, bound * (1 + 1e-7));  // Rounded to float.
    EXPECT_GT(largest, 0.99 * bound);
  }
}

TEST(InitializerTest, FansAreTheLastTwoAxesEachTimesTheWindowBeforeThem) {
  ExpectMoments(Fill("scaled: LECUN_UNIFORM", {10, 20, 300}), 0, 1.0 / 200);
  ExpectMoments(Fill("scaled: GLOROT_UNIFORM", {10, 20, 300}), 0, 2.0 / 3200);
  ExpectMoments(Fill("scaled: HE_NORMAL", {3, 3, 20, 300}), 0, 2.0 / 180);
  ExpectMoments(Fill("scaled: GLOROT_UNIFORM", {5000}), 0, 1.0 / 5000);
}

TEST(InitializerTest, VarianceScalingHasItsScaleOverItsFan) {
  const struct {
    const char* mode;
    double fan;
  } modes[] = {{"FAN_IN", 180}, {"FAN_OUT", 2700}, {"FAN_AVG", 1440}};
  for (const auto& m : modes) {
    for (const char* distribution : {"TRUNCATED_NORMAL", "UNTRUNCATED_NORMAL", "UNIFORM"}) {
      SCOPED_TRACE(absl::StrCat(m.mode, " ", distribution));
      const std::string text = absl::StrCat("variance_scaling { scale: 1.5 mode: ", m.mode,
                                            " distribution: ", distribution, " }");
      ExpectMoments(Fill(text, {3, 3, 20, 300}), 0, 1.5 / m.fan);
    }
  }
}

TEST(InitializerTest, TheNamedKindsAreMembersOfTheFamily) {
  const std::pair<const char*, const char*> pairs[] = {
      {"GLOROT_UNIFORM", "mode: FAN_AVG distribution: UNIFORM"},
      {"GLOROT_NORMAL", "mode: FAN_AVG"},
      {"HE_UNIFORM", "scale: 2 distribution: UNIFORM"},
      {"HE_NORMAL", "scale: 2"},
      {"LECUN_UNIFORM", "distribution: UNIFORM"},
      {"LECUN_NORMAL", ""},
  };
  for (const auto& p : pairs) {
    EXPECT_EQ(Fill(absl::StrCat("scaled: ", p.first), {7, 5}),
              Fill(absl::StrCat("variance_scaling { ", p.second, " }"), {7, 5}))
        << p.first;
  }
}

TEST(InitializerTest, IdentityIsTheGainOnTheDiagonal) {
  EXPECT_EQ(Fill("identity {}", {2, 2}), (std::vector<float>{1, 0, 0, 1}));
  EXPECT_EQ(Fill("identity { gain: 2 }", {2, 3}), (std::vector<float>{2, 0, 0, 0, 2, 0}));
  EXPECT_EQ(Fill("identity { gain: -0.5 }", {3, 2}), (std::vector<float>{-0.5, 0, 0, -0.5, 0, 0}));
}

// Products of the columns (or of the rows, when they are fewer) with each other.
void ExpectOrthogonal(const std::vector<float>& q, int64_t rows, int64_t columns, double gain) {
  const bool by_column = rows >= columns;
  const int64_t count = std::min(rows, columns), size = std::max(rows, columns);
  const auto at = [&](int64_t vector, int64_t i) {
    return static_cast<double>(by_column ? q[i * columns + vector] : q[vector * columns + i]);
  };
  for (int64_t a = 0; a < count; ++a) {
    for (int64_t b = 0; b <= a; ++b) {
      double product = 0;
      for (int64_t i = 0; i < size; ++i) product += at(a, i) * at(b, i);
      // Each element is rounded to float: 2^-25 of it, and the products' errors add up to less than
      // that of the vectors' lengths.
      EXPECT_NEAR(product, a == b ? gain * gain : 0, 2e-7 * gain * gain) << a << " " << b;
    }
  }
}

TEST(InitializerTest, OrthogonalHasOrthonormalColumnsOrRows) {
  ExpectOrthogonal(Fill("orthogonal {}", {8, 8}), 8, 8, 1);
  ExpectOrthogonal(Fill("orthogonal {}", {40, 7}), 40, 7, 1);
  ExpectOrthogonal(Fill("orthogonal { gain: 1.5 }", {7, 40}), 7, 40, 1.5);
  ExpectOrthogonal(Fill("orthogonal {}", {3, 3, 2, 5}), 18, 5, 1);
  ExpectOrthogonal(Fill("orthogonal {}", {1, 4}), 1, 4, 1);
  ExpectOrthogonal(Fill("orthogonal {}", {64, 64}), 64, 64, 1);
}

TEST(InitializerTest, OrthogonalIsSpreadEvenly) {
  // Each element of a random orthogonal matrix of n rows has mean 0 and variance 1 / n.
  ExpectMoments(Fill("orthogonal {}", {100, 100}), 0, 0.01);
}

TEST(InitializerTest, PlainKindsHaveTheGivenMoments) {
  ExpectMoments(Fill("random_uniform { minval: -1 maxval: 3 }", {50000}), 1, 16.0 / 12);
  ExpectMoments(Fill("random_normal { mean: 2 stddev: 0.5 }", {50000}), 2, 0.25);
  EXPECT_GT(MomentsOf(Fill("random_normal { stddev: 1 }", {50000})).largest, 3);
  EXPECT_LE(MomentsOf(Fill("random_normal { stddev: 1 truncated: true }", {50000})).largest, 2);
  ExpectMoments(Fill("random_normal { stddev: 1 truncated: true }", {50000}), 0,
                .87962566103423978 * .87962566103423978);
  for (float v : Fill("random_uniform { minval: 0 maxval: 1e-30 }", {1000})) {
    EXPECT_TRUE(v >= 0 && v <= 1e-30f);
  }
  EXPECT_EQ(Fill("constant: 0.1", {3}), std::vector<float>(3, 0.1f));
  EXPECT_EQ(Fill("random_normal { mean: 4 stddev: 0 }", {3}), std::vector<float>(3, 4));
}

TEST(InitializerTest, NumbersDependOnSeedAndNameAndNothingElse) {
  const std::string text = "scaled: GLOROT_UNIFORM";
  const std::vector<float> values = Fill(text, {20, 30});
  EXPECT_EQ(Fill(text, {20, 30}), values);
  EXPECT_NE(Fill(text, {20, 30}, "other/kernel"), values);
  EXPECT_NE(Fill(text, {20, 30}, "layer/kernel", 2), values);
}

TEST(InitializerTest, PartsOfTheLastAxisAreParametersOfTheirOwn) {
  const std::vector<float> bias = Fill(
      "parts { part { constant: 0 } part { constant: 1 } part { constant: 0 } }", {6}, "lstm/bias");
  EXPECT_EQ(bias, (std::vector<float>{0, 0, 1, 1, 0, 0}));
  const std::vector<float> both =
      Fill("parts { part { orthogonal {} } part { scaled: HE_NORMAL } }", {4, 8}, "a");
  const std::vector<float> first = Fill("orthogonal {}", {4, 4}, "a/0");
  const std::vector<float> second = Fill("scaled: HE_NORMAL", {4, 4}, "a/1");
  for (int row = 0; row < 4; ++row) {
    for (int column = 0; column < 4; ++column) {
      EXPECT_EQ(both[row * 8 + column], first[row * 4 + column]);
      EXPECT_EQ(both[row * 8 + 4 + column], second[row * 4 + column]);
    }
  }
  EXPECT_TRUE(Fill("parts { part { constant: 1 } part { constant: 2 } }", {3, 0}).empty());
}

TEST(InitializerTest, EmptyParametersAndScalarsAreFine) {
  EXPECT_TRUE(Fill("scaled: HE_NORMAL", {0, 5}).empty());
  EXPECT_TRUE(Fill("scaled: GLOROT_UNIFORM", {0}).empty());
  EXPECT_TRUE(Fill("orthogonal {}", {0, 5}).empty());
  EXPECT_TRUE(Fill("orthogonal {}", {5, 0}).empty());
  EXPECT_TRUE(std::isfinite(Fill("scaled: GLOROT_UNIFORM", {})[0]));
}

}  // namespace
}  // namespace gradus
