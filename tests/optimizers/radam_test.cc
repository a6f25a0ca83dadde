// RAdam beside plain loops, and where rectification begins. Golden weights: PyTorch 1.13.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

struct PlainRadam {
  double w, beta2, threshold;
  bool after;
  int* rectified;
  double m = 0, v = 0;

  void Update(const PlainStep& s) {
    const double t = static_cast<double>(s.t), epsilon = 1e-3;
    m = 0.8 * m + 0.2 * s.g;
    v = beta2 * v + (1 - beta2) * s.g * s.g;
    const double m_hat = m / (1 - std::pow(0.8, t)), start = 1 - std::pow(beta2, t);
    const double inf = 2 / (1 - beta2) - 1, rho = inf - 2 * t * std::pow(beta2, t) / start;
    if (rho <= threshold) {
      w -= s.rate * m_hat;
      return;
    }
    ++*rectified;
    const double k = std::sqrt((rho - 4) * (rho - 2) * inf / ((inf - 4) * (inf - 2) * rho));
    w -= s.rate * m_hat * k *
         (after ? 1 / (std::sqrt(v / start) + epsilon)
                : std::sqrt(start) / (std::sqrt(v) + epsilon));
  }
  double Evaluated() const { return w; }
};

// k has a factor rho - 4, of which rounding takes 1e-15 / (rho - 4); rho - 4 is 0.01 at the least.
TEST(RadamTest, FollowsAPlainLoopBeforeAndAfterItBeginsToRectify) {
  int rectified = 0;
  for (const bool after : {false, true}) {
    const std::string text = std::string("radam { beta1: 0.8 epsilon: 1e-3 ") +
                             (after ? "epsilon_after_correction: true " : "");
    ExpectAsPlain(
        text + "}",
        [&](double w) {
          return PlainRadam{w, 0.999, 5, after, &rectified};
        },
        1e-11);
    // Of five weights, from the sixth of fifty updates on.
    EXPECT_EQ(std::exchange(rectified, 0), 5 * 45);
    ExpectAsPlain(
        text + "threshold: 4 }",
        [&](double w) {
          return PlainRadam{w, 0.999, 4, after, &rectified};
        },
        1e-11);
    EXPECT_EQ(std::exchange(rectified, 0), 5 * 46);
    // Never more than 2 / (1 - 0.5) - 1 = 3 squares.
    ExpectAsPlain(text + "beta2: 0.5 }", [&](double w) {
      return PlainRadam{w, 0.5, 5, after, &rectified};
    });
    EXPECT_EQ(rectified, 0);
  }
}

TEST(RadamTest, AfterNineUpdatesItHasPyTorchsWeights) {
  const auto parsed = ParseOptimizer("radam {}");
  ASSERT_TRUE(parsed.ok());
  const std::vector<double> gradients[] = {{0.1, -0.2, 0.3}, {-0.05, 0.4, 0}, {0.2, 0.1, -0.6}};
  UnderUpdate<double> state(**parsed, {1, -2, 0.5});
  for (int64_t t = 1; t <= 9; ++t) state.Update(0.1, t, gradients[(t - 1) % 3]);
  const std::vector<double> golden = {0.9554887167, -2.02093417, 0.4732991215};
  // Ten digits are printed.
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(state.weights[i], golden[i], 5e-10);
}

}  // namespace
}  // namespace gradus
