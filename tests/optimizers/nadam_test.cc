// NAdam beside a plain loop, with a product of momenta of its own; and its memory.

#include <gtest/gtest.h>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

struct PlainNadam {
  double w, reduction, decay;
  double m = 0, v = 0, product = 1;

  double Momentum(double t) const {
    return 0.8 * (1 - reduction * std::exp(std::log(0.96) * t * decay));
  }
  void Update(const PlainStep& s) {
    const double t = static_cast<double>(s.t), now = Momentum(t), next = Momentum(t + 1);
    m = 0.8 * m + 0.2 * s.g;
    v = 0.9 * v + 0.1 * s.g * s.g;
    product *= now;
    const double m_hat = next * m / (1 - product * next) + (1 - now) * s.g / (1 - product);
    w -= s.rate * m_hat / (std::sqrt(v / (1 - std::pow(0.9, t))) + 1e-3);
  }
  double Evaluated() const { return w; }
};

TEST(NadamTest, FollowsAPlainLoopInEverySetting) {
  const std::string text = "nadam { beta1: 0.8 beta2: 0.9 epsilon: 1e-3 ";
  ExpectAsPlain(text + "}", [](double w) { return PlainNadam{w, 0.5, 1}; });
  ExpectAsPlain(text + "momentum_decay: 0.004 }", [](double w) {
    return PlainNadam{w, 0.5, 0.004};
  });
  ExpectAsPlain(text + "momentum_reduction: 0.25 momentum_decay: 0.1 }", [](double w) {
    return PlainNadam{w, 0.25, 0.1};
  });
  ExpectAsPlain(text + "momentum_reduction: 0 }", [](double w) { return PlainNadam{w, 0, 1}; });
}

// By hand: 0.9 (1 - 0.5 * 0.96) = 0.468, and 0.468 * 0.9 (1 - 0.5 * 0.9216) = 0.468 * 0.48528.
TEST(NadamTest, RemembersTheProductOfItsMomenta) {
  const auto parsed = ParseOptimizer("nadam {}");
  ASSERT_TRUE(parsed.ok());
  const std::vector<NumberSpec> numbers = (*parsed)->rule->Numbers(*(*parsed)->message);
  ASSERT_EQ(numbers.size(), 1u);
  EXPECT_EQ(numbers[0].name, "momentum_product");
  UnderUpdate<double> state(**parsed, {1, 2});
  state.Update(0.1, 1, {0.1, 0.2});
  EXPECT_NEAR(state.numbers()[0], 0.468, 1e-15);
  state.Update(0.1, 2, {0.1, 0.2});
  EXPECT_NEAR(state.numbers()[0], 0.22711104, 1e-15);
}

}  // namespace
}  // namespace gradus
