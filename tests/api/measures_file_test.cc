// Which way the measures of a run get better, from the metric to whoever looks at the folder later.

#include "gradus/api/measures_file.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>

#include "gradus/api/plot_runs.h"
#include "gradus/api/run_table.h"
#include "gradus/train/checkpoint_folder.h"
#include "tests/api/api_testing.h"
#include "tests/api/looking_testing.h"

namespace gradus {
namespace {

constexpr char kQuality[] =
    "model.metric=[{ name: \"quality\" r2_score { prediction: \"out\" label: \"y\" } }]";

TEST(MeasuresFile, GivesBackWhatMetricsSay) {
  const std::string path = testing::TempDir() + "/measures.json";
  const MonitorTable monitors(
      {{"quality", MAX}, {"accuracy", MIN}, {"spread", AUTO}, {"confusion", AUTO, true}}, true);
  ASSERT_TRUE(WriteMeasures(path, monitors).ok());
  EXPECT_EQ(*ReadFile(path, 1 << 20),
            "{\"accuracy\":\"min\",\"loss\":\"min\",\"quality\":\"max\",\"spread\":null}\n");
  const absl::StatusOr<Directions> read = ReadMeasures(path);
  ASSERT_TRUE(read.ok()) << read.status();
  EXPECT_EQ(*read, DirectionsOf(monitors));
  EXPECT_EQ(DirectionOf(*read, "validation/quality"), MAX);
  EXPECT_EQ(DirectionOf(*read, "accuracy"), MIN);
  EXPECT_EQ(DirectionOf(*read, "test/spread"), AUTO);
}

TEST(MeasuresFile, NamesADamagedOne) {
  const std::string path = testing::TempDir() + "/damaged_measures.json";
  ASSERT_TRUE(WriteFile(path, "{\"loss\":\"down\"}\n").ok());
  EXPECT_EQ(ReadMeasures(path).status().message(),
            path + ": \"loss\" is neither \"min\" nor \"max\" nor null");
  ASSERT_TRUE(WriteFile(path, "{\"loss\"").ok());
  EXPECT_TRUE(absl::IsDataLoss(ReadMeasures(path).status()));
  EXPECT_TRUE(ReadMeasures(testing::TempDir() + "/no_measures.json")->empty());
}

absl::StatusOr<RunRecord> Made(const std::string& name, const std::string& measures) {
  const MadeRun made(name, {1, 0.5, 0.7}, {0.8, 0.4, 0.6});
  made.Write();
  if (!measures.empty()) {
    EXPECT_TRUE(WriteFile(JoinPath(made.path, "measures.json"), measures).ok());
  }
  return ReadRun(made.path);
}

TEST(MeasuresFile, DecidesWhatIsTheBestOfARun) {
  const absl::StatusOr<RunRecord> by_name = Made("by_name", ""),
                                  by_file = Made("by_file", "{\"accuracy\":\"min\"}"),
                                  unsaid = Made("unsaid", "{\"accuracy\":null}");
  ASSERT_TRUE(by_name.ok() && by_file.ok() && unsaid.ok());
  EXPECT_EQ(by_name->Best("validation/accuracy"), 0.8);
  EXPECT_EQ(by_file->Best("validation/accuracy"), 0.6);
  EXPECT_TRUE(std::isnan(unsaid->Best("validation/accuracy")));
  EXPECT_EQ(unsaid->Best("validation/accuracy", MAX), 0.8);

  RunTableOptions options;
  options.sort = "validation/accuracy";
  EXPECT_EQ(MakeRunTable({*unsaid}, options).status().message(),
            "\"validation/accuracy\" does not say which way it gets better; give --direction min "
            "or max");
  EXPECT_EQ(MakeRunTable({*by_name, *by_file}, options).status().message(),
            absl::StrCat("\"validation/accuracy\" is not the same in all runs: more is better in ",
                         by_name->path, ", less in ", by_file->path, "; give --direction"));
  options.direction = MAX;
  EXPECT_TRUE(MakeRunTable({*by_name, *by_file, *unsaid}, options).ok());

  // The dot of a plot: the least, the most, none.
  PlotRunsOptions plot;
  plot.measures = {"validation/accuracy"};
  const auto dots = [&](const RunRecord& run) {
    const absl::StatusOr<PlotPage> page = PlotRuns({run}, plot);
    EXPECT_TRUE(page.ok()) << page.status();
    std::vector<double> y;
    for (const PlotSeries& series : page->panels[0].series) {
      if (series.y.size() == 1) y.push_back(series.y[0]);
    }
    return y;
  };
  EXPECT_EQ(dots(*by_name), std::vector<double>{0.8});
  EXPECT_EQ(dots(*by_file), std::vector<double>{0.6});
  EXPECT_EQ(dots(*unsaid), std::vector<double>{});
}

TEST(MeasuresFile, AnOlderRunsTablesAreNoNumbersEither) {
  MadeRun made("older_table", {1, 0.5}, {0.8, 0.4});
  for (MetricLine& line : made.lines) {
    line.metrics.push_back({"confusion", 0.9});
    line.tables = {{"confusion", {2, {1, 2, 3, 4}}}};
  }
  made.Write();
  const absl::StatusOr<RunRecord> run = ReadRun(made.path);
  ASSERT_TRUE(run.ok()) << run.status();
  const std::vector<std::string> measures = run->Measures();
  EXPECT_EQ(std::count(measures.begin(), measures.end(), "validation/confusion"), 0);
  EXPECT_EQ(std::count(measures.begin(), measures.end(), "validation/accuracy"), 1);
  EXPECT_EQ(run->lines[0].tables.size(), 1u);
}

// Of every validation the value of a metric.
class Watch final : public TrainObserver {
 public:
  absl::Status OnLine(const MetricLine& line) override {
    if (line.split == "validation") values.push_back(line.metrics.at(0).second);
    return absl::OkStatus();
  }
  std::vector<double> values;
};

TEST(Direction, TheBestCheckpointOfAnR2WithANameOfItsOwnIsTheOneWithTheMost) {
  const std::string folder = testing::TempDir() + "/quality_checkpoints";
  std::filesystem::remove_all(folder);
  ASSERT_TRUE(MakeFolders(folder).ok());
  const auto trainer = SmallTrainer({"data.validation.fraction=0.2", "run.epochs=8", kQuality,
                                     "run.checkpoint.best.metric=\"validation/quality\"",
                                     "optimizer.controller=[{ reduce_on_plateau { monitor: "
                                     "\"validation/quality\" patience: 3 } }]"},
                                    folder);
  ASSERT_NE(trainer, nullptr);
  Watch watch;
  TrainObserver* const observers[] = {&watch};
  ASSERT_TRUE(trainer->Train(observers).ok());
  const auto best = std::max_element(watch.values.begin(), watch.values.end());
  ASSERT_NE(best, std::min_element(watch.values.begin(), watch.values.end()));
  EXPECT_EQ(*trainer->state().watcher.best.best, *best);
  // 16 examples in batches of 8.
  EXPECT_EQ(*trainer->state().watcher.best.best_step, 2 * (best - watch.values.begin() + 1));
  // It gets better all the time, so the plateau, which goes the same way, has cut nothing.
  EXPECT_EQ(trainer->state().last_learning_rate, 0.01);
}

}  // namespace
}  // namespace gradus
