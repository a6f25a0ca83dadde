// The claims of the rules that see a matrix: Muon and Shampoo.

#include <gtest/gtest.h>

#include <cmath>

#include "gradus/base/random.h"
#include "tests/optimizers/whole_formula.h"
#include "tests/testing/under_update.h"

namespace gradus {
namespace {

// The golden updates with decay before each, as Keras and PyTorch have it.
void ExpectGolden(const std::string& text, double decay, const std::vector<double>& golden) {
  const auto parsed = ParseOptimizer(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::vector<std::vector<double>> gradients = {{0.1, -0.2, 0.3, 0.4, 0.05, -0.1},
                                                      {-0.05, 0.4, 0, 0.2, -0.3, 0.1},
                                                      {0.2, 0.1, -0.6, 0.3, 0, 0.5}};
  UnderUpdate<double> state(**parsed, {1, -2, 0.5, 0.3, 0.7, -1.1}, {{"weights", {2, 3}}});
  for (int t = 1; t <= 3; ++t) {
    for (double& w : state.weights) w -= 0.1 * decay * w;
    state.Update(0.1, t, gradients[t - 1]);
  }
  // Ten digits of numbers below 2.1.
  for (int i = 0; i < 6; ++i) EXPECT_NEAR(state.weights[i], golden[i], 6e-10) << text << " " << i;
}

TEST(MuonTest, GivesTheGoldenWeightsOfTheLibrariesThatDecay) {
  // Keras, and PyTorch's "original" with the iteration in float64.
  ExpectGolden(
      "muon {}", 0.004,
      {0.9649587811, -2.011976859, 0.4721098426, 0.2132995201, 0.7076606582, -1.121065473});
  ExpectGolden(
      "muon { gather: AVERAGE scale: ROWS_OVER_COLUMNS epsilon_added: false }", 0.1,
      {0.873534867, -1.982523724, 0.4085821666, 0.04447405214, 0.7037779634, -1.132200716});
}

TEST(MuonTest, AStepHasSingularValuesAboutOneWhateverTheGradientHas) {
  // Singular values of the gradient: 1 and 0.01. The polynomial leaves them between 0.6 and 1.3.
  const auto parsed = ParseOptimizer("muon { scale: ONE }");
  ASSERT_TRUE(parsed.ok());
  for (const std::vector<int64_t>& dims :
       {std::vector<int64_t>{2, 3}, std::vector<int64_t>{3, 2}}) {
    UnderUpdate<double> state(**parsed, std::vector<double>(6), {{"kernel", dims}});
    std::vector<double> gradient(6);
    gradient[0] = 1;
    gradient[dims[1] + 1] = 0.01;
    state.Update(1, 1, gradient);
    for (const int64_t i : {int64_t{0}, dims[1] + 1}) {
      EXPECT_LT(state.weights[i], -0.6);
      EXPECT_GT(state.weights[i], -1.3);
    }
    EXPECT_NEAR(state.weights[1], 0, 1e-15);
  }
}

TEST(MuonTest, WhatIsNoMatrixIsAMatrixOfOneRow) {
  const auto parsed = ParseOptimizer("muon { epsilon: 1e-300 }");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, {0, 0}, {{"bias", {2}}});
  state.Update(1, 1, {3, 4});
  // A root mean square of 0.2: 0.2 sqrt(2) long.
  EXPECT_NEAR(state.weights[0], -0.2 * std::sqrt(2) * 0.6, 1e-14);
  EXPECT_NEAR(state.weights[1], -0.2 * std::sqrt(2) * 0.8, 1e-14);
}

TEST(MuonTest, ASumAndAnAverageHaveOneDirection) {
  const auto sum = ParseOptimizer("muon { epsilon: 1e-300 }");
  const auto average = ParseOptimizer("muon { gather: AVERAGE epsilon: 1e-300 }");
  ASSERT_TRUE(sum.ok() && average.ok());
  UnderUpdate<double> a(**sum, std::vector<double>(12), {{"kernel", {3, 4}}});
  UnderUpdate<double> b(**average, std::vector<double>(12), {{"kernel", {3, 4}}});
  for (int t = 1; t <= 5; ++t) {
    const std::vector<double> gradients = DrawNumbers<double>(t, 12);
    a.Update(0.1, t, gradients);
    b.Update(0.1, t, gradients);
  }
  for (int i = 0; i < 12; ++i) EXPECT_NEAR(a.weights[i], b.weights[i], 1e-12);
}

// A turn of the first two of three.
PlainMatrix Turn() {
  PlainMatrix turn(3, 3);
  turn(0, 0) = turn(1, 1) = 0.6;
  turn(0, 1) = 0.8;
  turn(1, 0) = -0.8;
  turn(2, 2) = 1;
  return turn;
}

TEST(ShampooTest, KnowsNoAxes) {
  // With rows turned, gradients give turned steps; single elements as Adagrad divides them do not.
  for (const std::string text :
       {"shampoo { update_frequency: 1 }", "shampoo { exponent: 0.5 }", "muon {}"}) {
    const auto parsed = ParseOptimizer(text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    UnderUpdate<double> straight(**parsed, std::vector<double>(12), {{"kernel", {3, 4}}});
    UnderUpdate<double> turned(**parsed, std::vector<double>(12), {{"kernel", {3, 4}}});
    for (int t = 1; t <= 5; ++t) {
      PlainMatrix g(3, 4);
      g.x = DrawNumbers<double>(t, 12);
      straight.Update(0.1, t, g.x);
      turned.Update(0.1, t, (Turn() * g).x);
    }
    PlainMatrix w(3, 4);
    w.x = straight.weights;
    w = Turn() * w;
    for (int i = 0; i < 12; ++i) EXPECT_NEAR(turned.weights[i], w.x[i], 1e-10) << text;
  }
}

TEST(ShampooTest, AFirstStepOfHalfPowersIsOrthogonal) {
  // L = R = g^2 for a diagonal g, and both halves together divide by |g| once: signs are left.
  const auto parsed = ParseOptimizer("shampoo { exponent: 0.25 epsilon: 1e-14 }");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, std::vector<double>(4), {{"kernel", {2, 2}}});
  state.Update(1, 1, {5, 0, 0, -0.1});
  const std::vector<double> expected = {-1, 0, 0, 1};
  for (int i = 0; i < 4; ++i) EXPECT_NEAR(state.weights[i], expected[i], 1e-11);
}

TEST(ShampooTest, UsesTheSamePowersBetweenTwoOfThem) {
  const auto parsed = ParseOptimizer("shampoo { update_frequency: 3 }");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, std::vector<double>(6, 1), {{"kernel", {2, 3}}});
  std::vector<std::vector<double>> powers;
  for (int t = 1; t <= 5; ++t) {
    state.Update(0.1, t, DrawNumbers<double>(t, 6));
    powers.push_back(state.slots()[2]);
  }
  EXPECT_EQ(powers[1], powers[0]);
  EXPECT_EQ(powers[2], powers[0]);
  EXPECT_NE(powers[3], powers[0]);
  EXPECT_EQ(powers[4], powers[3]);
}

}  // namespace
}  // namespace gradus
