// Updates that are left out because something in them is not finite.

#include <gtest/gtest.h>

#include <cstring>
#include <limits>

#include "absl/strings/match.h"
#include "gradus/train/non_finite.h"
#include "tests/train/train_testing.h"

namespace gradus {
namespace {

constexpr int64_t kRows = 16;

struct Examples {
  std::vector<float> x, label;
};

Examples Draw(float shift) {
  Examples examples;
  for (int i = 0; i < kRows; ++i) {
    const float t = static_cast<float>(i) / kRows + shift;
    examples.x.insert(examples.x.end(), {t, 1 - 2 * t});
    examples.label.push_back(i % 3 == 0 ? 1.f : 0.f);
  }
  return examples;
}

Examples Bad() {
  Examples examples = Draw(0.3f);
  examples.x[7] = std::numeric_limits<float>::quiet_NaN();
  return examples;
}

std::unique_ptr<TestRun> Make(const std::string& more) {
  // Rates that differ from update to update, and a state that a batch changes.
  return MakeRun(absl::StrCat("optimizer { adam {} learning_rate { exponential_decay { "
                              "initial_learning_rate: 0.1 decay_steps: 1 decay_rate: 0.5 } } ",
                              more, " } run { epochs: 5 }"),
                 true);
}

absl::Status Step(TestRun* run, const Examples& examples, StepReport* report) {
  const void* inputs[] = {examples.x.data(), examples.label.data()};
  return run->step->Run(inputs, kRows, &run->state, report);
}

std::vector<float> Weights(const TestRun& run) {
  const ParameterStore& store = run.state.store;
  return {store.weights(), store.weights() + store.floats()};
}

TEST(SkipNonFiniteTest, ARunIsWhatItWouldBeWithoutTheBatch) {
  auto skips = Make("skip_non_finite {}");
  auto plain = Make("");
  StepReport report;
  ASSERT_TRUE(Step(skips.get(), Draw(0), &report).ok());
  EXPECT_EQ(report.skipped, "");
  ASSERT_TRUE(Step(skips.get(), Bad(), &report).ok());
  EXPECT_TRUE(absl::StartsWith(report.skipped, "step 2: the loss is not finite")) << report.skipped;
  EXPECT_EQ(report.step, 1);
  EXPECT_EQ(skips->state.progress.update, 1);
  EXPECT_EQ(skips->state.progress.examples, 2 * kRows);
  ASSERT_TRUE(Step(skips.get(), Draw(0.1f), &report).ok());
  EXPECT_EQ(report.learning_rate, 0.05);
  ASSERT_TRUE(Step(plain.get(), Draw(0), &report).ok());
  ASSERT_TRUE(Step(plain.get(), Draw(0.1f), &report).ok());
  EXPECT_EQ(Weights(*skips), Weights(*plain));
  const int64_t states = plain->state.store.state_layout().floats();
  ASSERT_GT(states, 0);
  EXPECT_EQ(std::memcmp(skips->state.store.states(), plain->state.store.states(),
                        static_cast<size_t>(states) * sizeof(float)),
            0);
}

TEST(SkipNonFiniteTest, WithoutItSuchAnUpdateIsAnError) {
  auto plain = Make("");
  StepReport report;
  EXPECT_TRUE(IsNonFinite(Step(plain.get(), Bad(), &report)));
}

TEST(SkipNonFiniteTest, TooManyInARowAreAnErrorAlsoAfterAResume) {
  const std::string folder = FreshFolder("skip");
  auto run = Make("skip_non_finite { most_in_a_row: 2 }");
  StepReport report;
  ASSERT_TRUE(Step(run.get(), Bad(), &report).ok());
  ASSERT_TRUE(Step(run.get(), Bad(), &report).ok());
  ASSERT_TRUE(Step(run.get(), Draw(0), &report).ok());  // The count begins again.
  ASSERT_TRUE(Step(run.get(), Bad(), &report).ok());
  ASSERT_TRUE(Step(run.get(), Bad(), &report).ok());
  const auto path = SaveCheckpoint(folder, run->state, run->options.context, 1);
  ASSERT_TRUE(path.ok()) << path.status();
  const std::string before = Bytes(run->state);
  const absl::Status status = Step(run.get(), Bad(), &report);
  EXPECT_TRUE(IsNonFinite(status)) << status;
  auto resumed = Make("skip_non_finite { most_in_a_row: 2 }");
  ASSERT_TRUE(
      LoadCheckpoint(*path, resumed->step->numbers(), *resumed->watcher, &resumed->state).ok());
  EXPECT_TRUE(Bytes(resumed->state) == before);
  EXPECT_TRUE(IsNonFinite(Step(resumed.get(), Bad(), &report)));
}

// Says what it was told.
class Listens final : public TrainObserver {
 public:
  absl::Status OnStep(const StepReport&, const TrainState&) override {
    ++steps;
    return absl::OkStatus();
  }
  absl::Status OnSkip(const std::string&) override {
    ++skipped;
    return absl::OkStatus();
  }
  int steps = 0, skipped = 0;
};

TEST(SkipNonFiniteTest, ALoopGoesOnWithTheNextBatch) {
  auto run = Make("skip_non_finite {}");
  // A weight that is no number spoils every batch: they are skipped until there are too many.
  run->state.store.weights()[0] = std::numeric_limits<float>::quiet_NaN();
  Listens listens;
  TrainObserver* const observers[] = {&listens};
  EXPECT_TRUE(IsNonFinite(run->Go(observers).status()));
  EXPECT_EQ(listens.steps, 0);
  EXPECT_EQ(listens.skipped, 10);
}

}  // namespace
}  // namespace gradus
