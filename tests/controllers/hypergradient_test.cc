// The hypergradient controller against its formula, and on a problem whose best rate is known.

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <random>

#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

TEST(HypergradientTest, MultipliesByOnePlusTheCosineTimesTheStepSize) {
  std::mt19937_64 random(7);
  FedController fed("hypergradient { step_size: 0.25 min_scale: 0.5 max_scale: 4 }");
  double scale = 1;
  for (int64_t update = 1; update < 500; ++update) {
    const double cosine = static_cast<double>(random() % 2001) / 1000 - 1;
    fed.Feed(Section::kBatch, 1, update, 0, cosine);
    scale = std::min(4.0, std::max(0.5, scale * (1 + 0.25 * cosine)));
    ASSERT_EQ(fed.Apply(1), scale);
  }
}

TEST(HypergradientTest, WithoutACosineNothingChanges) {
  FedController fed("hypergradient {}");
  fed.Feed(Section::kBatch, 1, 1);
  EXPECT_EQ(fed.Apply(0.1), 0.1);
  for (double none : {std::nan(""), std::numeric_limits<double>::infinity(), 0.0}) {
    fed.Feed(Section::kBatch, 1, 2, 0, none);
    EXPECT_EQ(fed.Apply(0.1), 0.1);
    EXPECT_EQ(fed.cause, "");
  }
  // A rounding of a cosine may lie outside of -1 to 1.
  fed.Feed(Section::kBatch, 1, 3, 0, 1.0000001);
  EXPECT_EQ(fed.Apply(1), 1.02);
  EXPECT_EQ(fed.cause, "this update goes on in the direction of the last one (cosine 1)");
}

TEST(HypergradientTest, NeedsTheCosineOfBatches) {
  FedController fed("hypergradient {}");
  EXPECT_TRUE(fed.controller().NeedsAlignment());
  EXPECT_TRUE(fed.controller().Watches(Section::kBatch));
  EXPECT_FALSE(fed.controller().Watches(Section::kTrain));
  EXPECT_FALSE(fed.controller().Watches(Section::kValidation));
  EXPECT_EQ(fed.controller().SnapshotEverySteps(), 0);
}

// Descends along x^2 / 2, whose updates overshoot when the rate is above 1 and diverge from 2 on.
double ScaleAfterDescent(double rate, int updates) {
  FedController fed("hypergradient { step_size: 0.1 max_scale: 1e6 min_scale: 1e-6 }");
  double x = 1, change = 0;
  for (int64_t update = 0; update < updates; ++update) {
    const double gradient = x;
    absl::optional<double> alignment;
    if (change != 0 && gradient != 0) alignment = (gradient > 0) == (change < 0) ? 1 : -1;
    fed.Feed(Section::kBatch, x * x / 2, update, 0, alignment);
    change = -rate * fed.Apply(1, update) * gradient;
    x += change;
  }
  return fed.Apply(1);
}

TEST(HypergradientTest, ARateThatIsTooSmallGrowsAndOneThatIsTooLargeShrinks) {
  // A step of the scale is 10%: the rate ends near 1, where one update reaches the bottom.
  EXPECT_GT(0.001 * ScaleAfterDescent(0.001, 150), 0.5);
  EXPECT_LT(0.001 * ScaleAfterDescent(0.001, 150), 1.5);
  EXPECT_LT(1.9 * ScaleAfterDescent(1.9, 60), 1.5);
}

}  // namespace
}  // namespace gradus
