// The timeline against a loop that takes one batch after another.

#include "gradus/train/timeline.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>

namespace gradus {
namespace {

constexpr Clock kClocks[] = {STEPS, EPOCHS, WHOLE_EPOCHS, EXAMPLES, RUN};

Timeline::Plan PlanOf(int64_t per_epoch, int64_t per_update, absl::optional<int64_t> epochs = {},
                      absl::optional<int64_t> max_steps = {}) {
  Timeline::Plan plan;
  plan.examples_per_epoch = per_epoch;
  plan.examples_per_update = per_update;
  plan.epochs = epochs;
  plan.max_steps = max_steps;
  return plan;
}

// Takes a batch: the last one of an epoch has what is left.
void Advance(int64_t per_epoch, int64_t per_update, Progress* at) {
  const int64_t rows = std::min(per_update, per_epoch - at->offset);
  ++at->update;
  at->examples += rows;
  at->offset += rows;
  if (at->offset < per_epoch) return;
  at->offset = 0;
  ++at->epoch;
}

void ExpectEqual(const Progress& got, const Progress& want) {
  EXPECT_EQ(got.update, want.update);
  EXPECT_EQ(got.examples, want.examples) << "at update " << want.update;
  EXPECT_EQ(got.epoch, want.epoch) << "at update " << want.update;
  EXPECT_EQ(got.offset, want.offset) << "at update " << want.update;
}

// A run whose pace changes at some updates: counted, and as the timeline has it.
struct Counted {
  Counted(const Timeline::Plan& plan, const std::vector<std::pair<int64_t, int64_t>>& changes,
          int64_t updates)
      : timeline(plan) {
    Progress at;
    int64_t per_update = plan.examples_per_update;
    size_t change = 0;
    for (int64_t k = 0; k <= updates; ++k) {
      if (change < changes.size() && changes[change].first == k) {
        per_update = changes[change++].second;
        timeline.ChangePace(at, per_update);
      }
      progress.push_back(at);
      Advance(plan.examples_per_epoch, per_update, &at);
    }
  }
  Timeline timeline;
  std::vector<Progress> progress;
};

// Divisible, a short last batch, an update that is larger than an epoch, updates of one example;
// paces that change at and between the ends of epochs, several times in one epoch and back again.
std::vector<Counted> Runs() {
  return {
      Counted(PlanOf(12, 4, 9), {}, 60),
      Counted(PlanOf(10, 4, 7), {}, 60),
      Counted(PlanOf(10, 16, 40), {}, 60),
      Counted(PlanOf(7, 1, 5), {}, 60),
      Counted(PlanOf(10, 4, 12), {{3, 2}}, 60),
      Counted(PlanOf(10, 4, 12), {{1, 3}, {2, 5}, {3, 1}, {9, 4}, {31, 7}}, 60),
      Counted(PlanOf(10, 4, 12, 25), {{5, 16}, {6, 4}}, 60),
      Counted(PlanOf(10, 4, 12, 200), {{5, 16}, {6, 4}}, 60),
      Counted(PlanOf(10, 4, 12), {{0, 5}, {4, 5}, {7, 4}}, 60),
  };
}

TEST(TimelineTest, StandsWhereALoopOverTheBatchesStands) {
  for (const Counted& run : Runs()) {
    for (const Progress& at : run.progress) ExpectEqual(run.timeline.At(at.update), at);
  }
}

TEST(TimelineTest, ReadsEveryClock) {
  for (const Counted& run : Runs()) {
    for (const Progress& at : run.progress) {
      const double per_epoch = static_cast<double>(run.timeline.plan().examples_per_epoch);
      EXPECT_EQ(run.timeline.Read(STEPS, at), at.update);
      EXPECT_EQ(run.timeline.Read(EXAMPLES, at), at.examples);
      EXPECT_EQ(run.timeline.Read(WHOLE_EPOCHS, at), at.epoch);
      // One rounding apart: a sum of two, and one quotient.
      EXPECT_NEAR(run.timeline.Read(EPOCHS, at), at.examples / per_epoch, 1e-14);
    }
  }
}

TEST(TimelineTest, AnUpdateIsTheSameTimeOnEveryClock) {
  for (const Counted& run : Runs()) {
    for (const Progress& at : run.progress) {
      for (Clock from : kClocks) {
        // Whole epochs do not say where in the epoch one is.
        if (from == WHOLE_EPOCHS && at.offset != 0) continue;
        for (Clock to : kClocks) {
          ASSERT_EQ(run.timeline.WhyNotConvert(from, to), "");
          const double want = run.timeline.Read(to, at);
          EXPECT_NEAR(run.timeline.Convert(run.timeline.Read(from, at), from, to), want,
                      1e-12 * std::max(1.0, want))
              << "update " << at.update << " from " << Clock_Name(from) << " to " << Clock_Name(to);
        }
      }
    }
  }
}

TEST(TimelineTest, BetweenUpdatesTimesGoOnStraightLinesAndBack) {
  for (const Counted& run : Runs()) {
    for (size_t k = 0; k + 1 < run.progress.size(); ++k) {
      for (double part : {0.25, 0.5, 0.9}) {
        const double step = static_cast<double>(k) + part;
        for (Clock clock : {EPOCHS, EXAMPLES, RUN}) {
          const double before = run.timeline.Read(clock, run.progress[k]);
          const double after = run.timeline.Read(clock, run.progress[k + 1]);
          const double there = run.timeline.Convert(step, STEPS, clock);
          EXPECT_NEAR(there, before + part * (after - before), 1e-12 * std::max(1.0, after));
          EXPECT_NEAR(run.timeline.Convert(there, clock, STEPS), step, 1e-9);
        }
        EXPECT_EQ(run.timeline.Convert(step, STEPS, WHOLE_EPOCHS),
                  static_cast<double>(run.progress[k].epoch));
      }
    }
  }
}

TEST(TimelineTest, ALaterChangeOfPaceLeavesWhatIsPastAsItWas) {
  Timeline timeline(PlanOf(10, 4, 3));
  const Progress at = timeline.At(4);
  const double before = timeline.Convert(3.5, STEPS, EPOCHS);
  timeline.ChangePace(at, 2);
  EXPECT_EQ(timeline.Convert(3.5, STEPS, EPOCHS), before);
  ExpectEqual(timeline.At(4), at);
  EXPECT_EQ(timeline.At(5).examples, at.examples + 2);
}

TEST(TimelineTest, ARunThatWentBackForgetsThePacesThatItHadLater) {
  Timeline timeline(PlanOf(100, 10));
  const Progress third = timeline.At(3);
  timeline.ChangePace(timeline.At(5), 20);
  // The same number as the one that is forgotten, from earlier on.
  timeline.ChangePace(third, 20);
  ASSERT_EQ(timeline.paces().size(), 2u);
  EXPECT_EQ(timeline.At(4).examples, 50);
  // Back to the pace before: nothing is left of the change.
  timeline.ChangePace(timeline.At(2), 10);
  ASSERT_EQ(timeline.paces().size(), 1u);
  EXPECT_EQ(timeline.At(6).examples, 60);
}

TEST(TimelineTest, KeepsThePacesOfACheckpoint) {
  Timeline one(PlanOf(10, 4, 9));
  one.ChangePace(one.At(5), 3);
  Timeline other(PlanOf(10, 3, 9));
  other.set_paces(one.paces());
  for (int64_t k = 0; k < 40; ++k) ExpectEqual(other.At(k), one.At(k));
  EXPECT_EQ(other.total_steps(), one.total_steps());
}

TEST(TimelineTest, CountsTheUpdatesOfTheRun) {
  EXPECT_EQ(Timeline(PlanOf(10, 4, 7)).total_steps(), 21);
  EXPECT_EQ(Timeline(PlanOf(60000, 128, 10)).total_steps(), 4690);
  EXPECT_EQ(Timeline(PlanOf(10, 4, 7, 20)).total_steps(), 20);
  EXPECT_EQ(Timeline(PlanOf(10, 4, 7, 22)).total_steps(), 21);
  EXPECT_EQ(Timeline(PlanOf(0, 0, {}, 20)).total_steps(), 20);
  EXPECT_EQ(Timeline(PlanOf(10, 4)).total_steps(), absl::nullopt);
  EXPECT_EQ(Timeline(PlanOf(0, 4, 7)).total_steps(), absl::nullopt);
  Timeline changed(PlanOf(10, 4, 7));
  changed.ChangePace(changed.At(3), 10);
  EXPECT_EQ(changed.total_steps(), 9);
}

TEST(TimelineTest, TheRunIsAFractionOfWhicheverEndComesFirst) {
  const Timeline epochs(PlanOf(10, 4, 2, 100)), steps(PlanOf(10, 4, 2, 5));
  // Half of the examples are seen after one epoch of three updates.
  EXPECT_EQ(epochs.Read(RUN, epochs.At(3)), 0.5);
  EXPECT_EQ(epochs.Read(RUN, epochs.At(6)), 1);
  EXPECT_EQ(steps.Read(RUN, steps.At(3)), 0.6);
  EXPECT_EQ(steps.Convert(0.6, RUN, STEPS), 3);
  EXPECT_EQ(epochs.Convert(0.5, RUN, STEPS), 3);
}

TEST(TimelineTest, SaysWhatIsNotKnown) {
  const Timeline nothing;
  EXPECT_EQ(nothing.WhyNotRead(STEPS), "");
  EXPECT_EQ(nothing.WhyNotRead(EXAMPLES), "");
  EXPECT_EQ(nothing.WhyNotRead(EPOCHS), "the number of training examples is not known");
  EXPECT_EQ(nothing.WhyNotRead(WHOLE_EPOCHS), "the number of training examples is not known");
  EXPECT_EQ(nothing.WhyNotRead(RUN), "the run has no end");
  EXPECT_EQ(Timeline(PlanOf(0, 4, 3)).WhyNotRead(RUN),
            "the number of training examples is not known");
  EXPECT_EQ(Timeline(PlanOf(10, 4, 0)).WhyNotRead(RUN), "the run has no updates");
  EXPECT_EQ(Timeline(PlanOf(10, 4, {}, 0)).WhyNotRead(RUN), "the run has no updates");

  const Timeline no_batch(PlanOf(10, 0, {}, 50));
  EXPECT_EQ(no_batch.WhyNotConvert(EPOCHS, STEPS),
            "epochs and steps need the number of examples per update, which is not known");
  EXPECT_EQ(no_batch.WhyNotConvert(EXAMPLES, RUN),
            "examples and the fraction of the run need the number of examples per update, which is "
            "not known");
  // What both count in updates, or both in examples, needs no batch size.
  EXPECT_EQ(no_batch.WhyNotConvert(STEPS, RUN), "");
  EXPECT_EQ(no_batch.Convert(25, STEPS, RUN), 0.5);
  EXPECT_EQ(no_batch.WhyNotConvert(EXAMPLES, EPOCHS), "");
  EXPECT_EQ(no_batch.Convert(25, EXAMPLES, EPOCHS), 2.5);
}

TEST(TimelineTest, WithoutAPlanOnlyUpdatesAreCounted) {
  const Progress at = Timeline().At(7);
  ExpectEqual(at, {7, 0, 0, 0});
  const Progress batches = Timeline(PlanOf(0, 8)).At(7);
  ExpectEqual(batches, {7, 56, 0, 0});
}

TEST(TimelineTest, CountsThatDoNotFitStayAtTheLargest) {
  constexpr int64_t kMost = std::numeric_limits<int64_t>::max();
  const Timeline none(PlanOf(0, 128)), huge(PlanOf(60000, 1, int64_t{9000000000000000}));
  EXPECT_EQ(none.At(kMost).examples, kMost);
  EXPECT_EQ(huge.total_steps(), kMost);
  // Every update has its epoch even where examples are past counting.
  const Timeline large(PlanOf(60000, 60000));
  EXPECT_EQ(large.At(kMost - 1).epoch, kMost - 1);
  EXPECT_EQ(large.At(kMost - 1).examples, kMost);
  for (const Timeline* timeline : {&none, &huge, &large}) {
    for (double time : {9e15, 1e18, 9.3e18, 1e30}) {
      for (Clock clock : {EXAMPLES, EPOCHS}) {
        if (!timeline->WhyNotRead(clock).empty()) continue;
        EXPECT_TRUE(std::isfinite(timeline->Convert(time, STEPS, clock)));
        EXPECT_TRUE(std::isfinite(timeline->Convert(time, clock, STEPS)));
      }
    }
  }
  const Timeline wide(PlanOf(kMost, kMost - 1, kMost));
  EXPECT_EQ(wide.At(1).offset, kMost - 1);
  EXPECT_EQ(wide.At(2).epoch, 1);
}

TEST(TimelineTest, WhatHasNoEndHasNoneOnAnyClock) {
  const Timeline timeline(PlanOf(10, 4, 3));
  const double infinity = std::numeric_limits<double>::infinity();
  for (Clock from : kClocks) {
    for (Clock to : kClocks) EXPECT_EQ(timeline.Convert(infinity, from, to), infinity);
  }
}

TEST(SnapToWholeTest, RoundsOnlyWhatIsARoundingAway) {
  double sum = 0;
  for (int i = 0; i < 30; ++i) sum += 0.1;
  EXPECT_NE(sum, 3);
  EXPECT_EQ(SnapToWhole(sum), 3);
  EXPECT_EQ(SnapToWhole(2.999999), 2.999999);
  // A third of an update at the billionth is no rounding.
  EXPECT_EQ(SnapToWhole(1e9 + 1.0 / 3), 1e9 + 1.0 / 3);
  EXPECT_EQ(SnapToWhole(0), 0);
}

}  // namespace
}  // namespace gradus
