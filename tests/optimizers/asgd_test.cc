// Averaged gradient descent's own claims.

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/optimizers/element_formula.h"

namespace gradus {
namespace {

// The examples average late, so that they converge.
TEST(AsgdTest, IsItsFormulaWhereTheAverageBeginsSoon) {
  for (const char* t0 : {"0", "1", "7"}) {
    ExpectFormula(absl::StrCat("asgd { lambd: 0.3 alpha: 0.6 averaged: true t0: ", t0, " }"), 0.1);
  }
  ExpectFormula("asgd { lambd: 0.3 alpha: 0.6 averaged: true t0: 3 falling: POWER_OF_COUNT }", 0.1);
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
