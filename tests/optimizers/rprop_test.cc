// Rprop's own claims.

#include <gtest/gtest.h>

#include <algorithm>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

struct PlainRprop {
  double w, previous = 0, step = 0;
  bool begun = false;

  void Update(const PlainStep& update) {
    if (update.rate == 0) return;
    if (!begun) step = update.rate;
    begun = true;
    double g = update.g;
    if (g * previous > 0) step *= 1.3;
    if (g * previous < 0) {
      step *= 0.4;
      g = 0;
    }
    step = std::min(std::max(step, 0.01), 0.1);
    if (g > 0) w -= step;
    if (g < 0) w += step;
    previous = g;
  }
  double Evaluated() const { return w; }
};

TEST(RpropTest, IsThePapersRule) {
  ExpectAsPlain("rprop { eta_minus: 0.4 eta_plus: 1.3 step_min: 0.01 step_max: 0.1 }",
                [](double w) { return PlainRprop{w}; });
}

TEST(RpropTest, OnlyTheRateOfTheFirstUpdateCounts) {
  const auto parsed = ParseOptimizer("rprop {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> one(**parsed, {1}), other(**parsed, {1});
  for (int t = 1; t <= 5; ++t) {
    one.Update(0.125, t, {1});
    other.Update(t == 1 ? 0.125 : 10.0 / t, t, {1});
  }
  EXPECT_EQ(one.weights, other.weights);
}

TEST(RpropTest, AWeightBeginsWithTheFirstRateThatIsNotZero) {
  const auto parsed = ParseOptimizer("rprop {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, {1});
  state.Update(0, 1, {1});
  state.Update(0, 2, {-1});
  EXPECT_EQ(state.weights[0], 1);
  EXPECT_EQ(state.slots, (std::vector<std::vector<double>>{{0}, {0}}));
  state.Update(0.25, 3, {1});
  EXPECT_EQ(state.weights[0], 0.75);
  EXPECT_EQ(state.slots, (std::vector<std::vector<double>>{{1}, {0.25}}));
  state.Update(0, 4, {-1});
  EXPECT_EQ(state.weights[0], 0.75);
  EXPECT_EQ(state.slots, (std::vector<std::vector<double>>{{1}, {0.25}}));
}

TEST(RpropTest, SignsOfGradientsWhoseProductIsTooSmallCountToo) {
  const auto parsed = ParseOptimizer("rprop { eta_plus: 2 eta_minus: 0.5 }");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<float> state(**parsed, {0, 0});
  state.Update(0.25, 1, {1e-30f, 1e-30f});
  state.Update(0.25, 2, {1e-30f, -1e-30f});
  EXPECT_EQ(state.weights, (std::vector<float>{-0.75, -0.25}));
}

}  // namespace
}  // namespace gradus
