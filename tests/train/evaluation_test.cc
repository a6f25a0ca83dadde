// Evaluation against the network computed by hand in double.

#include "gradus/train/evaluation.h"

#include <gtest/gtest.h>

#include <cmath>

#include "gradus/data/memory.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr char kRest[] = "optimizer { sgd {} learning_rate { constant: 0.5 } } run { epochs: 2 }";

// The network of PointsModel on one point, in double, from the weights of a store.
double Predict(const ParameterStore& store, double a, double b) {
  const auto read = [&](const std::string& name) {
    const Tensor t = *store.Read(store.layout(), store.layout().Find(name), store.weights());
    return std::vector<double>(t.data<float>().begin(), t.data<float>().end());
  };
  const std::vector<double> k1 = read("hidden/kernel"), b1 = read("hidden/bias"),
                            k2 = read("output/kernel"), b2 = read("output/bias");
  double z = b2[0];
  for (int u = 0; u < 8; ++u) z += k2[u] * std::tanh(k1[u] * a + k1[8 + u] * b + b1[u]);
  return 1 / (1 + std::exp(-z));
}

TEST(EvaluationTest, SumsAreThoseOfEveryExampleByHand) {
  auto run = MakeRun(kRest);
  ASSERT_TRUE(run->Go().ok());
  const std::shared_ptr<const Dataset> data = Points(37);
  std::vector<float> x(74), label(37);
  std::vector<int64_t> rows(37);
  for (int i = 0; i < 37; ++i) rows[i] = i;
  void* const buffers[] = {x.data(), label.data()};
  ASSERT_TRUE(data->Read(rows, buffers).ok());
  double loss = 0, hits = 0;
  for (int i = 0; i < 37; ++i) {
    const double p = Predict(run->state.store, x[2 * i], x[2 * i + 1]);
    loss -= label[i] * std::log(p) + (1 - label[i]) * std::log(1 - p);
    hits += (p > 0.5) == (label[i] == 1);
  }
  // Every example is some 100 float operations on numbers of size 1.
  for (const int64_t batch : {1, 7, 32, 37, 1000}) {
    const auto sums = run->evaluation->Run(data, batch, run->state.store);
    ASSERT_TRUE(sums.ok()) << sums.status();
    EXPECT_EQ(sums->examples, 37) << batch;
    EXPECT_NEAR(sums->loss, loss, 37 * 1e-6) << batch;
    EXPECT_EQ(sums->metrics, std::vector<double>{hits}) << batch;
  }
}

TEST(EvaluationTest, ChangesNothingInTheStore) {
  auto run = MakeRun(kRest, true);
  ASSERT_TRUE(run->Go().ok());
  const std::string before = Bytes(run->state);
  ASSERT_TRUE(run->evaluation->Run(Points(37), 8, run->state.store).ok());
  EXPECT_EQ(Bytes(run->state), before);
}

TEST(EvaluationTest, UsesMovingAveragesAndNotTheBatch) {
  auto run = MakeRun(kRest, true);
  ASSERT_TRUE(run->Go().ok());
  const std::shared_ptr<const Dataset> data = Points(37);
  const auto whole = run->evaluation->Run(data, 37, run->state.store);
  const auto one_by_one = run->evaluation->Run(data, 1, run->state.store);
  ASSERT_TRUE(whole.ok() && one_by_one.ok());
  EXPECT_NEAR(whole->loss, one_by_one->loss, 37 * 1e-6);
}

TEST(EvaluationTest, NoExamplesAreZeroSums) {
  auto run = MakeRun(kRest);
  auto empty = MakeMemoryDataset(
      {{"x", Tensor::Of<float>({0, 2}, {})}, {"label", Tensor::Of<float>({0, 1}, {})}});
  ASSERT_TRUE(empty.ok()) << empty.status();
  const auto sums = run->evaluation->Run(*empty, 32, run->state.store);
  ASSERT_TRUE(sums.ok()) << sums.status();
  EXPECT_EQ(sums->examples, 0);
  EXPECT_EQ(sums->loss, 0);
}

}  // namespace
}  // namespace gradus
