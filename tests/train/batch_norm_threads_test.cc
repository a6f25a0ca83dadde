// Training with batch normalisation in blocks of rows: the statistics are those of the whole batch,
// whoever computes them.

#include <gtest/gtest.h>

#include <cmath>
#include <string>
#include <vector>

#include "tests/train/train_testing.h"

namespace gradus {
namespace {

// Batches of 31, 31, 31 and 7 points, two normalised layers, two epochs.
std::unique_ptr<TestRun> MakeNormalised(const std::string& settings, int threads) {
  return MakeRun(absl::StrCat("optimizer { sgd { momentum: 0.9 } learning_rate { constant: 0.1 } }"
                              " run { seed: 1 epochs: 2 ",
                              settings, " }"),
                 true, threads, "", 31,
                 " layer { name: \"wide\" dense { units: 12 } }"
                 " layer { name: \"norm_2\" batch_norm { momentum: 0.9 } }");
}

std::vector<float> WeightsAndAverages(const TestRun& run) {
  const auto& store = run.state.store;
  std::vector<float> all(store.weights(), store.weights() + store.floats());
  all.insert(all.end(), store.states(), store.states() + store.state_layout().floats());
  return all;
}

TEST(BatchNormThreadsTest, BlocksGiveTheSameBitsOnAnyNumberOfThreads) {
  std::string bytes;
  for (const int threads : {1, 2, 3}) {
    auto run = MakeNormalised("block_rows: 10", threads);  // 10, 10, 10 and 1; 7.
    ASSERT_TRUE(run->step->executor().splits()) << run->step->executor().why_not_split();
    ASSERT_TRUE(run->Go().ok());
    ASSERT_EQ(run->state.progress.update, 8);
    if (bytes.empty()) bytes = Bytes(run->state);
    EXPECT_EQ(Bytes(run->state), bytes) << threads << " threads";
  }
}

TEST(BatchNormThreadsTest, BlocksTrainAsOnePieceDoes) {
  auto whole = MakeNormalised("", 1);
  ASSERT_TRUE(whole->Go().ok());
  const std::vector<float> expected = WeightsAndAverages(*whole);
  for (const char* settings : {"block_rows: 10", "block_rows: 1"}) {
    auto run = MakeNormalised(settings, 2);
    ASSERT_TRUE(run->Go().ok());
    const std::vector<float> actual = WeightsAndAverages(*run);
    ASSERT_EQ(actual.size(), expected.size());
    // Eight steps, each with roundings of some 1e-7 that differ, which a step of 0.1 through two
    // normalised layers does not enlarge tenfold.
    for (size_t i = 0; i < actual.size(); ++i) {
      EXPECT_NEAR(actual[i], expected[i], 2e-5 * (1 + std::fabs(expected[i]))) << i;
    }
  }
}

}  // namespace
}  // namespace gradus
