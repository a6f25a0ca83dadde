// The guard: when it asks for a restore, what it makes of the rate after one, and when it has had
// enough.

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <random>

#include "absl/strings/str_cat.h"
#include "tests/testing/controller_conformance.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Verdict Feed(FedController* fed, double loss, int64_t update) {
  return fed->Feed(Section::kBatch, loss, update);
}

TEST(DivergenceGuardTest, ALossThatIsNotFiniteIsADivergenceAtOnce) {
  for (double loss : {kNan, kInfinity, -kInfinity}) {
    FedController fed("divergence_guard {}");
    EXPECT_EQ(Feed(&fed, 1, 1), Verdict::kGoOn);
    EXPECT_EQ(fed.Apply(1, 1), 1);
    EXPECT_EQ(Feed(&fed, loss, 2), Verdict::kRestore) << loss;
    EXPECT_EQ(fed.cause,
              "the loss, the gradients or the weights are not finite: restore 1 of at most 3");
  }
}

TEST(DivergenceGuardTest, WithoutASpikeFactorAnyFiniteLossIsGood) {
  FedController fed("divergence_guard { settle_steps: 1 }");
  for (int64_t update = 1; update < 100; ++update) {
    EXPECT_EQ(Feed(&fed, std::pow(10.0, static_cast<double>(update)), update), Verdict::kGoOn);
  }
}

TEST(DivergenceGuardTest, ASpikeIsADivergenceOnceTheAverageHasSettled) {
  FedController fed("divergence_guard { spike_factor: 3 settle_steps: 5 }");
  EXPECT_EQ(Feed(&fed, 1, 1), Verdict::kGoOn);
  EXPECT_EQ(Feed(&fed, 1000, 2), Verdict::kGoOn);  // Not settled.
  FedController flat("divergence_guard { spike_factor: 3 settle_steps: 5 }");
  for (int64_t update = 1; update <= 5; ++update) Feed(&flat, 2, update);
  EXPECT_EQ(Feed(&flat, 5.9, 6), Verdict::kGoOn);
  // The average of five times 2 and the last 5.9, of which the weights are powers of 0.98.
  EXPECT_EQ(Feed(&flat, 9, 7), Verdict::kRestore);
  EXPECT_EQ(flat.cause.substr(0, 43), "batch/loss 9 is far above its average 2.683");
}

TEST(DivergenceGuardTest, ASpikeOfANegativeLossIsOneThatRises) {
  // The average is -2: what is above 2 = -2 + (3 - 1) * 2 is a spike, and -1 > 3 * -2 is none.
  FedController fed("divergence_guard { spike_factor: 3 settle_steps: 1 smoothing: 0 }");
  Feed(&fed, -2, 1);
  EXPECT_EQ(Feed(&fed, -1.9, 2), Verdict::kGoOn);
  EXPECT_EQ(Feed(&fed, -2, 3), Verdict::kGoOn);
  EXPECT_EQ(Feed(&fed, 1.9, 4), Verdict::kGoOn);
  Feed(&fed, -2, 5);
  EXPECT_EQ(Feed(&fed, 2.1, 6), Verdict::kRestore);
}

TEST(DivergenceGuardTest, TheAverageIsTheWeightedMeanOfTheLosses) {
  // Against the sum with all weights written out: the same losses are spikes.
  std::mt19937_64 random(3);
  FedController fed(
      "divergence_guard { spike_factor: 1.25 settle_steps: 4 smoothing: 0.875 max_restores: 1000 "
      "}");
  std::vector<double> losses;  // Since the start or the last restore.
  int restores = 0;
  for (int64_t update = 1; update <= 2000; ++update) {
    const double loss = 1 + static_cast<double>(random() % 1000) / 1000;
    double sum = 0, weights = 0, weight = 1;
    for (size_t i = losses.size(); i-- > 0; weight *= 0.875) {
      sum += weight * losses[i];
      weights += weight;
    }
    const bool spike = losses.size() >= 4 && loss > 1.25 * sum / weights;
    ASSERT_EQ(Feed(&fed, loss, update) == Verdict::kRestore, spike) << update;
    losses.push_back(loss);
    if (spike) losses.clear();
    restores += spike;
  }
  EXPECT_GT(restores, 10);
}

TEST(DivergenceGuardTest, AfterARestoreTheRateIsCutAndWarmedUpInAStraightLine) {
  FedController fed("divergence_guard { factor: 0.5 warmup_steps: 4 }");
  Feed(&fed, kNan, 20);
  for (int k = 0; k < 10; ++k) {
    EXPECT_EQ(fed.Apply(8, 20 + k), 4 * std::min(1.0, (k + 1) / 4.0)) << k;
  }
  Feed(&fed, kNan, 25);
  EXPECT_EQ(fed.Apply(8, 25), 0.5);
  EXPECT_EQ(fed.Apply(8, 28), 2);
  EXPECT_EQ(fed.Apply(8, 1000), 2);
  FedController sudden("divergence_guard { factor: 0.5 warmup_steps: 0 }");
  Feed(&sudden, kNan, 20);
  EXPECT_EQ(sudden.Apply(8, 20), 4);
}

TEST(DivergenceGuardTest, GivesUpAfterMaxRestores) {
  FedController fed("divergence_guard { max_restores: 2 warmup_steps: 0 spike_factor: 2 }");
  EXPECT_EQ(Feed(&fed, kNan, 1), Verdict::kRestore);
  EXPECT_EQ(Feed(&fed, kNan, 2), Verdict::kRestore);
  EXPECT_EQ(fed.Apply(1, 2), 0.25);
  EXPECT_EQ(Feed(&fed, kNan, 3), Verdict::kGoOn);
  EXPECT_EQ(fed.cause, "");
  EXPECT_EQ(fed.Apply(1, 3), 0.25);
}

TEST(DivergenceGuardTest, TheAverageBeginsAnewAfterARestore) {
  FedController fed("divergence_guard { spike_factor: 2 settle_steps: 2 smoothing: 0.5 }");
  for (int64_t update = 1; update <= 5; ++update) Feed(&fed, 1, update);
  EXPECT_EQ(Feed(&fed, 10, 6), Verdict::kRestore);
  EXPECT_EQ(Feed(&fed, 10, 7), Verdict::kGoOn);
  EXPECT_EQ(Feed(&fed, 10, 8), Verdict::kGoOn);
  EXPECT_EQ(Feed(&fed, 10, 9), Verdict::kGoOn);
  EXPECT_EQ(Feed(&fed, 30, 10), Verdict::kRestore);
}

TEST(DivergenceGuardTest, AsksForSnapshotsAndWatchesBatches) {
  FedController fed("divergence_guard { snapshot_every_steps: 7 }");
  EXPECT_EQ(fed.controller().SnapshotEverySteps(), 7);
  EXPECT_TRUE(fed.controller().Watches(Section::kBatch));
  EXPECT_FALSE(fed.controller().Watches(Section::kTrain));
  EXPECT_FALSE(fed.controller().Watches(Section::kValidation));
  EXPECT_FALSE(fed.controller().NeedsAlignment());
}

}  // namespace
}  // namespace gradus
