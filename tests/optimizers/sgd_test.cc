// Where the rate enters a velocity shows only when the rate changes; dampening and the correction
// of the momentum.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"
#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

// With the rates 0.1, 0.05 and 0.025.
void ExpectWeights(const std::string& text, const std::vector<double>& golden) {
  const auto parsed = ParseOptimizer(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::vector<double> weights = GoldenUpdates(**parsed, {0.1, 0.05, 0.025});
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(weights[i], golden[i], 1e-14) << text;
}

// Keras and Caffe.
TEST(SgdTest, InsideOldVelocityKeepsTheRateItWasMadeWith) {
  ExpectWeights("sgd { momentum: 0.9 }", {0.97265, -1.9863, 0.4337});
  ExpectWeights("sgd { momentum: 0.9 nesterov: true }", {0.962885, -1.99017, 0.42533});
}

// PyTorch and optax.
TEST(SgdTest, OutsideANewRateHoldsForOldVelocityToo) {
  ExpectWeights("sgd { momentum: 0.9 velocity: RATE_OUTSIDE }", {0.9821, -1.99845, 0.465425});
  ExpectWeights("sgd { momentum: 0.9 velocity: RATE_OUTSIDE nesterov: true }",
                {0.97139, -2.001105, 0.4538825});
}

TEST(SgdTest, CorrectedMomentumMovesTheWeightsAsWithTheRateOutside) {
  ExpectWeights("sgd { momentum: 0.9 momentum_correction: true }", {0.9821, -1.99845, 0.465425});
  ExpectWeights("sgd { momentum: 0.9 momentum_correction: true nesterov: true }",
                {0.97139, -2.001105, 0.4538825});
}

// By hand, w = (1, -2, 0.5): at rate 0 nothing moves and the velocity ends, so the third update is
// a first one.
TEST(SgdTest, CorrectedMomentumEndsAtRateZeroAndBeginsAnew) {
  const auto parsed = ParseOptimizer("sgd { momentum: 0.9 momentum_correction: true }");
  ASSERT_TRUE(parsed.ok());
  const std::vector<double> weights = GoldenUpdates(**parsed, {0.1, 0, 0.1});
  const std::vector<double> by_hand = {1 - 0.01 - 0.02, -2 + 0.02 - 0.01, 0.5 - 0.03 + 0.06};
  for (size_t i = 0; i < by_hand.size(); ++i) EXPECT_NEAR(weights[i], by_hand[i], 1e-15);
}

struct PlainSgd {
  double w;
  bool inside, nesterov, dampen_first, corrected;
  double momentum, dampening, buffer = 0;

  void Update(const PlainStep& s) {
    // What the correction cannot take over.
    if (corrected && s.rate == 0) buffer = 0;
    const double damped = s.t == 1 && !dampen_first ? s.g : (1 - dampening) * s.g;
    buffer = momentum * buffer + (inside ? s.rate : 1) * damped;
    if (corrected && s.rate == 0) buffer = 0;
    if (inside) {
      w -= nesterov ? s.rate * s.g + momentum * buffer : buffer;
    } else {
      w -= s.rate * (nesterov ? s.g + momentum * buffer : buffer);
    }
  }
  double Evaluated() const { return w; }
};

TEST(SgdTest, FollowsAPlainLoopWithRatesThatChange) {
  const auto plain = [](const std::string& text, PlainSgd of) {
    ExpectAsPlain(text, [of](double w) {
      PlainSgd rule = of;
      rule.w = w;
      return rule;
    });
  };
  plain("sgd {}", {0, true, false, true, false, 0, 0});
  plain("sgd { momentum: 0.9 }", {0, true, false, true, false, 0.9, 0});
  plain("sgd { momentum: 0.9 nesterov: true }", {0, true, true, true, false, 0.9, 0});
  plain("sgd { momentum: 0.8 velocity: RATE_OUTSIDE nesterov: true }",
        {0, false, true, true, false, 0.8, 0});
  plain("sgd { momentum: 0.8 momentum_correction: true nesterov: true }",
        {0, false, true, true, true, 0.8, 0});
  plain("sgd { momentum: 0.9 momentum_correction: true dampening: 0.4 }",
        {0, false, false, false, true, 0.9, 0.4});
  for (const bool dampen_first : {false, true}) {
    const std::string first = dampen_first ? "dampen_first: true }" : "}";
    plain("sgd { momentum: 0.9 dampening: 0.3 " + first,
          {0, true, false, dampen_first, false, 0.9, 0.3});
    plain("sgd { momentum: 0.9 dampening: 0.3 velocity: RATE_OUTSIDE " + first,
          {0, false, false, dampen_first, false, 0.9, 0.3});
  }
}

// Momentum 0.9 with a decay of 0.1: Keras' does not pass through the velocity, PyTorch's does.
TEST(SgdTest, HasTheNumbersOfTwoLibrariesWithTheirDecays) {
  const auto parsed = ParseOptimizer("sgd { momentum: 0.9 }");
  ASSERT_TRUE(parsed.ok());
  UpdateStep decoupled, coupled;
  decoupled.rate = coupled.rate = 0.1;
  decoupled.decay = 0.1 * 0.1;
  coupled.l2 = 0.1;
  const std::vector<double> keras = GoldenUpdatesWith(**parsed, decoupled);
  const std::vector<double> pytorch = GoldenUpdatesWith(**parsed, coupled);
  const std::vector<double> keras_golden = {0.932938, -1.972576, 0.4647165};
  const std::vector<double> pytorch_golden = {0.907108, -1.920916, 0.4520265};
  // All digits are printed.
  for (size_t i = 0; i < keras.size(); ++i) {
    EXPECT_NEAR(keras[i], keras_golden[i], 1e-14);
    EXPECT_NEAR(pytorch[i], pytorch_golden[i], 1e-14);
  }
}

}  // namespace
}  // namespace gradus
