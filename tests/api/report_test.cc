// The page is whole: well-formed, with every part, and with nothing from elsewhere.

#include "gradus/api/report.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <set>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/model_drawing.h"
#include "gradus/api/report_parts.h"
#include "gradus/api/report_style.h"
#include "gradus/api/run_file.h"
#include "tests/api/api_testing.h"
#include "tests/api/looking_testing.h"

namespace gradus {
namespace {

// Whether every element is closed in its order, but for those that HTML leaves open.
std::string WhyNotWellFormed(const std::string& html) {
  static const std::set<std::string> kEmpty = {"meta", "img", "!DOCTYPE", "br", "wbr"};
  std::vector<std::string> open;
  for (size_t at = html.find('<'); at != html.npos; at = html.find('<', at + 1)) {
    const size_t end = html.find('>', at);
    if (end == html.npos) return "a tag without an end";
    const bool closing = html[at + 1] == '/';
    const size_t name_at = at + 1 + (closing ? 1 : 0);
    const std::string name = html.substr(name_at, html.find_first_of(" />\n", name_at) - name_at);
    if (closing) {
      if (open.empty() || open.back() != name) return "closed out of order: " + name;
      open.pop_back();
    } else if (html[end - 1] != '/' && kEmpty.count(name) == 0) {
      open.push_back(name);
    }
    at = end;
  }
  return open.empty() ? "" : "left open: " + open.back();
}

TEST(Report, HasWhatThereIsAndSaysWhatThereIsNot) {
  MadeRun made("reported", {1, 0.5, 0.4}, {0.9, 0.4, 0.6}, "early");
  made.progress.back().message = "validation/loss has not improved <3 times>";
  made.Write();
  const absl::StatusOr<std::string> page = RenderReport(made.path);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(WhyNotWellFormed(*page), "");
  for (const char* part :
       {"<!DOCTYPE html>", "<h1>small</h1>", "class=\"badge finished\"", "best validation loss",
        "<h2>Curves</h2>", "<h2>Events</h2>", "improved &lt;3 times&gt;", "<h2>Model</h2>",
        "<td>hidden</td><td>dense</td><td>[batch, 4]</td>", "<h2>Mistakes</h2>",
        "not looked for in validation: ", "<h2>Configuration</h2>",
        "<span class=\"name\">units</span>: <span class=\"number\">4</span>"}) {
    EXPECT_TRUE(absl::StrContains(*page, part)) << part;
  }
  // Of SVG the namespace is an address that nothing is read from.
  for (const char* part : {"<script", "src=\"http", "href", "@import", "url("}) {
    EXPECT_FALSE(absl::StrContains(*page, part)) << part;
  }
  EXPECT_TRUE(absl::StrContains(*page, "prefers-color-scheme: dark"));
}

TEST(Report, OfARunThatHasJustBegunIsAPageToo) {
  MadeRun made("begun", {}, {}, "");
  made.Write();
  const absl::StatusOr<std::string> page = RenderReport(made.path);
  ASSERT_TRUE(page.ok()) << page.status();
  EXPECT_EQ(WhyNotWellFormed(*page), "");
  EXPECT_TRUE(absl::StrContains(*page, "The run has not logged anything yet."));
  EXPECT_FALSE(RenderReport(made.path + "/nothing").ok());
}

TEST(Report, HighlightsTheLanguage) {
  EXPECT_EQ(HighlightedConfig("a: -1e-3 # <b>\nb { c: TANH d: \"x\\\"y\" }"),
            "<span class=\"name\">a</span>: <span class=\"number\">-1e-3</span> <span "
            "class=\"comment\"># &lt;b&gt;</span>\n<span class=\"name\">b</span> { <span "
            "class=\"name\">c</span>: <span class=\"word\">TANH</span> <span "
            "class=\"name\">d</span>: <span class=\"string\">&quot;x\\&quot;y&quot;</span> }");
  // Whatever the bytes are, it ends.
  for (const char* text : {"\"", "\"\\", "-", "#", "1e", "\xff\x01", ""}) HighlightedConfig(text);
}

TEST(Report, ShowsWhichClassesAreTakenForWhich) {
  Examination seen;
  seen.classes = {"cat", "a<b"};
  seen.counts = {8, 2, 0, 10};
  const std::string table = ConfusionTable(seen);
  EXPECT_EQ(WhyNotWellFormed(table), "");
  for (const char* part :
       {">8<", ">2<", "<td>0.800</td>", "<td>1.000</td>", "<td>0.833</td>", "a&lt;b"}) {
    EXPECT_TRUE(absl::StrContains(table, part)) << part << "\n" << table;
  }
}

TEST(Report, ShowsManyClassesAsAPictureAndTheirMistakesInWords) {
  Examination seen;
  constexpr size_t kClasses = 100;
  for (size_t i = 0; i < kClasses; ++i) seen.classes.push_back(absl::StrCat("kind <", i, ">"));
  seen.counts.assign(kClasses * kClasses, 0);
  for (size_t i = 0; i < kClasses; ++i) seen.counts[i * kClasses + i] = 10;
  seen.counts[7 * kClasses + 3] = 30;  // A quarter of label 7 is right.
  const std::string table = ConfusionTable(seen);
  EXPECT_EQ(WhyNotWellFormed(absl::StrCat("<div>", table, "</div>")), "");
  for (const char* part :
       {"<title>kind &lt;7&gt; as kind &lt;3&gt;: 30 of 40</title>",
        "<td>kind &lt;7&gt;</td><td>kind &lt;3&gt;</td><td class=\"n\">30</td><td "
        "class=\"n\">0.750</td>",
        "<td>kind &lt;7&gt;</td><td class=\"n\">40</td><td class=\"n\">0.250</td><td "
        "class=\"n\">1.000</td>"}) {
    EXPECT_TRUE(absl::StrContains(table, part)) << part;
  }
}

TEST(Report, ShowsTheWorstWithTheirImages) {
  Examination seen;
  seen.classes = {"0", "1"};
  ExaminedExample wrong;
  wrong.where = "/data/train-images.gz: row 17";
  wrong.label = "0";
  wrong.prediction = "1";
  wrong.probability = 0.75;
  wrong.loss = 3.5;
  wrong.image = Tensor::Of<float>({2, 3, 1}, {0, 1, 2, 3, 4, NAN});
  seen.worst = {wrong};
  const std::string table = WorstTable(seen);
  EXPECT_EQ(WhyNotWellFormed(table), "");
  for (const char* part : {"src=\"data:image/bmp;base64,Qk", ">train-images.gz: row 17<",
                           "<span class=\"wrong\">1</span>", ">0.750<", ">3.5<"}) {
    EXPECT_TRUE(absl::StrContains(table, part)) << part << "\n" << table;
  }
}

TEST(ModelDrawing, PutsLayersBelowWhatTheyRead) {
  const absl::StatusOr<RunFile> file = RunFile::Parse(R"(model {
      name: "two"
      input { name: "x" shape: 3 }
      input { name: "y" shape: 1 }
      layer { name: "a" input: "x" dense { units: 4 } }
      layer { name: "b" input: "a" dense { units: 4 } }
      layer { name: "sum" input: "a" input: "b" add {} }
      layer { name: "out" dense { units: 1 } }
      loss { mean_squared_error { prediction: "out" label: "y" } }
    })",
                                                      "two");
  ASSERT_TRUE(file.ok()) << file.status();
  Diagnostics diagnostics;
  const ModelGraph model = BuildGraph(file->config().model(), Mode::kTraining, Parts::kAll,
                                      ConfigPath().Child("model"), &diagnostics);
  ASSERT_TRUE(diagnostics.ok()) << diagnostics.ToStatus();
  const DrawnGraph drawn = DrawModel(model);
  std::string edges;
  for (const DrawnGraph::Edge& edge : drawn.edges) {
    absl::StrAppend(&edges, drawn.boxes[edge.from].title, ">", drawn.boxes[edge.to].title, " ");
  }
  for (const char* edge : {"x>a ", "a>b ", "a>sum ", "b>sum ", "sum>out ",
                           "out>mean_squared_error ", "y>mean_squared_error "}) {
    EXPECT_TRUE(absl::StrContains(edges, edge)) << edge << edges;
  }
  EXPECT_EQ(drawn.edges.size(), 7u) << edges;
  const std::string svg = RenderSvg(drawn, PagePalette());
  EXPECT_EQ(WhyNotWellFormed(svg), "");
  EXPECT_FALSE(absl::StrContains(svg, "nan"));
}

TEST(ReportParts, LongNamesAreBrokenBetweenTheirWords) {
  std::string tile;
  AppendTile("3", "test mean_absolute_error", &tile);
  EXPECT_TRUE(absl::StrContains(tile, "test mean_<wbr>absolute_<wbr>error")) << tile;
  EXPECT_EQ(WhyNotWellFormed(tile), "");
}

}  // namespace
}  // namespace gradus
