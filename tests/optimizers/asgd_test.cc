// Averaged gradient descent's own claims.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

// With lambd 0.3, alpha 0.6 and t0 7. The average is made as a mean of all that count.
template <bool power_of_count>
struct PlainAsgd {
  double w, sum = 0;
  int counted = 0;

  void Update(const PlainStep& step) {
    const double before = static_cast<double>(step.t - 1);
    double eta = step.rate;
    if (before > 0) {
      eta = power_of_count ? step.rate / (1 + 0.3 * step.rate * std::pow(before, 0.6))
                           : step.rate / std::pow(1 + 0.3 * step.rate * before, 0.6);
    }
    w = (1 - 0.3 * eta) * w - eta * step.g;
    // Update 9 is the first whose part, 1 / (9 - 1 - 7), is the whole.
    if (step.t <= 9) sum = 0, counted = 0;
    sum += w;
    ++counted;
  }
  double Evaluated() const { return sum / counted; }
};

TEST(AsgdTest, IsTheRuleAndTheMeanOfWeightsUnderChangingRates) {
  const std::string text = "asgd { lambd: 0.3 alpha: 0.6 t0: 7 averaged: true ";
  ExpectAsPlain(text + "}", [](double w) { return PlainAsgd<false>{w}; });
  ExpectAsPlain(text + "falling: POWER_OF_COUNT }", [](double w) { return PlainAsgd<true>{w}; });
}

TEST(AsgdTest, OnlyAnAverageThatIsAskedForIsKeptAndEvaluated) {
  const auto plain = ParseOptimizer("asgd {}"),
             averaged = ParseOptimizer("asgd { averaged: true }");
  ASSERT_TRUE(plain.ok() && averaged.ok());
  EXPECT_FALSE((*plain)->rule->HasEvaluationWeights(*(*plain)->message));
  EXPECT_TRUE((*plain)->rule->Slots(*(*plain)->message).empty());
  EXPECT_TRUE((*averaged)->rule->HasEvaluationWeights(*(*averaged)->message));
  const std::vector<SlotSpec> slots = (*averaged)->rule->Slots(*(*averaged)->message);
  ASSERT_EQ(slots.size(), 1u);
  EXPECT_EQ(slots[0].name, "averaged_weights");
  EXPECT_TRUE(slots[0].from_weights);
}

TEST(AsgdTest, TheAverageDoesNotMoveTheWeights) {
  const auto plain = ParseOptimizer("asgd {}");
  const auto averaged = ParseOptimizer("asgd { averaged: true t0: 0 }");
  ASSERT_TRUE(plain.ok() && averaged.ok());
  UnderUpdate<double> one(**plain, {1, -2}), other(**averaged, {1, -2});
  for (int t = 1; t <= 20; ++t) {
    one.Update(0.1, t, {0.5, 1.0 / t});
    other.Update(0.1, t, {0.5, 1.0 / t});
  }
  EXPECT_EQ(one.weights, other.weights);
  EXPECT_EQ(one.EvaluationWeights(), one.weights);
  EXPECT_NE(other.EvaluationWeights(), other.weights);
}

}  // namespace
}  // namespace gradus
