// Rungs and brackets by hand, what may run when, and the ranking.

#include "gradus/api/sweep_plan.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_join.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

// "9@1 3@3 1@9 | 5@3 1@9": trials @ epochs of the rungs of each bracket.
std::string Show(const absl::StatusOr<std::vector<SweepBracket>>& brackets) {
  if (!brackets.ok()) return std::string(brackets.status().message());
  std::vector<std::string> texts;
  for (const SweepBracket& bracket : *brackets) {
    texts.push_back(absl::StrJoin(bracket.rungs, " ", [](std::string* out, const SweepRung& rung) {
      absl::StrAppend(out, rung.trials, "@", rung.epochs);
    }));
  }
  return absl::StrJoin(texts, " | ");
}

TEST(Brackets, GridAndRandomTrainAllTrialsToTheEnd) {
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kGrid, 12, 50, 1, 3)), "12@50");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kRandom, 5, 1, 1, 3)), "5@1");
}

TEST(Brackets, HalvingKeepsOneOfEta) {
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 9, 9, 1, 3)), "9@1 3@3 1@9");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 16, 8, 1, 2)), "16@1 8@2 4@4 2@8");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 10, 100, 10, 3)), "10@11 3@33 1@100");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 2, 9, 1, 3)), "2@1 1@3 1@9");
}

TEST(Brackets, HalvingWithoutANumberLeavesOne) {
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 0, 81, 1, 3)), "81@1 27@3 9@9 3@27 1@81");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 0, 20, 2, 3)), "9@2 3@6 1@20");
}

// Li et al. 2018, table 1.
TEST(Brackets, HyperbandIsThatOfThePaper) {
  const auto brackets = PlanBrackets(SweepStrategy::kHyperband, 0, 81, 1, 3);
  EXPECT_EQ(Show(brackets),
            "81@1 27@3 9@9 3@27 1@81 | 34@3 11@9 3@27 1@81 | 15@9 5@27 1@81 | 8@27 2@81 | 5@81");
  EXPECT_EQ(CountTrials(*brackets), 143);
  EXPECT_EQ((*brackets)[2].first_trial, 115);
  // 81 + 27 * 2 + 9 * 6 + 3 * 18 + 1 * 54 epochs and so on: a rung goes on where the last ended.
  EXPECT_EQ(CountEpochs(*brackets), 297 + (34 * 3 + 11 * 6 + 3 * 18 + 54) +
                                        (15 * 9 + 5 * 18 + 54) + (8 * 27 + 2 * 54) + 5 * 81);
}

TEST(Brackets, NonsenseIsRefused) {
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 9, 2, 1, 3)),
            "run.epochs 2 leaves no room for a first rung: halving with eta 3 and min_epochs 1 "
            "needs at least 3");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHyperband, 0, 9, 4, 3)),
            "run.epochs 9 leaves no room for a first rung: hyperband with eta 3 and min_epochs 4 "
            "needs at least 12");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 9, 9, 1, 1)), "eta 1 must be at least 2");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 9, 9, 0, 3)),
            "min_epochs 0 must be at least 1");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kRandom, 10001, 9, 1, 3)),
            "the plan has more than 10000 trials");
  EXPECT_EQ(Show(PlanBrackets(SweepStrategy::kHalving, 0, 1LL << 60, 1, 2)),
            "the plan has more than 10000 trials");
  EXPECT_EQ(ParseSweepStrategy("bayes").status().message(),
            "no strategy is called \"bayes\"; there are grid, random, halving and hyperband");
}

// ---- What may run.

// A trial with one measurement an epoch.
TrialRecord Trial(TrialRecord::State state, const std::vector<double>& values) {
  TrialRecord record;
  record.state = state;
  record.epochs = static_cast<int64_t>(values.size());
  for (size_t i = 0; i < values.size(); ++i) {
    record.measures.push_back({static_cast<int64_t>(i) + 1, values[i]});
  }
  return record;
}

// "0>3 1>end": trial > epochs.
std::string Tasks(const std::vector<SweepBracket>& brackets, std::vector<TrialRecord>* records,
                  Direction direction = MIN) {
  return absl::StrJoin(OpenTasks(brackets, direction, records), " ",
                       [](std::string* out, const SweepTask& task) {
                         absl::StrAppend(out, task.trial, ">",
                                         task.to_end ? "end" : absl::StrCat(task.epochs));
                       });
}

std::string States(const std::vector<TrialRecord>& records) {
  return absl::StrJoin(records, " ", [](std::string* out, const TrialRecord& record) {
    absl::StrAppend(out, Name(record.state));
  });
}

TEST(OpenTasks, OfAGridAreAllThatHaveNotEnded) {
  const auto brackets = *PlanBrackets(SweepStrategy::kGrid, 4, 2, 1, 3);
  std::vector<TrialRecord> records = {
      Trial(TrialRecord::kFinished, {1, 2}), Trial(TrialRecord::kFailed, {}),
      Trial(TrialRecord::kStopped, {1, 2}), Trial(TrialRecord::kWaiting, {})};
  EXPECT_EQ(Tasks(brackets, &records), "2>end 3>end");
}

TEST(OpenTasks, ARungWaitsForAllOfTheLast) {
  const auto brackets = *PlanBrackets(SweepStrategy::kHalving, 4, 4, 1, 2);  // 4@1 2@2 1@4
  std::vector<TrialRecord> records(4);
  EXPECT_EQ(Tasks(brackets, &records), "0>1 1>1 2>1 3>1");
  records[0] = Trial(TrialRecord::kStopped, {4});
  records[1] = Trial(TrialRecord::kStopped, {2});
  records[2] = Trial(TrialRecord::kStopped, {3});
  records[3] = Trial(TrialRecord::kRunning, {1});
  EXPECT_EQ(Tasks(brackets, &records), "3>1");
  records[3].state = TrialRecord::kStopped;
  EXPECT_EQ(Tasks(brackets, &records), "1>2 3>2");
  EXPECT_EQ(States(records), "halted stopped halted stopped");
  records[1] = Trial(TrialRecord::kStopped, {2, 0.5});
  EXPECT_EQ(Tasks(brackets, &records), "3>2");
  records[3] = Trial(TrialRecord::kStopped, {1, 5});
  EXPECT_EQ(Tasks(brackets, &records), "1>end");
  records[1] = Trial(TrialRecord::kFinished, {2, 0.5, 7, 7});
  EXPECT_EQ(Tasks(brackets, &records), "");
  EXPECT_EQ(States(records), "halted finished halted halted");
}

TEST(OpenTasks, ARungIsDecidedByWhatWasMeasuredUpToItHoweverFarATrialIs) {
  const auto brackets = *PlanBrackets(SweepStrategy::kHalving, 2, 4, 1, 2);
  // After a resume the first one has gone on already; at the rung the other was better.
  std::vector<TrialRecord> records = {Trial(TrialRecord::kStopped, {3, 0.1}),
                                      Trial(TrialRecord::kStopped, {2})};
  EXPECT_EQ(Tasks(brackets, &records), "1>2");
}

TEST(OpenTasks, UpIsBetterWhenTheDirectionSaysSo) {
  const auto brackets = *PlanBrackets(SweepStrategy::kHalving, 2, 2, 1, 2);
  std::vector<TrialRecord> records = {Trial(TrialRecord::kStopped, {0.5}),
                                      Trial(TrialRecord::kStopped, {0.6})};
  EXPECT_EQ(Tasks(brackets, &records, MAX), "1>end");
}

TEST(OpenTasks, WhatFailsOrHasNoValueDoesNotGoOn) {
  const auto brackets = *PlanBrackets(SweepStrategy::kHalving, 6, 9, 3, 3);  // 6@3 2@9
  std::vector<TrialRecord> records = {
      Trial(TrialRecord::kFailed, {0.1}),           Trial(TrialRecord::kStopped, {kNan, kNan, kNan}),
      Trial(TrialRecord::kStopped, {5, 5, kNan}),   Trial(TrialRecord::kFailed, {}),
      Trial(TrialRecord::kFailed, {}),              Trial(TrialRecord::kFailed, {})};
  EXPECT_EQ(Tasks(brackets, &records), "2>end");
  EXPECT_EQ(States(records), "failed halted stopped failed failed failed");
}

TEST(OpenTasks, OneThatEndedEarlySurvivesAsItStands) {
  const auto brackets = *PlanBrackets(SweepStrategy::kHalving, 3, 9, 3, 3);  // 3@3 1@9
  std::vector<TrialRecord> records = {Trial(TrialRecord::kFinished, {1}),
                                      Trial(TrialRecord::kStopped, {2, 2, 2}),
                                      Trial(TrialRecord::kStopped, {3, 3, 3})};
  EXPECT_EQ(Tasks(brackets, &records), "");
  EXPECT_EQ(States(records), "finished halted halted");
}

TEST(OpenTasks, BracketsDoNotWaitForEachOther) {
  const auto brackets = *PlanBrackets(SweepStrategy::kHyperband, 0, 3, 1, 3);  // 3@1 1@3 | 2@3
  std::vector<TrialRecord> records(5);
  EXPECT_EQ(Tasks(brackets, &records), "0>1 1>1 2>1 3>end 4>end");
}

// ---- Ranking.

TEST(Ranking, TheBestFirstThenWithoutAValueThenFailed) {
  const std::vector<TrialRecord> records = {
      Trial(TrialRecord::kFailed, {0.01}),         Trial(TrialRecord::kFinished, {kNan}),
      Trial(TrialRecord::kFinished, {3, 1, 2}),    Trial(TrialRecord::kHalted, {0.5}),
      Trial(TrialRecord::kWaiting, {}),            Trial(TrialRecord::kFinished, {kNan, 1, kNan}),
      Trial(TrialRecord::kFailed, {})};
  EXPECT_EQ(RankTrials(records, MIN), (std::vector<int64_t>{3, 2, 5, 1, 4, 0, 6}));
  EXPECT_EQ(RankTrials(records, MAX), (std::vector<int64_t>{2, 5, 3, 1, 4, 0, 6}));
  EXPECT_EQ(BestTrial(records, MIN), 3);
  EXPECT_EQ(records[2].Best(MIN), 1);
  EXPECT_EQ(records[2].Best(MIN, 1), 3);
  EXPECT_EQ(records[2].Best(MAX), 3);
  EXPECT_EQ(records[2].Last(), 2);
  EXPECT_TRUE(std::isnan(records[5].Last()));
  EXPECT_TRUE(std::isnan(records[4].Last()));
}

TEST(Ranking, ThereMayBeNoBest) {
  EXPECT_EQ(BestTrial({}, MIN), -1);
  EXPECT_EQ(BestTrial({Trial(TrialRecord::kFailed, {1}), Trial(TrialRecord::kFinished, {kNan})}, MIN),
            -1);
}

}  // namespace
}  // namespace gradus
