// L-BFGS' own claims.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "tests/testing/under_update.h"

namespace gradus {
namespace {

// The sum of 100 (y - x^2)^2 + (1 - x)^2 over neighbours.
double Rosenbrock(absl::Span<const double> w, absl::Span<double> g) {
  double loss = 0;
  for (double& x : g) x = 0;
  for (size_t i = 0; i + 1 < w.size(); ++i) {
    const double up = w[i + 1] - w[i] * w[i], far = 1 - w[i];
    loss += 100 * up * up + far * far;
    g[i] += -400 * w[i] * up - 2 * far;
    g[i + 1] += 200 * up;
  }
  return loss;
}

struct Golden {
  std::string text;
  double rate;
  std::vector<std::vector<double>> weights;  // After each update.
  std::vector<int64_t> losses;               // Asked for until then.
};

// PyTorch's algorithm, walked through in numpy in float64.
const Golden kGolden[] = {
    {"lbfgs {}",
     1,
     {{-0.76434651956, 0.59587023314, 0.361376247269, 0.129722974401},
      {-0.775657194415, 0.613090817481, 0.382059212544, 0.145969120418}},
     {24, 31}},
    {"lbfgs { line_search: FIXED history: 3 max_iterations: 5 }",
     0.001,
     {{-1.19846564902, 0.998780460334, 0.49933382424, -0.696969280233},
      {-1.19715339071, 0.99772732101, 0.499346870405, -0.692109948218},
      {-1.19578748712, 0.996991812411, 0.499481513914, -0.686987629583},
      {-1.19454937825, 0.996080843326, 0.499694614952, -0.681822631544},
      {-1.19319357079, 0.995359159093, 0.499847228859, -0.676733884136}},
     {5, 10, 15, 20, 25}},
    {"lbfgs { history: 4 max_iterations: 3 }",
     0.5,
     {{-0.942882430801, 0.73834948091, 0.36631881908, -0.335225835228},
      {-0.807493597227, 0.63002826976, 0.322320339813, -0.0207669255908},
      {-0.765395926057, 0.590942906665, 0.331299856724, 0.076157332387},
      {-0.752425694053, 0.579924650904, 0.334597350174, 0.106727936828},
      {-0.750914149513, 0.575557031637, 0.337017443702, 0.112218680002}},
     {3, 6, 9, 12, 15}},
};

TEST(LbfgsTest, WalksTheValleyAsPyTorchDoes) {
  for (const Golden& golden : kGolden) {
    const auto parsed = ParseOptimizer(golden.text);
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    UnderUpdate<double> state(**parsed, {-1.2, 1, 0.5, -0.7}, {{"a", {2}}, {"b", {1, 2}}});
    state.loss = Rosenbrock;
    std::vector<double> gradients(4);
    for (size_t t = 0; t < golden.weights.size(); ++t) {
      Rosenbrock(state.weights, absl::MakeSpan(gradients));
      state.Update(golden.rate, static_cast<int64_t>(t) + 1, gradients);
      // The valley's curvatures are 1000 times apart, and roundings grow so from step to step.
      for (int i = 0; i < 4; ++i) {
        EXPECT_NEAR(state.weights[i], golden.weights[t][i], 1e-9) << golden.text << " " << t;
      }
      EXPECT_EQ(state.losses, golden.losses[t]) << golden.text << " " << t;
    }
  }
}

TEST(LbfgsTest, ARateOfZeroAsksForNoLoss) {
  const auto parsed = ParseOptimizer("lbfgs {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, {1, 2});
  state.loss = Rosenbrock;
  state.Update(0, 1, {1, 1});
  EXPECT_EQ(state.losses, 0);
  EXPECT_EQ(state.weights, (std::vector<double>{1, 2}));
}

TEST(LbfgsTest, ALossThatIsNotFiniteOnlyShortensTheStep) {
  // x - log x, which there is only above 0; the first trial is far below.
  const auto parsed = ParseOptimizer("lbfgs {}");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, {20});
  bool was_outside = false;
  state.loss = [&](absl::Span<const double> w, absl::Span<double> g) {
    was_outside |= w[0] <= 0;
    if (w[0] <= 0) {
      g[0] = std::numeric_limits<double>::quiet_NaN();
      return std::numeric_limits<double>::infinity();
    }
    g[0] = 1 - 1 / w[0];
    return w[0] - std::log(w[0]);
  };
  state.Update(100, 1, {0.95});
  ASSERT_TRUE(state.status.ok()) << state.status;
  EXPECT_TRUE(was_outside);
  EXPECT_NEAR(state.weights[0], 1, 1e-4);
}

TEST(LbfgsTest, AQuadraticOfUnequalAxesNeedsAFewSteps) {
  const auto parsed = ParseOptimizer("lbfgs { max_iterations: 1 max_evaluations: 100 }");
  ASSERT_TRUE(parsed.ok());
  UnderUpdate<double> state(**parsed, {3, -4});
  state.loss = [](absl::Span<const double> w, absl::Span<double> g) {
    g[0] = w[0], g[1] = 50 * w[1];
    return 0.5 * w[0] * w[0] + 25 * w[1] * w[1];
  };
  double loss = 0;
  for (int t = 1; t <= 12; ++t) {
    std::vector<double> g(2);
    loss = state.loss(state.weights, absl::MakeSpan(g));
    state.Update(1, t, g);
  }
  EXPECT_LT(loss, 1e-10);  // Gradient descent with the best rate is at 1e-1.
}

}  // namespace
}  // namespace gradus
