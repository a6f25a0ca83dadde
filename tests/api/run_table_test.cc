// Runs side by side, as text, CSV and JSON.

#include "gradus/api/run_table.h"

#include <gtest/gtest.h>

#include "absl/strings/match.h"
#include "absl/strings/str_split.h"
#include "tests/api/looking_testing.h"

namespace gradus {
namespace {

std::vector<RunRecord> Runs() {
  MadeRun a("a", {1, 0.5}, {0.8, 0.4}), b("b", {1, 0.25, 0.125}, {0.7, 0.3, 0.5}, "failed"),
      c("c", {}, {}, "");
  b.config = LookingConfig("0.001", 32);
  b.progress.back().message = "the loss is nan";
  std::vector<RunRecord> runs;
  for (const MadeRun* made : {&a, &b, &c}) {
    made->Write();
    const absl::StatusOr<RunRecord> run = ReadRun(made->path);
    EXPECT_TRUE(run.ok()) << run.status();
    runs.push_back(*run);
    runs.back().path = runs.back().path.substr(runs.back().path.rfind('/') + 1);
  }
  return runs;
}

std::string Text(const RunTableOptions& options) {
  const absl::StatusOr<RunTable> table = MakeRunTable(Runs(), options);
  EXPECT_TRUE(table.ok()) << table.status();
  return table.ok() ? ToText(*table, options) : "";
}

TEST(RunTable, LinesUp) {
  RunTableOptions options;
  options.shown = {"units", "learning_rate.constant", "validation/loss", "state", "because"};
  EXPECT_EQ(Text(options),
            "run  units  learning_rate.constant  best validation/loss  last validation/loss  state  "
            "   because\n"
            "a    4      0.1                                      0.4                   0.4  "
            "finished\n"
            "b    32     0.001                                    0.3                   0.5  failed "
            "   the loss is nan\n"
            "c    4      0.1                                        -                     -  "
            "killed\n");
}

TEST(RunTable, OfATerminalHasMeasuresOverTheirColumns) {
  RunTableOptions options;
  options.columns = 200;
  EXPECT_EQ(Text(options),
            "                                    validation/loss  validation/accuracy\n"
            "run  units  learning_rate.constant  best       last  best           last  rate  epochs"
            "  steps   time  state     because\n"
            "a    4      0.1                      0.4        0.4   0.8            0.8   0.1       2"
            "     20  4.0 s  finished\n"
            "b    32     0.001                    0.3        0.5  0.85           0.75   0.1       3"
            "     30  6.0 s  failed    the loss is nan\n"
            "c    4      0.1                        -          -     -              -     -       0"
            "      0  0.0 s  killed\n");
}

TEST(RunTable, CutsWhatIsLongInTheMiddleAndOnlyOnATerminal) {
  std::vector<RunRecord> runs = Runs();
  const std::string name = absl::StrCat("runs/\u00e4", std::string(80, 'x'), "/the_end");
  runs[0].path = name;
  RunTableOptions options;
  options.columns = 100;
  absl::StatusOr<RunTable> table = MakeRunTable(runs, options);
  ASSERT_TRUE(table.ok());
  const std::string text = ToText(*table, options);
  EXPECT_TRUE(absl::StrContains(text, "\nruns/\u00e4xxxxxxxxx\u2026xxxxxxxx/the_end  ")) << text;
  options.utf8 = false;
  EXPECT_TRUE(absl::StrContains(ToText(*table, options), "xxx...xxx")) << ToText(*table, options);
  options.columns = 0;
  EXPECT_TRUE(absl::StrContains(ToText(*table, options), name));
}

TEST(RunTable, ShowsTheColumnsThatAreAskedFor) {
  const absl::StatusOr<RunTable> table = MakeRunTable(Runs(), {});
  ASSERT_TRUE(table.ok());
  RunTableOptions options;
  options.columns = 30;  // Too narrow: it was asked for.
  options.shown = {"state", "train/loss", "model.layer[hidden].dense.units"};
  EXPECT_TRUE(CheckColumns(*table, options).ok()) << CheckColumns(*table, options);
  EXPECT_TRUE(absl::StrContains(ToText(*table, options), "run  state      best   last  units\n"))
      << ToText(*table, options);
  options.shown = {"stat"};
  EXPECT_EQ(CheckColumns(*table, options).message(),
            "there is no column \"stat\"; did you mean \"state\"?");
}

TEST(RunTable, SortsTheBestFirstByTheMeasure) {
  const auto order = [](const std::string& sort, Direction direction = AUTO) {
    RunTableOptions options;
    options.sort = sort;
    options.direction = direction;
    std::string names;
    for (absl::string_view line : absl::StrSplit(Text(options), '\n', absl::SkipEmpty())) {
      names.append(line.substr(0, 1).data(), 1);
    }
    return names;
  };
  EXPECT_EQ(order(""), "rabc");
  EXPECT_EQ(order("validation/loss"), "rbac");
  EXPECT_EQ(order("validation/accuracy"), "rbac");
  EXPECT_EQ(order("validation/accuracy", MIN), "rabc");  // The least each has had: 0.6, 0.65.
  EXPECT_EQ(order("train/loss", MAX), "rabc");
}

TEST(RunTable, SaysWhatThereIsToSortBy) {
  RunTableOptions options;
  options.sort = "validation/lost";
  EXPECT_EQ(MakeRunTable(Runs(), options).status().message(),
            "no run has \"validation/lost\"; did you mean \"validation/loss\"?");
  options.sort = "accuracy";
  EXPECT_EQ(MakeRunTable(Runs(), options).status().message(),
            "no run has \"accuracy\"; did you mean \"validation/accuracy\"?");
  options.sort = "validation/lost";
  EXPECT_EQ(MakeRunTable({}, options).status().message(),
            "no run has \"validation/lost\"; no run has a line in its log yet");
}

TEST(RunTable, FitsTheTerminal) {
  for (int columns : {160, 100, 80, 60, 40}) {
    RunTableOptions options;
    options.columns = columns;
    const std::string text = Text(options);
    const std::string table = text.substr(0, text.find("\n\n"));
    for (absl::string_view line : absl::StrSplit(table, '\n')) {
      EXPECT_LE(line.size(), static_cast<size_t>(columns)) << text;
    }
    EXPECT_TRUE(absl::StrContains(text, "run")) << text;
  }
  RunTableOptions narrow;
  narrow.columns = 60;
  EXPECT_TRUE(absl::StrContains(Text(narrow), "\nnot shown, for want of room: ")) << Text(narrow);
}

TEST(RunTable, HasEverythingAsCsvAndJson) {
  const absl::StatusOr<RunTable> table = MakeRunTable(Runs(), {});
  ASSERT_TRUE(table.ok());
  const std::vector<std::string> lines = absl::StrSplit(ToCsv(*table), '\n');
  EXPECT_EQ(lines[0],
            "run,state,message,epochs,steps,seconds,learning_rate,best train/loss,last "
            "train/loss,best train/accuracy,last train/accuracy,best validation/loss,last "
            "validation/loss,best validation/accuracy,last "
            "validation/accuracy,model.layer[hidden].dense.units,optimizer.learning_rate.constant");
  EXPECT_EQ(lines[3], "c,killed,,0,0,0,,,,,,,,,,4,0.1");
  const std::string json = ToJson(*table);
  EXPECT_TRUE(absl::StartsWith(json, "[{\"run\":\"a\",\"state\":\"finished\",")) << json;
  EXPECT_TRUE(absl::StrContains(json, "\"message\":\"the loss is nan\"")) << json;
  EXPECT_TRUE(absl::StrContains(json, "\"optimizer.learning_rate.constant\":\"0.001\"")) << json;
  EXPECT_TRUE(absl::StrContains(json, "\"validation/loss\":null")) << json;
}

TEST(RunTable, NamesARunThatCannotBeRead) {
  MadeRun made("broken", {1}, {1});
  made.config = "model { nam: 1 }";
  made.Write();
  const absl::StatusOr<RunRecord> run = ReadRun(made.path);
  ASSERT_TRUE(run.ok()) << run.status();
  const absl::StatusOr<RunTable> table = MakeRunTable({*run}, {});
  ASSERT_TRUE(table.ok());
  EXPECT_EQ(table->rows.size(), 1u);
  ASSERT_EQ(table->notes.size(), 1u);
  EXPECT_TRUE(absl::StrContains(table->notes[0], "no field is called \"nam\"")) << table->notes[0];
}

TEST(Duration, IsReadable) {
  EXPECT_EQ(DurationInWords(0.82), "0.8 s");
  EXPECT_EQ(DurationInWords(42.4), "42 s");
  EXPECT_EQ(DurationInWords(245), "4:05");
  EXPECT_EQ(DurationInWords(12015), "3:20:15");
}

}  // namespace
}  // namespace gradus
