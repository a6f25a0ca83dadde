// What the two schedule-free rules claim beyond their examples: the golden weights that are
// evaluated, and the decay of the authors' package.

#include <gtest/gtest.h>

#include "tests/optimizers/element_formula.h"
#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

TEST(ScheduleFreeTest, AreThePapersThreeSequencesWithDecayToo) {
  ExpectFormula("schedule_free_sgd { momentum: 0.8 warmup_steps: 12 r: 0.5 weight_lr_power: 1.5 }",
                0.1);
  ExpectFormula(
      "schedule_free_adamw { beta1: 0.8 beta2: 0.95 epsilon: 1e-3 decay_at_y: 0.1 "
      "warmup_steps: 12 r: 0.5 weight_lr_power: 1.5 }",
      0.01);
}

void ExpectNear(const std::vector<double>& weights, const std::vector<double>& golden) {
  ASSERT_EQ(weights.size(), golden.size());
  // Half a unit of the tenth digit, of numbers below 2.1.
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(weights[i], golden[i], 5e-10) << i;
}

std::vector<double> GoldenEvaluated(const std::string& text) {
  const auto parsed = ParseOptimizer(text);
  EXPECT_TRUE(parsed.ok()) << parsed.status();
  if (!parsed.ok()) return {};
  EXPECT_TRUE((*parsed)->rule->HasEvaluationWeights(*(*parsed)->message));
  UnderUpdate<double> state(**parsed, {1, -2, 0.5});
  state.Update(0.1, 1, {0.1, -0.2, 0.3});
  state.Update(0.1, 2, {-0.05, 0.4, 0});
  state.Update(0.1, 3, {0.2, 0.1, -0.6});
  return state.EvaluationWeights();
}

TEST(ScheduleFreeTest, EvaluatesTheGoldenAverages) {
  ExpectNear(GoldenEvaluated("schedule_free_sgd {}"), {0.9866666667, -2.01, 0.49});
  ExpectNear(GoldenEvaluated("schedule_free_adamw {}"), {0.89178918, -1.996914471, 0.4516242829});
}

TEST(ScheduleFreeTest, DecayAtYGivesTheGoldenWeights) {
  UpdateStep stages;
  stages.rate = 0.1;
  const auto sgd = ParseOptimizer("schedule_free_sgd { warmup_steps: 2 }");
  ASSERT_TRUE(sgd.ok());
  // What weight_decay_form: COUPLED makes of the package's decay.
  stages.l2 = 0.1;
  ExpectNear(GoldenUpdatesWith(**sgd, stages), {0.97066009, -1.99319718, 0.5057647825});
  const auto adamw = ParseOptimizer("schedule_free_adamw { decay_at_y: 0.1 }");
  ASSERT_TRUE(adamw.ok());
  stages.l2 = 0;
  ExpectNear(GoldenUpdatesWith(**adamw, stages), {0.8639119289, -1.962733273, 0.4526128288});
}

TEST(ScheduleFreeTest, BeforeTheRateIsAboveZeroNothingMoves) {
  for (const char* text : {"schedule_free_sgd {}", "schedule_free_adamw { weight_lr_power: 0 }"}) {
    const auto parsed = ParseOptimizer(text);
    ASSERT_TRUE(parsed.ok());
    UnderUpdate<double> state(**parsed, {1, -2});
    for (int t = 1; t <= 3; ++t) state.Update(0, t, {0.5, 7});
    EXPECT_EQ(state.weights, (std::vector<double>{1, -2})) << text;
    EXPECT_EQ(state.EvaluationWeights(), (std::vector<double>{1, -2})) << text;
  }
}

}  // namespace
}  // namespace gradus
