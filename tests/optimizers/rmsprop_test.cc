// RMSprop beside plain loops, and the variance of gradients that hardly change.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

struct PlainRmsprop {
  double w;
  bool centered, inside_root, rate_inside, nesterov, corrected;
  double momentum, v = 0, a = 0, b = 0;

  void Update(const PlainStep& s) {
    const double rho = 0.8, epsilon = 1e-4;
    v += (1 - rho) * (s.g * s.g - v);
    a += (1 - rho) * (s.g - a);
    const double start = corrected ? 1 - std::pow(rho, static_cast<double>(s.t)) : 1;
    const double d = std::max(v / start - (centered ? a * a / start / start : 0), 0.0);
    const double u = s.g / (inside_root ? std::sqrt(d + epsilon) : std::sqrt(d) + epsilon);
    b = momentum * b + (rate_inside ? s.rate * u : u);
    const double ahead = nesterov ? momentum * b + (rate_inside ? s.rate * u : u) : b;
    w -= rate_inside ? ahead : s.rate * ahead;
  }
  double Evaluated() const { return w; }
};

TEST(RmspropTest, FollowsAPlainLoopInEverySetting) {
  for (int bits = 0; bits < 64; ++bits) {
    const auto bit = [bits](int i) { return (bits >> i & 1) != 0; };
    const bool momentum = bit(5), nesterov = bit(3) && momentum;
    const PlainRmsprop plain = {0, bit(0), bit(1), bit(2), nesterov, bit(4), momentum ? 0.7 : 0};
    std::string text = "rmsprop { rho: 0.8 epsilon: 1e-4 ";
    if (plain.centered) text += "centered: true ";
    if (!plain.inside_root) text += "epsilon_inside_root: false ";
    if (!plain.rate_inside) text += "velocity: RATE_OUTSIDE ";
    if (plain.nesterov) text += "nesterov: true ";
    if (plain.corrected) text += "bias_correction: true ";
    if (momentum) text += "momentum: 0.7 ";
    // A first corrected variance is the difference of equal numbers, of which 1e-16 may remain:
    // 1e-12 beside the epsilon inside the root; outside, its root is 1e-8 beside 1e-4.
    const bool cancels = plain.centered && plain.corrected;
    ExpectAsPlain(
        text + "}",
        [plain](double w) {
          PlainRmsprop rule = plain;
          rule.w = w;
          return rule;
        },
        !cancels            ? 1e-12
        : plain.inside_root ? 1e-11
                            : 1e-3);
  }
}

TEST(RmspropTest, TheAverageStartsWhereItIsTold) {
  ExpectAsPlain("rmsprop { rho: 0.8 epsilon: 1e-4 initial_accumulator_value: 3 }", [](double w) {
    PlainRmsprop rule = {w, false, true, true, false, false, 0};
    rule.v = 3;
    return rule;
  });
}

// In float32, v - a^2 is wrong by the rounding of v, some 1e-7 v. Where that is more than epsilon
// the difference falls below zero by more, and has no root.
TEST(RmspropTest, ACenteredDivisorOfGradientsThatHardlyChangeHasARoot) {
  for (const char* setting : {"", "momentum: 0.5", "epsilon_inside_root: false",
                              "momentum: 0.5 nesterov: true", "bias_correction: true"}) {
    const auto parsed = ParseOptimizer("rmsprop { centered: true " + std::string(setting) + " }");
    ASSERT_TRUE(parsed.ok()) << parsed.status();
    RandomSequence random(3, 0);
    UnderUpdate<float> state(**parsed, std::vector<float>(64, 1.0f));
    std::vector<float> gradients(64);
    int below = 0;
    for (int64_t t = 1; t <= 1000; ++t) {
      for (size_t i = 0; i < gradients.size(); ++i) {
        gradients[i] = static_cast<float>((1.0 + i) * (1 + 1e-6 * random.Normal()));
      }
      ASSERT_TRUE(state.Update(1e-6, t, gradients).weights_finite) << setting << " " << t;
      for (size_t i = 0; i < gradients.size(); ++i) {
        const float v = state.slots()[0][i], a = state.slots()[1][i];
        below += v - a * a + 1e-7f < 0;
      }
    }
    EXPECT_GT(below, 0) << "the gradients do not show it";
  }
}

}  // namespace
}  // namespace gradus
