// Losses for real labels, against their formulas as Keras documents them, written out as plain
// loops in double; gradients against central differences.

#include <algorithm>
#include <cmath>
#include <functional>

#include "gtest/gtest.h"
#include "tests/losses/loss_case.h"

namespace gradus {
namespace {

// The mean of f(p, y) over each row of [rows, n].
Numbers MeanOfRows(const Numbers& p, const Numbers& y, size_t n,
                   const std::function<double(double, double)>& f) {
  Numbers means;
  for (size_t row = 0; row < p.size() / n; ++row) {
    double sum = 0;
    for (size_t i = row * n; i < (row + 1) * n; ++i) sum += f(p[i], y[i]);
    means.push_back(sum / static_cast<double>(n));
  }
  return means;
}

std::string Named(const char* kind, const char* more = "") {
  return absl::StrCat(kind, " { prediction: \"l\" label: \"y\"", more, " }");
}

// Constants of a graph are floats: each is off by at most 2^-25 of itself.
constexpr double kFloatConstant = 0x1p-24;

TEST(MeanSquaredLogarithmicErrorTest, ComparesLogarithmsOfOnePlusWhatIsPositive) {
  const Numbers p = {1, 0.2, 30, -4, 0, 5};
  const Numbers y = {2, 0.1, 10, 3, 0, -1};
  const auto log_of = [](double x) { return std::log(std::max(x, 1e-7) + 1); };
  const Case given = Make(Named("mean_squared_logarithmic_error"), "shape: 3", {2, 3}, p, y);
  ExpectNear(Evaluate(given), MeanOfRows(p, y, 3, [&](double a, double b) {
               return (log_of(a) - log_of(b)) * (log_of(a) - log_of(b));
             }));
  // Not at the bound 1e-7, where the derivative jumps.
  EXPECT_EQ(GradientError(Make(Named("mean_squared_logarithmic_error"), "shape: 3", {2, 3},
                               {1, 0.2, 30, -4, 0.01, 5}, y)),
            "");
}

TEST(MeanAbsolutePercentageErrorTest, DividesByTheSizeOfTheLabelWhichIsAtLeastEpsilon) {
  const Numbers p = {1, 3, -2, 0.5, 4, 1e-6};
  const Numbers y = {2, -4, -1, 0.25, 5, 0};
  const Case given = Make(Named("mean_absolute_percentage_error"), "shape: 2", {3, 2}, p, y);
  ExpectNear(Evaluate(given),
             MeanOfRows(p, y, 2,
                        [](double a, double b) {
                          return 100 * std::fabs((a - b) / std::max(std::fabs(b), 1e-7));
                        }),
             1e-9);  // The last row is 10 percent of 1e-6 / 1e-7 and more: roundings of 500.
  const Case smooth = Make(Named("mean_absolute_percentage_error"), "shape: 2", {2, 2},
                           {1, 3, -2, 0.5}, {2, -4, -1, 0.25});
  EXPECT_EQ(GradientError(smooth), "");
}

TEST(HuberTest, IsSquaredWithinDeltaAndAbsoluteBeyond) {
  const Numbers p = {0.5, -3, 1, 2.25, -0.1, 0};
  const Numbers y = {0, 1, 1, 0.25, 0.4, -1};
  for (const double delta : {1.0, 0.25, 2.0}) {
    const auto huber = [delta](double a, double b) {
      const double e = std::fabs(a - b);
      return e <= delta ? 0.5 * e * e : delta * e - 0.5 * delta * delta;
    };
    const std::string loss = Named("huber", absl::StrCat(" delta: ", delta).c_str());
    const Case given = Make(loss, "shape: 3", {2, 3}, p, y);
    ExpectNear(Evaluate(given), MeanOfRows(p, y, 3, huber));
    EXPECT_EQ(GradientError(given), "") << delta;
  }
}

TEST(HuberTest, HasDeltaOneUnlessToldOtherwise) {
  const Case given = Make(Named("huber"), "shape: 1", {2, 1}, {3, 0.5}, {0, 0});
  ExpectNear(Evaluate(given), {2.5, 0.125});
}

TEST(HuberTest, RefusesADeltaThatIsNotPositive) {
  const BuiltModel built = BuildModel(
      "input { name: \"p\" shape: 1 } layer { name: \"l\" flatten {} } "
      "loss { huber { prediction: \"l\" label: \"p\" delta: 0 } }");
  EXPECT_NE(built.errors.find("delta 0 must be above 0"), std::string::npos) << built.errors;
}

TEST(LogCoshTest, IsTheLogarithmOfTheHyperbolicCosineAndDoesNotOverflow) {
  const Numbers p = {0.5, -3, 1, 2.25, 0, -0.01};
  const Numbers y = {0, 1, 1, 0.25, 0.4, 0};
  const Case given = Make(Named("log_cosh"), "shape: 3", {2, 3}, p, y);
  ExpectNear(Evaluate(given),
             MeanOfRows(p, y, 3, [](double a, double b) { return std::log(std::cosh(a - b)); }),
             kFloatConstant);
  EXPECT_EQ(GradientError(given), "");
  // log cosh x tends to |x| - log 2, where cosh itself overflows.
  ExpectNear(Evaluate(Make(Named("log_cosh"), "shape: 1", {2, 1}, {1e4, -1e4}, {0, 0})),
             {1e4 - std::log(2.0), 1e4 - std::log(2.0)}, kFloatConstant + 1e-11);
}

TEST(PoissonTest, IsThePredictionMinusTheLabelTimesItsLogarithm) {
  const Numbers p = {0.5, 3, 1, 2.25, 0.05, 7};
  const Numbers y = {0, 1, 4, 2, 3, 6};
  const Case given = Make(Named("poisson"), "shape: 3", {2, 3}, p, y);
  ExpectNear(Evaluate(given),
             MeanOfRows(p, y, 3, [](double a, double b) { return a - b * std::log(a + 1e-7); }),
             1e-9);  // 1e-7 as a float is off by 4e-15, beside 0.05.
  EXPECT_EQ(GradientError(given), "");
}

TEST(CosineSimilarityTest, IsMinusTheCosineAlongTheLastAxis) {
  const Numbers p = {1, 2, 2, 0.3, -0.5, 0.1, 3, 0, 0};
  const Numbers y = {2, 4, 4, 1, 1, -1, -2, 0, 0};
  Numbers expected;
  for (size_t row = 0; row < 3; ++row) {
    double dot = 0, pp = 0, yy = 0;
    for (size_t i = 3 * row; i < 3 * row + 3; ++i) {
      dot += p[i] * y[i];
      pp += p[i] * p[i];
      yy += y[i] * y[i];
    }
    expected.push_back(-dot / std::sqrt(pp * yy));
  }
  const Case given = Make(Named("cosine_similarity"), "shape: 3", {3, 3}, p, y);
  ExpectNear(Evaluate(given), expected);
  EXPECT_NEAR(expected[0], -1, 1e-12);
  EXPECT_NEAR(expected[2], 1, 1e-12);
  EXPECT_EQ(GradientError(given), "");
}

TEST(CosineSimilarityTest, OfAVectorOfZerosIsZero) {
  ExpectNear(
      Evaluate(Make(Named("cosine_similarity"), "shape: 2", {2, 2}, {0, 0, 1, 2}, {1, 2, 0, 0})),
      {0, 0});
}

TEST(CosineSimilarityTest, RefusesOneNumberPerExample) {
  const BuiltModel built = BuildModel(
      "input { name: \"p\" } input { name: \"y\" }\n"
      "layer { name: \"l\" input: \"p\" activation { function: LINEAR } }\n"
      "loss { cosine_similarity { prediction: \"l\" label: \"y\" } }");
  EXPECT_EQ(built.errors,
            "m:3:40: loss \"cosine_similarity\": cosine_similarity needs an axis behind the batch, "
            "the prediction is [batch] [loss[0].cosine_similarity.prediction]");
}

}  // namespace
}  // namespace gradus
