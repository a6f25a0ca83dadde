// What `check` says of rates, and that it says nothing of what is right.

#include "gradus/api/rate_checks.h"

#include <gtest/gtest.h>

#include "absl/strings/str_cat.h"
#include "gradus/api/summary.h"
#include "tests/api/api_testing.h"

namespace gradus {
namespace {

// Findings about 10 epochs of 100 updates, or another run.
class RateChecks : public testing::Test {
 protected:
  static std::vector<Finding> Check(const std::string& optimizer,
                                    const std::string& run = "epochs: 10") {
    const Points points = MakePoints(100);
    TrainerOptions options;
    options.datasets["points"] = *MakeMemoryDataset({{"x", points.x}, {"y", points.y}});
    const std::string text = absl::StrCat(
        "model {\n"
        "  input { name: \"x\" shape: 3 } input { name: \"y\" shape: 1 }\n"
        "  layer { name: \"hidden\" input: \"x\" dense { units: 2 } }\n"
        "  layer { name: \"out\" dense { units: 1 } }\n"
        "  loss { mean_squared_error { prediction: \"out\" label: \"y\" } }\n"
        "}\n"
        "data { train { memory { name: \"points\" } } batch_size: 1 }\n"
        "optimizer { adam {}\n",
        optimizer, "\n}\nrun { threads: 1 ", run, " }\n");
    absl::StatusOr<RunFile> file = RunFile::Parse(text, "run");
    EXPECT_TRUE(file.ok()) << file.status();
    if (!file.ok()) return {};
    Diagnostics diagnostics(file->locator());
    const auto trainer = Trainer::Create(*std::move(file), options);
    EXPECT_TRUE(trainer.ok()) << trainer.status();
    if (!trainer.ok()) return {};
    CheckRates((*trainer)->step().numbers(), (*trainer)->config().optimizer(), &diagnostics);
    return diagnostics.Sorted();
  }
  // The findings' texts, a line each.
  static std::string Say(const std::string& optimizer, const std::string& run = "epochs: 10") {
    std::string text;
    for (const Finding& finding : Check(optimizer, run)) {
      absl::StrAppend(&text, ToString(finding), "\n");
    }
    return text;
  }
  static std::string SayOfRate(const std::string& schedule, const std::string& run = "epochs: 10") {
    return Say(absl::StrCat("  learning_rate { ", schedule, " }"), run);
  }
};

TEST_F(RateChecks, ASoundScheduleIsNotMentioned) {
  EXPECT_EQ(SayOfRate("constant: 0.001"), "");
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 1000 }"), "");
  EXPECT_EQ(SayOfRate("clock: EPOCHS cosine_decay { initial_learning_rate: 0.1 decay_steps: 10 }"),
            "");
  EXPECT_EQ(
      SayOfRate(
          "clock: RUN linear { initial_learning_rate: 0.1 end_learning_rate: 0.001 steps: 1 }"),
      "");
  EXPECT_EQ(SayOfRate("exponential_decay { initial_learning_rate: 0.1 decay_steps: 10 "
                      "decay_rate: 0.96 }"),
            "");
  EXPECT_EQ(Say(""), "") << "the default of the rule";
}

TEST_F(RateChecks, SaysThatARateIsZeroEverywhere) {
  const std::vector<Finding> findings = Check("  learning_rate { constant: 0 }");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Finding::kWarning);
  EXPECT_EQ(findings[0].code, "zero-rate");
  EXPECT_EQ(ToString(findings[0]),
            "run:9:3: the rate is 0 at every update, so nothing is learned "
            "[optimizer.learning_rate]");
}

TEST_F(RateChecks, AFrozenGroupIsMeant) {
  EXPECT_EQ(Say("group { name: \"frozen\" match: \"hidden/.*\" learning_rate_scale: 0 }"), "");
  // Its own schedule of zeros is said at its own place.
  EXPECT_EQ(Say("group { name: \"still\" match: \"hidden/.*\" learning_rate { constant: 0 } }"),
            "run:9:42: the rate is 0 at every update, so nothing is learned "
            "[optimizer.group[still].learning_rate]\n");
}

TEST_F(RateChecks, SaysThatTheFirstUpdateDoesNothing) {
  const std::string rest = " then { constant: 0.1 } }";
  EXPECT_EQ(SayOfRate("warmup { steps: 100" + rest),
            "run:9:3: the rate is 0 at the first update, which does nothing; a warm-up may begin "
            "above 0 [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("warmup { steps: 100 first: 1" + rest), "");
  EXPECT_EQ(SayOfRate("warmup { steps: 100 from: 0.001" + rest), "");
}

TEST_F(RateChecks, SaysThatTheFirstEpochDoesNothing) {
  EXPECT_EQ(SayOfRate("clock: WHOLE_EPOCHS warmup { steps: 5 then { constant: 0.1 } }"),
            "run:9:3: the rate is 0 at the first 100 updates, which do nothing; a warm-up may "
            "begin above 0 [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("clock: WHOLE_EPOCHS warmup { steps: 5 first: 1 then { constant: 0.1 } }"),
            "");
}

TEST_F(RateChecks, SaysFromWhereOnTheRateIsZero) {
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 900 }"),
            "run:9:3: the rate is 0 from step 900 on: the last 100 updates do nothing "
            "[optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 900 alpha: 0.1 }"),
            "");
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 999 }"),
            "run:9:3: the rate is 0 from step 999 on: the last update does nothing "
            "[optimizer.learning_rate]\n");
}

TEST_F(RateChecks, TheRoundedEndOfAVeryLongCosineIsNotMentioned) {
  // 1 + cos(x) is 0 in double when x is within 1e-8 of pi.
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 1000000000 }",
                      "epochs: 10000000"),
            "");
}

TEST_F(RateChecks, ANumberOutOfRangeIsAnErrorWithItsFirstStep) {
  const std::vector<Finding> findings = Check(
      "  schedule { field: \"beta1\" follow { linear { initial_learning_rate: 0.5 "
      "end_learning_rate: 1.5 "
      "steps: 1000 } } }");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(findings[0].severity, Finding::kError);
  EXPECT_EQ(findings[0].code, "out-of-range");
  EXPECT_EQ(ToString(findings[0]),
            "run:9:29: at step 500 beta1 is 1, which must be finite and at least 0 and below 1 "
            "[optimizer.schedule[0].follow]");
  EXPECT_EQ(Say("  schedule { field: \"beta1\" follow { linear { initial_learning_rate: 0.5 "
                "end_learning_rate: 0.9 "
                "steps: 1000 } } }"),
            "");
}

TEST_F(RateChecks, FindsTheFirstStepOutOfRangeInAVeryLongRun) {
  const std::vector<Finding> findings = Check(
      "  schedule { field: \"beta1\" follow { piecewise_constant_decay { boundaries: 123456789 "
      "values: [0.9, 1] } } }",
      "epochs: 10000000");
  ASSERT_EQ(findings.size(), 1u);
  EXPECT_EQ(ToString(findings[0]),
            "run:9:29: at step 123456790 beta1 is 1, which must be finite and at least 0 and "
            "below 1 [optimizer.schedule[0].follow]");
}

TEST_F(RateChecks, SaysWhereTheRateJumps) {
  // A sequence whose second part was given another size.
  const auto sequence = [](const std::string& begin) {
    return "sequence { part { length: 500 schedule { linear { initial_learning_rate: 0.001 "
           "end_learning_rate: 0.1 "
           "steps: 500 } } } part { schedule { linear { initial_learning_rate: " +
           begin + " end_learning_rate: 0.0001 steps: 500 } } } }";
  };
  const std::string said = SayOfRate(sequence("0.001"));
  EXPECT_EQ(said,
            "run:9:3: the rate jumps from 0.099802 at step 499 to 0.001 at step 500, by a factor "
            "of 99.8 [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate(sequence("0.1")), "");
}

TEST_F(RateChecks, TheWayUpFromNearZeroIsNoJump) {
  const auto warmup = [](const std::string& shape) {
    return "warmup { steps: 100 from: 1e-6 " + shape +
           " then { cosine_decay { initial_learning_rate: 0.1 decay_steps: 900 } } }";
  };
  EXPECT_EQ(SayOfRate(warmup("")), "");
  EXPECT_EQ(SayOfRate(warmup("shape: COSINE")), "");
  // What rises once is one.
  EXPECT_EQ(SayOfRate("sequence { part { length: 10 schedule { constant: 0.001 } } part { schedule "
                      "{ cosine_decay { initial_learning_rate: 0.1 decay_steps: 990 } } } }"),
            "run:9:3: the rate jumps from 0.001 at step 9 to 0.1 at step 10, by a factor of 100 "
            "[optimizer.learning_rate]\n");
}

TEST_F(RateChecks, StepsMayBeLarger) {
  const auto steps = [](const std::string& value) {
    return "piecewise_constant_decay { boundaries: 800 values: [0.1, " + value + "] }";
  };
  EXPECT_EQ(SayOfRate(steps("0.002")), "");
  EXPECT_EQ(SayOfRate(steps("0.0002")),
            "run:9:3: the rate jumps from 0.1 at step 800 to 0.0002 at step 801, by a factor of "
            "500 [optimizer.learning_rate]\n");
}

TEST_F(RateChecks, FindsAJumpInAVeryLongRun) {
  EXPECT_EQ(SayOfRate("piecewise_constant_decay { boundaries: 700000000 values: [0.1, 0.0001] }",
                      "epochs: 10000000"),
            "run:9:3: the rate jumps from 0.1 at step 700000000 to 0.0001 at step 700000001, by a "
            "factor of 1e+03 [optimizer.learning_rate]\n");
  // Steep, but without a jump.
  EXPECT_EQ(SayOfRate("exponential_decay { initial_learning_rate: 1 decay_steps: 1000000 "
                      "decay_rate: 0.5 end_learning_rate: 0.0001 }",
                      "max_steps: 20000000 epochs: 10000000"),
            "");
}

TEST_F(RateChecks, RestartsJumpOnPurpose) {
  EXPECT_EQ(
      SayOfRate("cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 250 }"), "");
  EXPECT_EQ(
      SayOfRate("polynomial_decay { initial_learning_rate: 0.1 decay_steps: 250 cycle: true }"),
      "");
  EXPECT_EQ(SayOfRate("repeat { schedule { linear { initial_learning_rate: 0.1 end_learning_rate: "
                      "0.0001 steps: "
                      "250 } } }"),
            "");
}

TEST_F(RateChecks, SaysThatTheScheduleEndsEarly) {
  const std::string decay = "decay_steps: 300 end_learning_rate: 0.001 }";
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 " + decay),
            "run:9:3: cosine_decay ends after 300 steps and the run has 1000 steps: its last value "
            "holds for the rest [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("clock: EPOCHS cosine_decay { initial_learning_rate: 0.1 decay_steps: 4.5 "
                      "end_learning_rate: 0.001 }"),
            "run:9:3: cosine_decay ends after 4.5 epochs (450 steps) and the run has 1000 steps: "
            "its last value holds for the rest [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 500 "
                      "end_learning_rate: 0.001 }"),
            "");
  // A warm-up is meant to end early.
  EXPECT_EQ(SayOfRate("linear { initial_learning_rate: 0.001 end_learning_rate: 0.1 steps: 50 }"),
            "");
}

TEST_F(RateChecks, SaysThatTheScheduleIsCutOff) {
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 1101 }"),
            "run:9:3: cosine_decay ends after 1101 steps and the run has 1000 steps: its last part "
            "is never reached [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 1100 }"), "");
  EXPECT_EQ(SayOfRate("clock: EXAMPLES cosine_decay { initial_learning_rate: 0.1 decay_steps: "
                      "2000 }"),
            "run:9:3: cosine_decay ends after 2000 examples (2000 steps) and the run has 1000 "
            "steps: its last part is never reached [optimizer.learning_rate]\n");
}

TEST_F(RateChecks, SaysThatEpochsWereMeant) {
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 10 "
                      "end_learning_rate: 0.01 }"),
            "run:9:3: cosine_decay ends after 10 steps, and the run has 1000 of them (10 epochs); "
            "if epochs were meant, write clock: EPOCHS [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 60 "
                      "end_learning_rate: 0.01 }"),
            "run:9:3: cosine_decay ends after 60 steps, and the run has 1000 of them (10 epochs); "
            "if epochs were meant, write clock: EPOCHS [optimizer.learning_rate]\n");
  EXPECT_EQ(SayOfRate("clock: EPOCHS cosine_decay { initial_learning_rate: 0.1 decay_steps: 10 "
                      "end_learning_rate: 0.01 }"),
            "");
  // A warm-up within the first epoch; a run of one epoch.
  EXPECT_EQ(SayOfRate("linear { initial_learning_rate: 0.001 end_learning_rate: 0.1 steps: 60 }"),
            "");
  EXPECT_EQ(SayOfRate("cosine_decay { initial_learning_rate: 0.1 decay_steps: 60 "
                      "end_learning_rate: 0.01 }",
                      "epochs: 1"),
            "");
}

TEST_F(RateChecks, GroupsThatShareAScheduleAreToldOnce) {
  EXPECT_EQ(Check("  learning_rate { constant: 0 }\n"
                  "group { name: \"hidden\" match: \"hidden/.*\" }")
                .size(),
            1u);
}

TEST_F(RateChecks, ARunWithoutUpdatesHasNothingToSay) {
  EXPECT_EQ(SayOfRate("constant: 0", "epochs: 0"), "");
}

TEST(Summary, HoldsTheWarningsOfTheRates) {
  const absl::StatusOr<ModelSummary> summary = Summarize(
      *RunFile::Read("examples/tutorial_adam.pbtxt", {"optimizer.learning_rate=constant: 0"}));
  ASSERT_TRUE(summary.ok()) << summary.status();
  ASSERT_EQ(summary->warnings.size(), 1u);
  EXPECT_EQ(
      summary->warnings[0],
      "--set optimizer.learning_rate=constant: 0:11: the rate is 0 at every update, so nothing "
      "is learned [optimizer.learning_rate]");
}

TEST(Summary, TheExamplesHaveNoWarnings) {
  for (const char* name : {"tutorial_adam", "tutorial_exponential_decay", "tutorial_rmsprop",
                           "two_inputs_two_losses"}) {
    const absl::StatusOr<ModelSummary> summary =
        Summarize(*RunFile::Read(absl::StrCat("examples/", name, ".pbtxt")));
    ASSERT_TRUE(summary.ok()) << summary.status();
    EXPECT_EQ(summary->warnings, std::vector<std::string>()) << name;
  }
}

}  // namespace
}  // namespace gradus
