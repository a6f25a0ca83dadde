// Regularisers in training: an update moves a weight by l1 sign(w) + 2 l2 w besides the loss's gradient, whatever batches and blocks the
// examples are cut into; the loss that is reported has them in it.

#include <gtest/gtest.h>

#include <cmath>

#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr double kL1 = 0.02, kL2 = 0.05, kRate = 0.5;

class Losses final : public TrainObserver {
 public:
  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    values.push_back(report.sums.loss / static_cast<double>(report.sums.examples));
    return absl::OkStatus();
  }
  std::vector<double> values;
};

std::unique_ptr<TestRun> Train(bool regularized, const std::string& optimizer,
                               const std::string& settings, int threads, int64_t batch_size,
                               Losses* losses) {
  const std::string layer = absl::StrCat(
      " layer { name: \"extra\" dense { units: 5 activation: TANH }",
      regularized ? absl::StrCat(" regularizer { l1: ", kL1, " l2: ", kL2, " }") : "", " }");
  auto run = MakeRun(absl::StrCat("optimizer { ", optimizer, " } run { ", settings, " }"), false,
                     threads, "", batch_size, layer);
  TrainObserver* const observers[] = {losses};
  EXPECT_TRUE(run->Go(observers).ok());
  return run;
}

// The elements of "extra/kernel", [8, 5].
std::vector<double> KernelOf(const TestRun& run, const ParameterStore& store) {
  const Graph& graph = run.step->model().graph;
  const int index = graph.node(graph.FindLeaf(Leaf::kParameter, "extra/kernel")).leaf_index;
  const ParameterPlace& place = store.layout().place(index);
  std::vector<double> values;
  for (int64_t row = 0; row < place.rows; ++row) {
    for (int64_t column = 0; column < place.columns; ++column) {
      values.push_back(store.weights()[place.offset + row * place.pitch + column]);
    }
  }
  return values;
}

const std::string kSgd = absl::StrCat("sgd {} learning_rate { constant: ", kRate, " }");

TEST(RegularizersInTrainingTest, MoveAWeightByTheirGradient) {
  for (const int threads : {1, 2}) {
    for (const char* settings : {"max_steps: 1", "max_steps: 1 block_rows: 7"}) {
      Losses plain_losses, losses;
      const auto plain = Train(false, kSgd, settings, threads, 32, &plain_losses);
      const auto with = Train(true, kSgd, settings, threads, 32, &losses);
      const auto start = with->step->NewState();
      ASSERT_TRUE(start.ok());
      const std::vector<double> w = KernelOf(*with, start->store);
      const std::vector<double> a = KernelOf(*plain, plain->state.store);
      const std::vector<double> b = KernelOf(*with, with->state.store);
      ASSERT_EQ(w.size(), 40u);
      double penalty = 0;
      for (size_t i = 0; i < w.size(); ++i) {
        const double gradient = kL1 * (w[i] > 0 ? 1 : -1) + 2 * kL2 * w[i];
        // Floats of size one, added up in another order.
        EXPECT_NEAR(b[i] - a[i], -kRate * gradient, 1e-6) << i;
        penalty += kL1 * std::abs(w[i]) + kL2 * w[i] * w[i];
      }
      EXPECT_NEAR(losses.values[0] - plain_losses.values[0], penalty, 1e-6 * (1 + penalty));
    }
  }
}

TEST(RegularizersInTrainingTest, AreTheSameForSeveralBatchesAndOne) {
  Losses several, one;
  const auto parts =
      Train(true, kSgd + " gradient_accumulation_steps: 3", "epochs: 3", 2, 32, &several);
  const auto whole = Train(true, kSgd, "epochs: 3", 1, 96, &one);
  ASSERT_EQ(several.values.size(), one.values.size());
  // The same sums in another order, six updates.
  for (size_t i = 0; i < one.values.size(); ++i) {
    EXPECT_NEAR(several.values[i], one.values[i], 4e-6 * one.values[i]) << i;
  }
}

TEST(RegularizersInTrainingTest, AreSeenAtOtherWeightsToo) {
  // One update of SGD at the weights that sharpness_aware goes to: w + rho g / |g|, with the penalty's gradient in g and there.
  Losses losses, plain;
  const std::string sharp = kSgd + " sharpness_aware { radius: 0.05 }";
  const auto with = Train(true, sharp, "max_steps: 2", 1, 32, &losses);
  const auto without = Train(false, sharp, "max_steps: 2", 1, 32, &plain);
  EXPECT_NE(KernelOf(*with, with->state.store), KernelOf(*without, without->state.store));
  EXPECT_GT(losses.values[1], plain.values[1]);
}

}  // namespace
}  // namespace gradus
