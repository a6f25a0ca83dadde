// Which weights a run was tested with, in words.

#include "gradus/api/weights_source.h"

#include <gtest/gtest.h>

#include "gradus/base/text_config.h"

namespace gradus {
namespace {

std::string Words(const std::string& run, int64_t last, int64_t best, int64_t restored = -1) {
  Diagnostics diagnostics;
  const ParsedConfig parsed = ParseTextConfig(run, "text", RunSettings(), {}, &diagnostics);
  EXPECT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  TrainState state;
  state.progress.update = last;
  if (best >= 0) state.watcher.best.best_step = best;
  if (restored >= 0) state.watcher.early_stopping.best_step = restored;
  return FinalWeightsInWords(static_cast<const RunSettings&>(*parsed.message), state);
}

constexpr char kBest[] = "checkpoint { best { metric: \"validation/loss\" } } ";
constexpr char kRestores[] =
    "early_stopping { monitor: \"validation/accuracy\" restore_best: true } ";

TEST(FinalWeights, AreSaidWhereOthersMayBeTakenForThem) {
  EXPECT_EQ(Words("", 90, -1), "");
  EXPECT_EQ(Words(kBest, 90, 90), "");
  EXPECT_EQ(Words(kBest, 90, 60),
            "of step 90, the last: tested and saved; gradus eval and predict take those of step "
            "60, the best by validation/loss");
  EXPECT_EQ(Words(kRestores, 90, -1, 60),
            "of step 60, the best by validation/accuracy: tested and saved");
  EXPECT_EQ(Words(kRestores, 90, -1, 90), "");
}

TEST(FinalWeights, AreTheRestoredOnesBesideABestCheckpoint) {
  const std::string both = std::string(kBest) + kRestores;
  EXPECT_EQ(Words(both, 90, 60, 60),
            "of step 60, the best by validation/accuracy: tested and saved");
  EXPECT_EQ(Words(both, 90, 50, 60),
            "of step 60, the best by validation/accuracy: tested and saved; gradus eval and predict "
            "take those of step 50, the best by validation/loss");
}

}  // namespace
}  // namespace gradus
