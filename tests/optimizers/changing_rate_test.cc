// Where the rate enters a velocity shows only when the rate changes. Keras, Caffe: inside; PyTorch
// and optax, outside, would give 0.9821, -1.99845, 0.465425 and 0.97139, -2.001105, 0.4538825.

#include <gtest/gtest.h>

#include "tests/testing/optimizer_conformance.h"

namespace gradus {
namespace {

void ExpectWeights(const std::string& text, const std::vector<double>& golden) {
  const auto parsed = ParseOptimizer(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  const std::vector<double> weights = GoldenUpdates(**parsed, {0.1, 0.05, 0.025});
  for (size_t i = 0; i < golden.size(); ++i) EXPECT_NEAR(weights[i], golden[i], 1e-14);
}

TEST(ChangingRateTest, OldVelocityKeepsTheRateItWasMadeWith) {
  ExpectWeights("sgd { momentum: 0.9 }", {0.97265, -1.9863, 0.4337});
  ExpectWeights("sgd { momentum: 0.9 nesterov: true }", {0.962885, -1.99017, 0.42533});
}

}  // namespace
}  // namespace gradus
