// `gradus explain` shows the chain of a run that stands, and what changed it.

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "tests/tools/process.h"

namespace gradus {
namespace {

TEST(Explain, ShowsTheChainAndTheLastChange) {
  const std::string run = FreshFolder("explain") + "/run";
  ASSERT_EQ(RunGradus({"train", "examples/tutorial_adam.pbtxt", "--set", "run.epochs=2", "--set",
                       "run.threads=1", "--run_dir", run, "--stop_after_epoch", "1"})
                .code,
            4);
  EXPECT_EQ(RunGradus({"explain", run}).out,
            absl::StrCat("step 15 of ", run,
                         ", which has done 15: as things stand now\n\n"
                         "learning_rate of group default\n"
                         "  layer     detail    value\n"
                         "  schedule  constant  0.001\n"
                         "  nothing but its schedule has changed it\n"));
  ASSERT_EQ(RunGradus({"rate", run, "--scale", "0.5", "--at_step", "20"}).code, 0);
  ASSERT_EQ(RunGradus({"train", "--resume", run}).code, 0);
  const Outcome changed = RunGradus({"explain", run, "--step", "25"});
  EXPECT_EQ(changed.code, 0) << changed.err;
  EXPECT_EQ(changed.out,
            absl::StrCat("step 25 of ", run,
                         "\n\nlearning_rate of group default\n"
                         "  layer     detail     value\n"
                         "  schedule  constant   0.001\n"
                         "  override  times 0.5  0.0005\n"
                         "  last change: 0.001 -> 0.0005 from step 20, by override: scaled by "
                         "0.5\n"));
  const Outcome decay = RunGradus({"explain", run, "--step", "19", "--field", "weight_decay"});
  EXPECT_EQ(decay.out,
            absl::StrCat("step 19 of ", run,
                         "\n\nweight_decay of group default\n"
                         "  layer     detail            value\n"
                         "  constant  of the optimizer  0\n"
                         "  nothing but its schedule has changed it\n"));
  EXPECT_EQ(RunGradus({"explain", run, "--step", "x"}).code, 2);
  EXPECT_EQ(RunGradus({"explain", run, "--group", "b"}).err,
            "gradus: there is no group \"b\"; the groups are default\n");
  EXPECT_EQ(RunGradus({"explain", run + "/no"}).code, 1);
}

}  // namespace
}  // namespace gradus
