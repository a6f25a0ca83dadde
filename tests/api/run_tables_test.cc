// A run keeps to the tables that it began with: one that has changed since, or is gone, is an error
// wherever the run is taken up again.

#include "gradus/api/run_tables.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/explain_rate.h"
#include "gradus/api/rate_request.h"
#include "tests/api/rate_testing.h"

namespace gradus {
namespace {

constexpr char kTable[] = "time,value\n0,0.5\n100,0.25\n";
constexpr char kOther[] = "time,value\n0,0.5\n100,0.125\n";
constexpr char kChanged[] = " is not what it was when the run took it; put it back as it was, or let "
                            "the run go on with another: gradus train --resume RUN --set "
                            "optimizer.learning_rate.table.path=FILE";

std::string Table(const std::string& name, const std::string& text = kTable) {
  const std::string path = EmptyFolder(name);
  EXPECT_TRUE(WriteFile(path, text).ok());
  return path;
}

std::string Checkpoint(const std::string& run) {
  std::vector<std::string> skipped;
  const auto path = NewestCheckpoint(run + "/checkpoints", &skipped);
  EXPECT_TRUE(path.ok()) << path.status();
  return path.ok() ? *path : "";
}

// Everything that takes a run up again.
std::vector<absl::Status> TakenUp(const std::string& run) {
  return {Trainer::Resume(Checkpoint(run)).status(), ExplainRate(run).status(),
          RequestRate(run, Command("scale: 0.5"), absl::Duration()).status(),
          Trainer::FromFile(run + "/run.pbtxt").status()};
}

std::string StoppedRun(const std::string& name, const std::string& table) {
  const std::string path = EmptyFolder(name);
  FolderRun run = FolderRun::Start(
      path, {absl::StrCat("optimizer.learning_rate={ table { path: \"", table, "\" } }")});
  StopAfter stop(20);
  EXPECT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
  return path;
}

TEST(RunTables, OneThatHasChangedOrIsGoneIsAnErrorThatNamesIt) {
  const std::string table = Table("rates.csv"), run = StoppedRun("table", table);
  EXPECT_TRUE(absl::StrContains(Text(run + "/run.pbtxt"), "crc32: "));
  for (const absl::Status& status : TakenUp(run)) EXPECT_TRUE(status.ok()) << status;
  ASSERT_TRUE(WriteFile(table, kOther).ok());
  for (const absl::Status& status : TakenUp(run)) {
    EXPECT_TRUE(absl::StrContains(status.message(), absl::StrCat("/rates.csv", kChanged))) << status;
  }
  ASSERT_TRUE(RemoveTree(table).ok());
  for (const absl::Status& status : TakenUp(run)) {
    EXPECT_TRUE(absl::StrContains(status.message(), "/rates.csv: No such file or directory; put it "
                                                    "back as it was, or let the run go on"))
        << status;
  }
  // The same content is the same table.
  ASSERT_TRUE(WriteFile(table, kTable).ok());
  for (const absl::Status& status : TakenUp(run)) EXPECT_TRUE(status.ok()) << status;
}

TEST(RunTables, ARunGoesOnWithAnotherWhenItIsToldTo) {
  const std::string run = StoppedRun("another", Table("first.csv"));
  const std::string other = Table("second.csv", kOther);
  const std::vector<std::string> settings = {"optimizer.learning_rate.table.path=" + other};
  const auto trainer = Trainer::Resume(Checkpoint(run), {}, settings);
  ASSERT_TRUE(trainer.ok()) << trainer.status();
  const auto rate = [](const Trainer& of) { return of.step().numbers().ScheduleAt(0, {100}); };
  EXPECT_EQ(rate(**trainer), 0.125);
  // What is recorded of it holds it to the new one.
  std::vector<std::string> recorded = settings;
  const std::vector<std::string>& sealed = (*trainer)->sealed_tables();
  ASSERT_EQ(sealed.size(), 2u);
  EXPECT_TRUE(absl::StartsWith(sealed[0], "optimizer.learning_rate.table.path=/")) << sealed[0];
  recorded.insert(recorded.end(), sealed.begin(), sealed.end());
  const auto again = Trainer::FromFile(run + "/run.pbtxt", recorded);
  ASSERT_TRUE(again.ok()) << again.status();
  EXPECT_EQ(rate(**again), 0.125);
  EXPECT_TRUE((*again)->sealed_tables().empty());
  ASSERT_TRUE(WriteFile(other, kTable).ok());
  EXPECT_TRUE(absl::StrContains(
      Trainer::FromFile(run + "/run.pbtxt", recorded).status().message(), kChanged));
}

TEST(RunTables, OneOfACommandIsKeptToo) {
  const std::string table = Table("command.csv"), path = EmptyFolder("commanded");
  {
    FolderRun run = FolderRun::Start(path);
    ASSERT_TRUE(run.trainer
                    ->Command(Command(absl::StrCat("jump: true schedule { table { path: \"", table,
                                                   "\" } }")))
                    .ok());
    StopAfter stop(20);
    ASSERT_EQ(*run.Go({&stop}), LoopEnd::kStopped);
  }
  for (const absl::Status& status : TakenUp(path)) EXPECT_TRUE(status.ok()) << status;
  ASSERT_TRUE(WriteFile(table, kOther).ok());
  EXPECT_TRUE(absl::StrContains(
      Trainer::Resume(Checkpoint(path)).status().message(),
      "/command.csv is not what it was when the run took it; put it back as it was"));
  EXPECT_TRUE(absl::StrContains(ExplainRate(path).status().message(), "/command.csv is not what"));
  // Of `gradus rate`: whole before it reaches the run.
  const auto schedule = ParseRunSchedule(
      path, absl::StrCat("table { path: \"", Table("asked.csv"), "\" }"), "--schedule");
  ASSERT_TRUE(schedule.ok()) << schedule.status();
  EXPECT_NE(schedule->table().crc32(), 0u);
}

TEST(RunTables, AreSealedWhereverTheyStandAndOnce) {
  const std::string table = Table("nested.csv");
  RunConfig config;
  auto* factor = config.mutable_optimizer()->add_group()->mutable_learning_rate();
  factor->mutable_product()->add_factor()->set_constant(1);
  factor->mutable_product()->add_factor()->mutable_table()->set_path(table);
  const std::vector<std::string> sealed = SealTables(&config);
  ASSERT_EQ(sealed.size(), 2u);
  EXPECT_TRUE(absl::StartsWith(
      sealed[1], "optimizer.group[0].learning_rate.product.factor[1].table.crc32="))
      << sealed[1];
  EXPECT_TRUE(SealTables(&config).empty());
  factor->mutable_product()->add_factor()->mutable_table()->set_path(table + ".no");
  EXPECT_TRUE(SealTables(&config).empty());
  EXPECT_EQ(WithoutOldSeals({"a.table.path=x", "b.path=table.path"}),
            (std::vector<std::string>{"a.table.path=x", "a.table.crc32=0", "b.path=table.path"}));
}

}  // namespace
}  // namespace gradus
