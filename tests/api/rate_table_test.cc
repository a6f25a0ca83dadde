// Rates ahead of time are the rates of the run.

#include "gradus/api/rate_table.h"

#include <gtest/gtest.h>

#include <limits>
#include <thread>

#include "absl/strings/match.h"
#include "tests/api/api_testing.h"

namespace gradus {
namespace {

TrainerOptions SmallData() {
  const Points points = MakePoints(20);  // Two batches of 8 and one of 4.
  TrainerOptions options;
  options.datasets["points"] = *MakeMemoryDataset({{"x", points.x}, {"y", points.y}});
  return options;
}

absl::StatusOr<RateTable> TableOf(const std::vector<std::string>& settings, bool all = false) {
  absl::StatusOr<RunFile> file = RunFile::Parse(SmallRun(), "small", settings);
  if (!file.ok()) return file.status();
  return RateTable::OfRun(*std::move(file), all, SmallData());
}

class Rates final : public TrainObserver {
 public:
  absl::Status OnStep(const StepReport& report, const TrainState&) override {
    seen.push_back(report.learning_rate);
    return absl::OkStatus();
  }
  std::vector<double> seen;
};

TEST(RateTable, IsWhatTrainingUses) {
  const std::vector<std::string> settings = {
      "optimizer.learning_rate=clock: EPOCHS cosine_decay { initial_learning_rate: 0.1 "
      "decay_steps: 3 }"};
  const auto trainer = SmallTrainer(settings);
  Rates rates;
  TrainObserver* const observers[] = {&rates};
  ASSERT_TRUE(trainer->Train(observers).ok());
  ASSERT_EQ(rates.seen.size(), 9u);
  const absl::StatusOr<RateTable> table = TableOf(settings);
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->total_steps(), 9);
  for (int64_t step = 0; step < 9; ++step) {
    EXPECT_EQ(table->At(0, step), rates.seen[static_cast<size_t>(step)]) << step;
  }
  // An epoch of 20 examples in batches of 8, 8 and 4.
  EXPECT_NEAR(table->At(0, 1), 0.05 * (1 + std::cos(M_PI * 0.4 / 3)), 1e-15);
  EXPECT_NEAR(table->At(0, 3), 0.05 * (1 + std::cos(M_PI / 3)), 1e-15);
}

TEST(RateTable, HasARowForEachGroupWithParameters) {
  const absl::StatusOr<RateTable> table =
      TableOf({"optimizer.group=name: \"biases\" match: \".*/bias\" learning_rate_scale: 2"});
  ASSERT_TRUE(table.ok()) << table.status();
  const std::vector<RateRow> rows = table->Rows(std::vector<int64_t>{0, 5});
  ASSERT_EQ(rows.size(), 4u);
  EXPECT_EQ(rows[1].step, 0);
  EXPECT_EQ(rows[1].group, "biases");
  EXPECT_EQ(rows[1].field, "learning_rate");
  EXPECT_EQ(rows[1].rate, 0.02);
  EXPECT_EQ(rows[2].step, 5);
  EXPECT_EQ(rows[2].group, "default");
  EXPECT_EQ(rows[2].rate, 0.01);
  // A group that takes every parameter leaves none to "default".
  const absl::StatusOr<RateTable> taken = TableOf({"optimizer.group=name: \"all\" match: \".*\""});
  ASSERT_TRUE(taken.ok()) << taken.status();
  ASSERT_EQ(taken->columns().size(), 1u);
  EXPECT_EQ(taken->columns()[0].group, "all");
}

TEST(RateTable, AFrozenGroupHasNone) {
  const absl::StatusOr<RateTable> table =
      TableOf({"optimizer.group=name: \"biases\" match: \".*/bias\" frozen: true"}, true);
  ASSERT_TRUE(table.ok()) << table.status();
  for (const RateTable::Column& column : table->columns()) EXPECT_EQ(column.group, "default");
  EXPECT_FALSE(table->columns().empty());
}

TEST(RateTable, HasOtherNumbersWhenAskedForAll) {
  const std::vector<std::string> settings = {
      "optimizer.schedule=field: \"beta1\" follow { linear { initial_learning_rate: 0.5 "
      "end_learning_rate: 0.9 steps: 4 } }"};
  EXPECT_EQ(TableOf(settings)->columns().size(), 1u);
  const absl::StatusOr<RateTable> table = TableOf(settings, true);
  ASSERT_TRUE(table.ok()) << table.status();
  ASSERT_EQ(table->columns().size(), 2u);
  EXPECT_EQ(table->columns()[1].field, "beta1");
  EXPECT_NEAR(table->At(1, 2), 0.7, 1e-15);
  EXPECT_EQ(table->Series(StepRange{0, 9, 1})[1].name, "default beta1");
}

TEST(RateTable, NamesTheControllersThatMayChangeIt) {
  EXPECT_TRUE(TableOf({})->controllers().empty());
  const absl::StatusOr<RateTable> table =
      TableOf({"optimizer.controller=reduce_on_plateau { monitor: \"train/loss\" factor: 0.1 "
               "patience: 2 }"});
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_EQ(table->controllers(), std::vector<std::string>{"reduce_on_plateau"});
  EXPECT_EQ(table->At(0, 8), 0.01);
}

TEST(RateTable, OfATrainerHasWhatWasAskedForFromOutside) {
  const auto trainer = SmallTrainer();
  EXPECT_EQ(RateTable::Of(*trainer, false).At(0, 3), 0.01);
  RateCommand command;
  command.set_set(0.5);
  ASSERT_TRUE(trainer->Command(command).ok());
  const Points points = MakePoints(8);
  ASSERT_TRUE(trainer->Step({{"x", points.x}, {"y", points.y}}).ok());
  EXPECT_EQ(RateTable::Of(*trainer, false).At(0, 3), 0.5);
}

TEST(RateTable, ARunWithoutUpdatesHasNone) {
  EXPECT_EQ(TableOf({"run.epochs=0"})->total_steps(), 0);
  EXPECT_EQ(TableOf({"run.max_steps=0"})->total_steps(), 0);
  EXPECT_EQ(TableOf({"run.max_steps=4"})->total_steps(), 4);
}

TEST(RateTable, WithoutAnOptimizerIsAnError) {
  absl::StatusOr<RunFile> file = RunFile::Parse(
      "model { name: \"m\" input { name: \"x\" shape: 1 } layer { name: \"a\" input: \"x\" dense { "
      "units: 1 } } }",
      "small");
  const absl::StatusOr<RateTable> table = RateTable::OfRun(*std::move(file), false);
  EXPECT_EQ(table.status().message(),
            "the configuration has no optimizer { ... }, so there are no rates");
}

absl::StatusOr<RateTable> OfText(const std::string& text, const ScheduleTextOptions& options = {}) {
  return RateTable::OfText(text, "--text", options);
}

ScheduleTextOptions Counts(absl::optional<int64_t> steps_per_epoch,
                           absl::optional<int64_t> total_steps = {},
                           absl::optional<int64_t> batch_size = {}) {
  ScheduleTextOptions options;
  options.steps_per_epoch = steps_per_epoch;
  options.total_steps = total_steps;
  options.batch_size = batch_size;
  return options;
}

TEST(RateTableOfText, NeedsNoRun) {
  // tf.keras.optimizers.schedules.CosineDecayRestarts(0.1, 3)
  const absl::StatusOr<RateTable> table =
      OfText("cosine_decay_restarts { initial_learning_rate: 0.1 first_decay_steps: 3 t_mul: 2 }");
  ASSERT_TRUE(table.ok()) << table.status();
  EXPECT_FALSE(table->total_steps().has_value());
  ASSERT_EQ(table->columns().size(), 1u);
  EXPECT_EQ(table->columns()[0].group, "default");
  EXPECT_EQ(table->At(0, 0), 0.1);
  EXPECT_NEAR(table->At(0, 1), 0.075, 1e-15);
  EXPECT_EQ(table->At(0, 3), 0.1);
}

TEST(RateTableOfText, ConvertsClocks) {
  const std::string line = " linear { initial_learning_rate: 0 end_learning_rate: 1 steps: ";
  EXPECT_EQ(OfText("clock: EPOCHS" + line + "2 }", Counts(50))->At(0, 25), 0.25);
  EXPECT_EQ(OfText("clock: WHOLE_EPOCHS" + line + "2 }", Counts(50))->At(0, 99), 0.5);
  EXPECT_EQ(OfText("clock: RUN" + line + "1 }", Counts({}, 8))->At(0, 2), 0.25);
  EXPECT_EQ(OfText("clock: EXAMPLES" + line + "128 }", Counts({}, {}, 32))->At(0, 3), 0.75);
}

TEST(RateTableOfText, SaysWhatAClockNeeds) {
  const std::string line = "linear { initial_learning_rate: 0 end_learning_rate: 1 steps: 2 }";
  EXPECT_EQ(OfText("clock: EPOCHS " + line).status().message(),
            "--text:1:8: clock EPOCHS needs the length of an epoch; give --steps_per_epoch N "
            "[clock]");
  EXPECT_EQ(OfText("clock: RUN " + line).status().message(),
            "--text:1:8: clock RUN needs the run's end; give --total_steps N [clock]");
  EXPECT_EQ(
      OfText("scale { factor: 2\n schedule { clock: EXAMPLES " + line + " } }").status().message(),
      "--text:2:20: clock EXAMPLES needs the batch size; give --batch_size N "
      "[scale.schedule.clock]");
}

TEST(RateTableOfText, ErrorsHavePositions) {
  const std::string message(
      OfText("cosine_decay {\n  initial_rate: 0.1\n  decay_steps: 0 }").status().message());
  EXPECT_TRUE(absl::StrContains(message, "--text:2:3: ")) << message;
  EXPECT_TRUE(absl::StrContains(message, "--text:3:16: ")) << message;
  EXPECT_TRUE(
      absl::StrContains(std::string(OfText("cosine_decay {").status().message()), "--text:1:"));
  EXPECT_FALSE(OfText("").ok());
  EXPECT_FALSE(OfText("constant: -1").ok());
}

TEST(RateTableOfText, RefusesCountsThatAreNone) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  for (const ScheduleTextOptions& options :
       {Counts(0), Counts(-1), Counts(most), Counts({}, 0), Counts({}, {}, 0),
        Counts(int64_t{1} << 52, {}, int64_t{1} << 52)}) {
    EXPECT_FALSE(OfText("constant: 0.1", options).ok());
  }
  EXPECT_TRUE(OfText("constant: 0.1", Counts(1, 1, 1)).ok());
}

TEST(RateTableOfText, IsSoundAtTheLargestStep) {
  const int64_t most = std::numeric_limits<int64_t>::max();
  EXPECT_EQ(OfText("constant: 0.1")->At(0, most), 0.1);
  EXPECT_EQ(OfText("clock: EPOCHS cosine_decay { initial_learning_rate: 0.1 decay_steps: 2 }",
                   Counts(3, {}, 7))
                ->At(0, most),
            0);
}

TEST(RateTable, MayBeAskedByManyThreads) {
  const absl::StatusOr<RateTable> table = TableOf(
      {"optimizer.learning_rate=cosine_decay { initial_learning_rate: 0.1 decay_steps: 1000 }"});
  ASSERT_TRUE(table.ok()) << table.status();
  std::vector<std::vector<RateRow>> rows(4);
  std::vector<std::thread> threads;
  for (auto& own : rows) {
    threads.emplace_back([&own, &table] { own = table->Rows(StepRange{0, 1000, 1}); });
  }
  for (std::thread& thread : threads) thread.join();
  for (const auto& own : rows) {
    ASSERT_EQ(own.size(), 1000u);
    EXPECT_EQ(own[500].rate, rows[0][500].rate);
  }
}

TEST(RateTable, APictureOfAHugeRunHasItsEnds) {
  const absl::StatusOr<RateTable> table = OfText("constant: 0.1");
  const int64_t most = std::numeric_limits<int64_t>::max();
  for (const StepRange& range :
       {StepRange{0, 1000000001, 1}, StepRange{5, most, 1}, StepRange{0, most, 3}}) {
    const std::vector<PlotSeries> series = table->Series(range);
    ASSERT_EQ(series.size(), 1u);
    EXPECT_LE(series[0].x.size(), static_cast<size_t>(RateTable::kMostPlotted) + 1);
    EXPECT_EQ(series[0].x.front(), static_cast<double>(range.start));
    EXPECT_EQ(series[0].x.back(), static_cast<double>(range.at(range.count() - 1)));
  }
  EXPECT_EQ(table->Series(StepRange{0, 10, 4})[0].x, (std::vector<double>{0, 4, 8}));
  EXPECT_TRUE(table->Series(StepRange{0, 0, 1})[0].x.empty());
}

TEST(StepRange, IsReadAsItIsWritten) {
  const absl::StatusOr<StepRange> range = StepRange::Parse("2:12:5");
  ASSERT_TRUE(range.ok());
  EXPECT_EQ(range->count(), 2);
  EXPECT_EQ(range->at(1), 7);
  EXPECT_EQ(StepRange::Parse("0:4")->count(), 4);
  EXPECT_EQ(StepRange::Parse("0:9223372036854775807:9223372036854775807")->count(), 1);
  EXPECT_EQ(*ParseSteps("0,1,9223372036854775807"),
            (std::vector<int64_t>{0, 1, std::numeric_limits<int64_t>::max()}));
}

TEST(StepRange, RefusesWhatIsNone) {
  for (const char* text :
       {"", "5", "a:b", "0:10:0", "-1:10", "0:10:-1", "10:10", "10:5:1", "0:1:2:3",
        "0:9223372036854775808", "0: 4", "+0:4", "0:4:", "0:1e3", "0:4.0"}) {
    EXPECT_FALSE(StepRange::Parse(text).ok()) << text;
  }
  EXPECT_EQ(StepRange::Parse("0:10:0").status().message(),
            "STRIDE \"0\" is not a whole number from 1 to 9223372036854775807");
  EXPECT_EQ(StepRange::Parse("10:10").status().message(),
            "steps \"10:10\" are none: STOP 10 must be above START 10");
  for (const char* text : {"", ",", "1,", "-1", "1.5", "9223372036854775808", "1 2"}) {
    EXPECT_FALSE(ParseSteps(text).ok()) << text;
  }
}

}  // namespace
}  // namespace gradus
