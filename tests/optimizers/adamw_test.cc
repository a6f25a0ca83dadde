// AdamW with its decay, which stands before the rule and follows the rate. Golden weights:
// Keras 3.15 in float64 with exact hyperparameters; PyTorch 1.13; optax 0.2.9.

#include <gtest/gtest.h>

#include "gradus/rule.pb.h"
#include "tests/optimizers/plain_loop.h"

namespace gradus {
namespace {

void ExpectWeights(const std::string& text, double weight_decay,
                   const std::vector<double>& golden) {
  const auto parsed = ParseOptimizer(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  UpdateStep stages;
  stages.rate = 0.1;
  stages.decay = stages.rate * weight_decay;
  const std::vector<double> weights = GoldenUpdatesWith(**parsed, stages);
  // Ten digits are printed.
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(weights[i], golden[i], 5e-10) << text;
}

TEST(AdamwTest, HasTheNumbersOfThreeLibrariesWithTheirDecays) {
  const double own = optimizer::Adamw::descriptor()->options().GetExtension(default_weight_decay);
  EXPECT_EQ(own, 0.004);
  ExpectWeights("adamw {}", own, {0.8064510748, -1.975842806, 0.3665062472});
  ExpectWeights("adamw { epsilon: 1e-8 epsilon_after_correction: true }", 0.01,
                {0.804784687, -1.972344763, 0.3657660326});
  ExpectWeights("adamw { epsilon: 1e-8 epsilon_after_correction: true }", 0.0001,
                {0.807527421, -1.978117109, 0.3669852974});
}

TEST(AdamwTest, AdamHasNoDecayOfItsOwn) {
  EXPECT_FALSE(optimizer::Adam::descriptor()->options().HasExtension(default_weight_decay));
}

}  // namespace
}  // namespace gradus
