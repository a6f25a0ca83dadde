// The page, section by section.

#include "gradus/api/report.h"

#include <algorithm>
#include <cmath>
#include <utility>
#include <vector>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "absl/strings/strip.h"
#include "absl/time/time.h"
#include "gradus/api/evaluate.h"
#include "gradus/api/examine.h"
#include "gradus/api/model_drawing.h"
#include "gradus/api/plot_runs.h"
#include "gradus/api/report_parts.h"
#include "gradus/api/report_style.h"
#include "gradus/api/run_file.h"
#include "gradus/api/run_record.h"
#include "gradus/api/run_table.h"
#include "gradus/api/summary.h"
#include "gradus/api/svg_plot.h"
#include "gradus/api/svg_text.h"
#include "gradus/base/file.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr size_t kMostMetrics = 2;  // That have a panel.
constexpr size_t kMostEventRows = 100;

class Report {
 public:
  Report(const RunRecord& run, const ReportOptions& options) : run_(run), options_(options) {}

  std::string Page() {
    const std::string& name = run_.config.model().name();
    const std::string title = absl::StrCat(name.empty() ? "run" : name, " \xc2\xb7 ", run_.path);
    std::string html = absl::StrCat(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n",
        "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n<title>",
        XmlText(title), "</title>\n<style>\n", ReportCss(), "</style>\n</head>\n<body>\n<main>\n");
    Head(&html);
    Curves(&html);
    Events(&html);
    Model(&html);
    Mistakes(&html);
    if (run_.config_status.ok()) {
      html += ReportSection(
          "Configuration",
          absl::StrCat("<pre>", HighlightedConfig(PrintTextConfig(run_.config)), "</pre>\n"));
    }
    absl::StrAppend(&html,
                    "<footer>written by gradus report</footer>\n</main>\n</body>\n</html>\n");
    return html;
  }

 private:
  bool Has(const std::string& measure) const {
    const std::vector<std::string> measures = run_.Measures();
    return std::find(measures.begin(), measures.end(), measure) != measures.end();
  }

  // The metrics of a split, without its loss.
  std::vector<std::string> Metrics(const std::string& split) const {
    std::vector<std::string> metrics;
    for (const std::string& measure : run_.Measures()) {
      absl::string_view name = measure;
      if (absl::ConsumePrefix(&name, split + "/") && name != "loss") {
        metrics.push_back(std::string(name));
      }
    }
    return metrics;
  }

  // Below, the best checkpoint is examined; at its end a run is tested with what it has then.
  bool TestedWithLast() const {
    const RunSettings& settings = run_.config.run();
    return settings.checkpoint().has_best() && !settings.early_stopping().restore_best();
  }

  void Head(std::string* html) const {
    const std::string state(Name(run_.state));
    absl::StrAppend(html, "<header>\n<h1>", XmlText(run_.config.model().name()),
                    "</h1>\n<p><span class=\"badge ", state, "\">", state,
                    "</span><span class=\"soft\">", XmlText(run_.path));
    if (!run_.progress.empty()) {
      const absl::Time begin = absl::UnixEpoch() + absl::Seconds(run_.progress[0].time);
      absl::StrAppend(html, " \xc2\xb7 begun ",
                      absl::FormatTime("%Y-%m-%d %H:%M", begin, absl::LocalTimeZone()));
    }
    *html += "</span></p>\n";
    if (!run_.message.empty()) *html += ReportNote(run_.message);
    *html += "</header>\n<div class=\"tiles\">\n";
    const std::string split = Has("validation/loss") ? "validation" : "train";
    AppendTile(ReportNumber(run_.Best(split + "/loss")), absl::StrCat("best ", split, " loss"),
               html);
    size_t shown = 0;
    for (const std::string& metric : Metrics(split)) {
      if (shown++ == kMostMetrics) break;
      AppendTile(ReportNumber(run_.Best(absl::StrCat(split, "/", metric))),
                 absl::StrCat("best ", split, " ", metric), html);
    }
    if (Has("test/loss")) {
      for (const std::string& metric : Metrics("test")) {
        AppendTile(ReportNumber(run_.Last(absl::StrCat("test/", metric))),
                   absl::StrCat("test ", metric, TestedWithLast() ? ", last weights" : ""), html);
        break;
      }
    }
    AppendTile(absl::StrCat(run_.epochs()), absl::StrCat("epochs, ", run_.steps(), " updates"),
               html);
    if (!std::isnan(run_.seconds())) {
      AppendTile(DurationInWords(run_.seconds()), "of training", html);
    }
    *html += "</div>\n";
  }

  void Curves(std::string* html) const {
    PlotRunsOptions options;
    options.smooth = options_.smooth;
    options.measures = {"loss"};
    for (const std::string& metric : Metrics(Has("validation/loss") ? "validation" : "train")) {
      if (options.measures.size() <= kMostMetrics) options.measures.push_back(metric);
    }
    options.measures.push_back("learning_rate");
    if (run_.lines.empty()) {
      *html += ReportSection("Curves", ReportNote("The run has not logged anything yet."));
      return;
    }
    const absl::StatusOr<PlotPage> page = PlotRuns({run_}, options);
    *html += ReportSection("Curves",
                           page.ok() ? absl::StrCat("<div class=\"curves\">\n",
                                                    RenderSvgPage(*page, PagePalette()), "</div>\n")
                                     : ReportMissing("no curves", page.status()));
  }

  void Events(std::string* html) const {
    const std::vector<RunEvent> events = EventsOfRun(run_);
    if (events.empty()) return;
    std::vector<ReportRow> rows = {{"update", "event", "cause"}};
    for (const RunEvent& event : events) {
      if (rows.size() > kMostEventRows) break;
      rows.push_back({absl::StrCat(event.step),
                      absl::StrCat("<span class=\"keep\">", XmlText(event.text), "</span>"),
                      XmlText(event.cause)});
    }
    std::string inside = ReportTable(rows, {true, false, false});
    if (events.size() > kMostEventRows) {
      inside +=
          ReportNote(absl::StrCat(events.size() - kMostEventRows, " more are in events.jsonl."));
    }
    *html += ReportSection("Events", inside);
  }

  void Model(std::string* html) const {
    const absl::StatusOr<ModelSummary> summary = SummarizeAlone();
    std::string inside = "<div class=\"model\">\n";
    if (summary.ok()) {
      std::vector<ReportRow> rows = {{"layer", "kind", "output", "parameters"}};
      for (const LayerSummary& layer : summary->layers) {
        rows.push_back({XmlText(layer.name), XmlText(layer.kind), XmlText(layer.output),
                        absl::StrCat(layer.parameters)});
      }
      rows.push_back({"together", "", "", absl::StrCat(summary->parameters)});
      absl::StrAppend(&inside, "<div>", ReportTable(rows, {false, false, false, true}, true),
                      "</div>\n");
    } else {
      inside += ReportMissing("no table of layers", summary.status());
    }
    Diagnostics diagnostics;
    const ModelGraph graph = BuildGraph(run_.config.model(), Mode::kTraining, Parts::kAll,
                                        ConfigPath().Child("model"), &diagnostics);
    if (diagnostics.ok()) {
      absl::StrAppend(&inside, "<div>\n", RenderSvg(DrawModel(graph), PagePalette()), "</div>\n");
    }
    *html += ReportSection("Model", inside + "</div>\n");
  }

  // A run's model has all that its data said of it, which need not be opened again.
  absl::StatusOr<ModelSummary> SummarizeAlone() const {
    RunConfig config;
    *config.mutable_model() = run_.config.model();
    return Summarize(RunFile::Of(config));
  }

  void Mistakes(std::string* html) const {
    std::string split = options_.split;
    if (split.empty()) split = Has("validation/loss") || !Has("test/loss") ? "validation" : "test";
    const absl::StatusOr<Examination> seen = ExamineRun(run_.path, split, options_.worst);
    if (!seen.ok()) {
      *html += ReportSection(
          "Mistakes", ReportMissing(absl::StrCat("not looked for in ", split), seen.status()));
      return;
    }
    std::string inside =
        ReportNote(absl::StrCat(seen->examples, " ", split, " examples, weights: ", seen->weights));
    inside += Measures(split);
    if (!seen->classes.empty()) inside += ConfusionTable(*seen);
    if (!seen->actual.empty()) inside += ScatterPlot(*seen);
    *html += ReportSection(absl::StrCat("On ", split), inside);
    if (!seen->worst.empty()) *html += ReportSection("Highest losses", WorstTable(*seen));
  }

  std::string Measures(const std::string& split) const {
    EvaluateOptions options;
    options.split = split;
    const absl::StatusOr<EvaluationReport> report = EvaluateModel(run_.path, options);
    if (!report.ok()) return ReportMissing("not evaluated", report.status());
    std::string tiles = "<div class=\"tiles\">\n";
    AppendTile(ReportNumber(report->loss), "loss", &tiles);
    for (const auto& metric : report->metrics)
      AppendTile(ReportNumber(metric.second), metric.first, &tiles);
    return tiles + "</div>\n";
  }

  const RunRecord& run_;
  const ReportOptions& options_;
};

}  // namespace

absl::StatusOr<std::string> RenderReport(const std::string& run, const ReportOptions& options) {
  GRADUS_ASSIGN_OR_RETURN(const RunRecord record, ReadRun(run));
  return Report(record, options).Page();
}

}  // namespace gradus
