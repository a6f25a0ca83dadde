// Which curves, marks and names a plot of runs has.

#include "gradus/api/plot_runs.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "absl/strings/match.h"
#include "gradus/api/svg_plot.h"
#include "gradus/api/text_plot.h"
#include "tests/api/looking_testing.h"

namespace gradus {
namespace {

RunRecord Read(const MadeRun& made) {
  made.Write();
  const absl::StatusOr<RunRecord> run = ReadRun(made.path);
  EXPECT_TRUE(run.ok()) << run.status();
  return run.ok() ? *run : RunRecord();
}

RunRecord First() { return Read(MadeRun("first", {1, 0.5, 0.4}, {0.9, 0.4, 0.6})); }
RunRecord Second() {
  MadeRun made("second", {1, 0.3}, {0.7, 0.2}, "stopped");
  made.config = LookingConfig("0.5");
  return Read(made);
}

TEST(PlotRuns, HasAPanelForEachMeasure) {
  const absl::StatusOr<PlotPage> page = PlotRuns({First()}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->panels.size(), 2u);
  EXPECT_EQ(page->panels[0].title, "loss");
  EXPECT_EQ(page->panels[1].title, "accuracy");
  EXPECT_EQ(page->x_label, "epoch");
  // Training, validation, and the best of validation.
  ASSERT_EQ(page->panels[0].series.size(), 3u);
  EXPECT_EQ(page->panels[0].series[0].y, (std::vector<double>{1, 0.5, 0.4}));
  EXPECT_LT(page->panels[0].series[0].width, page->panels[0].series[1].width);
  EXPECT_EQ(page->panels[0].series[1].y, (std::vector<double>{0.9, 0.4, 0.6}));
  EXPECT_EQ(page->panels[0].series[2].x, std::vector<double>{2});
  EXPECT_EQ(page->panels[0].series[2].y, std::vector<double>{0.4});
  EXPECT_EQ(page->panels[1].series[2].y, std::vector<double>{0.8});
}

TEST(PlotRuns, OfARunThatLoggedNothingSaysWhatBecameOfIt) {
  MadeRun made("nothing", {}, {}, "failed");
  made.progress.back().message = "step 3: the loss is not finite";
  const RunRecord run = Read(made);
  EXPECT_EQ(PlotRuns({run}, {}).status().message(),
            run.path +
                " has not logged anything: its state is failed (step 3: the loss is not finite); "
                "its first line comes at the end of an epoch, or with run.log_every_steps");
}

TEST(PlotRuns, CountsEpochsInWholeNumbers) {
  const absl::StatusOr<PlotPage> page = PlotRuns({First()}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  const PlotAxes axes = MakeAxes(page->panels[0].series, PanelOptions(*page, 0), 9, 6);
  ASSERT_EQ(axes.x.ticks().size(), 3u);
  EXPECT_EQ(axes.x.ticks()[1].label, "2");
}

TEST(PlotRuns, CountsByUpdatesEpochsOrSeconds) {
  PlotRunsOptions options;
  options.measures = {"validation/loss", "learning_rate"};
  const auto x = [&](PlotRunsOptions::X axis) {
    options.x = axis;
    const absl::StatusOr<PlotPage> page = PlotRuns({First()}, options);
    EXPECT_TRUE(page.ok()) << page.status();
    return page->panels[0].series[0].x;
  };
  EXPECT_EQ(x(PlotRunsOptions::kStep), (std::vector<double>{10, 20, 30}));
  EXPECT_EQ(x(PlotRunsOptions::kEpoch), (std::vector<double>{1, 2, 3}));
  EXPECT_EQ(x(PlotRunsOptions::kTime), (std::vector<double>{2, 4, 6}));
  RunRecord older = First();
  older.progress.clear();
  EXPECT_EQ(PlotRuns({older}, options).status().message(),
            older.path + " has no progress.jsonl, which times are from; give --x step");
}

TEST(PlotRuns, NamesRunsByWhatDiffers) {
  const absl::StatusOr<PlotPage> page = PlotRuns({First(), Second()}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->legend.size(), 2u);
  EXPECT_EQ(page->legend[0].name, "first: learning_rate.constant 0.1");
  EXPECT_EQ(page->legend[1].name, "second: learning_rate.constant 0.5");
  ASSERT_EQ(page->markers.size(), 1u);
  EXPECT_EQ(page->markers[0].text, "stopped");
  EXPECT_EQ(page->markers[0].x, 2);
  EXPECT_EQ(page->markers[0].colour, 1);
}

TEST(PlotRuns, MarksEvents) {
  RunRecord run = First();
  const absl::StatusOr<RecordedEvent> scaled = ParseEvent(
      R"({"step":20,"group":"default","field":"learning_rate","layer":"override","old":0.1,)"
      R"("new":0.05,"cause":"scaled by 0.5"})");
  const absl::StatusOr<RecordedEvent> guard = ParseEvent(
      R"({"step":30,"group":"default","field":"learning_rate","layer":)"
      R"("controller[0] divergence_guard","old":0.05,"new":0.01,"cause":"the loss rose"})");
  ASSERT_TRUE(scaled.ok() && guard.ok());
  run.events = {*scaled, *guard};
  const std::vector<RunEvent> events = EventsOfRun(run);
  ASSERT_EQ(events.size(), 2u);
  EXPECT_EQ(events[0].text, "rate 0.1 -> 0.05");
  EXPECT_EQ(events[0].cause, "scaled by 0.5: rate 0.1 -> 0.05");
  EXPECT_EQ(events[1].text, "restored");

  // The rate goes there in one step, not by a ramp to the next line of the log; behind the last line
  // there is nothing to draw to.
  PlotRunsOptions options;
  options.measures = {"learning_rate"};
  options.x = PlotRunsOptions::kStep;
  const absl::StatusOr<PlotPage> page = PlotRuns({run}, options);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(page->panels[0].series[0].x, (std::vector<double>{10, 20, 20, 20, 30}));
  EXPECT_EQ(page->panels[0].series[0].y, (std::vector<double>{0.1, 0.1, 0.1, 0.05, 0.1}));
}

TEST(PlotRuns, SmoothsTrainingOnly) {
  PlotRunsOptions options;
  options.measures = {"loss"};
  options.smooth = 0.5;
  const absl::StatusOr<PlotPage> page = PlotRuns({First()}, options);
  ASSERT_TRUE(page.ok()) << page.status();
  ASSERT_EQ(page->panels[0].series.size(), 4u);
  const std::vector<double>& smooth = page->panels[0].series[1].y;
  EXPECT_EQ(smooth[0], 1);
  EXPECT_DOUBLE_EQ(smooth[1], (0.5 * 0.5 + 0.25 * 1) / 0.75);
  EXPECT_EQ(page->panels[0].series[2].y, (std::vector<double>{0.9, 0.4, 0.6}));
}

TEST(PlotRuns, SaysWhichMeasuresThereAre) {
  PlotRunsOptions options;
  options.measures = {"validation/los"};
  EXPECT_EQ(PlotRuns({First()}, options).status().message(),
            "no run has \"validation/los\"; did you mean \"validation/loss\"?");
}

TEST(PlotRuns, DrawsAPage) {
  const absl::StatusOr<PlotPage> page = PlotRuns({First(), Second()}, {});
  ASSERT_TRUE(page.ok()) << page.status();
  const std::string svg = RenderSvgPage(*page);
  for (const char* part :
       {">loss<", ">accuracy<", ">epoch<", ">stopped<", ">second: learning_rate.constant 0.5<"}) {
    EXPECT_TRUE(absl::StrContains(svg, part)) << part;
  }
  // On a page that is light or dark its colours are the page's.
  EXPECT_FALSE(absl::StrContains(RenderSvgPage(*page, PagePalette()), "#"));
}

TEST(PlotRuns, DrawsInTheTerminal) {
  PlotRunsOptions options;
  options.measures = {"loss"};
  const absl::StatusOr<PlotPage> page = PlotRuns({First()}, options);
  ASSERT_TRUE(page.ok()) << page.status();
  TextPlotOptions text;
  text.columns = 40;
  text.rows = 6;
  const std::string drawn = RenderTextPage(*page, text);
  EXPECT_TRUE(absl::StrContains(drawn, ".. training   ** validation")) << drawn;
  EXPECT_TRUE(absl::StrContains(drawn, "Dots are the best of validation.")) << drawn;
  EXPECT_EQ(std::count(drawn.begin(), drawn.end(), 'O'), 1) << drawn;
}

}  // namespace
}  // namespace gradus
