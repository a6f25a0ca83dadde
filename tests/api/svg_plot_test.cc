// The SVG is XML, and shows what it was given.

#include "gradus/api/svg_plot.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <regex>

#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

namespace gradus {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Every element is closed in its order, attributes are quoted and not twice there, and there is one
// root. Nothing of ours needs more of XML.
std::string WhyNotWellFormed(const std::string& text) {
  std::vector<std::string> open;
  size_t at = 0;
  int roots = 0;
  static const std::regex kTag(
      R"(<(/?)([A-Za-z]+)((?: [A-Za-z-]+="[^"<&]*(?:&[a-z]+;[^"<&]*)*")*)(/?)>)");
  static const std::regex kText(R"((?:[^<>&]|&(?:amp|lt|gt|quot);)*)");
  while (at < text.size()) {
    const size_t next = std::min(text.find('<', at), text.size());
    const std::string between = text.substr(at, next - at);
    if (!std::regex_match(between, kText)) return "text: " + between;
    if (open.empty() && between.find_first_not_of('\n') != between.npos) return "out: " + between;
    if (next == text.size()) break;
    const size_t end = text.find('>', next);
    if (end == text.npos) return "open tag";
    std::smatch match;
    const std::string tag = text.substr(next, end - next + 1);
    // Long paths are no food for a recursive matcher.
    if (tag.size() < 2000) {
      if (!std::regex_match(tag, match, kTag)) return "tag: " + tag;
      if (match[1].length() > 0) {
        if (open.empty() || open.back() != match[2]) return "close: " + tag;
        open.pop_back();
      } else {
        roots += open.empty();
        if (match[4].length() == 0) open.push_back(match[2]);
      }
    } else if (tag[tag.size() - 2] != '/') {
      return "a long tag that is left open";
    }
    at = end + 1;
  }
  if (!open.empty()) return "open: " + open.back();
  return roots == 1 ? "" : absl::StrCat(roots, " roots");
}

int Count(const std::string& text, const std::string& part) {
  int count = 0;
  for (size_t at = text.find(part); at != text.npos; at = text.find(part, at + 1)) ++count;
  return count;
}

PlotSeries Line(const std::string& name, int points) {
  PlotSeries series;
  series.name = name;
  for (int i = 0; i < points; ++i) {
    series.x.push_back(i);
    series.y.push_back(0.001 * i);
  }
  return series;
}

TEST(Svg, IsOneFileOfWellFormedXml) {
  PlotOptions options;
  options.title = "rates";
  options.x_label = "update";
  options.y_label = "rate";
  options.caption = "Controllers may change it.";
  options.markers = {{3, "epoch 1"}};
  const std::string svg = RenderSvg({Line("default", 10), Line("biases", 7)}, options);
  EXPECT_EQ(WhyNotWellFormed(svg), "");
  EXPECT_TRUE(absl::StartsWith(svg, "<svg xmlns=\"http://www.w3.org/2000/svg\" "));
  for (const char* part : {">rates<", ">update<", ">rate<", ">default<", ">biases<", ">epoch 1<",
                           ">Controllers may change it.<", ">0.002<"}) {
    EXPECT_TRUE(absl::StrContains(svg, part)) << part;
  }
  // Nothing comes from elsewhere, and nothing runs.
  for (const char* part : {"href", "url(", "<script", "<style", "@import"}) {
    EXPECT_FALSE(absl::StrContains(svg, part)) << part;
  }
}

TEST(Svg, EscapesEveryText) {
  const std::string bad = "<a href=\"x\">&amp;\x01\xff\xed\xa0\x80 Δη\n]]>";
  PlotOptions options;
  options.title = options.x_label = options.y_label = options.caption = bad;
  options.markers = {{1, bad}};
  const std::string svg = RenderSvg({Line(bad, 3)}, options);
  EXPECT_EQ(WhyNotWellFormed(svg), "");
  EXPECT_FALSE(absl::StrContains(svg, "<a "));
  EXPECT_TRUE(absl::StrContains(svg, "&lt;a href=&quot;x&quot;&gt;&amp;amp;")) << svg;
  EXPECT_TRUE(absl::StrContains(svg, " Δη "));
  EXPECT_FALSE(absl::StrContains(svg, "\xff"));
  EXPECT_FALSE(absl::StrContains(svg, "\x01"));
}

TEST(Svg, AGapInterruptsTheCurve) {
  PlotSeries series = Line("", 9);
  EXPECT_EQ(Count(RenderSvg({series}, {}), "M"), Count(RenderSvg({Line("", 9)}, {}), "M"));
  const int whole = Count(RenderSvg({series}, {}), "M");
  for (double gap : {kNan, kInfinity, -kInfinity, 1e301}) {
    series.y[4] = gap;
    const std::string svg = RenderSvg({series}, {});
    EXPECT_EQ(WhyNotWellFormed(svg), "");
    EXPECT_EQ(Count(svg, "M"), whole + 1) << gap;
    EXPECT_FALSE(absl::StrContains(svg, "nan"));
    EXPECT_FALSE(absl::StrContains(svg, "inf"));
  }
}

TEST(Svg, APointAloneIsADot) {
  EXPECT_EQ(Count(RenderSvg({{"one", {5}, {3}}}, {}), "<circle"), 1);
  EXPECT_EQ(Count(RenderSvg({{"", {1, 2, 3}, {1, kNan, 1}}}, {}), "<circle"), 2);
  EXPECT_EQ(Count(RenderSvg({{"", {1, 2}, {1, 1}}}, {}), "<circle"), 0);
}

TEST(Svg, NothingIsShownAsNothing) {
  for (const std::vector<PlotSeries>& series :
       {std::vector<PlotSeries>{}, {{"empty", {}, {}}}, {{"gaps", {1, 2}, {kNan, kInfinity}}}}) {
    for (bool log : {false, true}) {
      PlotOptions options;
      options.log_x = options.log_y = log;
      const std::string svg = RenderSvg(series, options);
      EXPECT_EQ(WhyNotWellFormed(svg), "");
      EXPECT_TRUE(absl::StrContains(svg, ">nothing to show<"));
    }
  }
  EXPECT_FALSE(absl::StrContains(RenderSvg({Line("", 3)}, {}), "nothing to show"));
}

TEST(Svg, ABandIsShadedBehindItsCurve) {
  PlotSeries series = Line("mean", 20);
  EXPECT_EQ(Count(RenderSvg({series}, {}), "fill-opacity"), 0);
  for (double y : series.y) series.low.push_back(y - 1), series.high.push_back(y + 1);
  const std::string svg = RenderSvg({series}, {});
  EXPECT_EQ(WhyNotWellFormed(svg), "");
  EXPECT_EQ(Count(svg, "fill-opacity"), 1);
  EXPECT_LT(svg.find("fill-opacity"), svg.find("stroke-width=\"2\""));
  series.low[10] = kNan;
  EXPECT_EQ(Count(RenderSvg({series}, {}), "fill-opacity"), 2);
}

TEST(Svg, MarkersOutsideAreNotDrawn) {
  PlotOptions options;
  options.markers = {{-1, "before"}, {4, "inside"}, {100, "behind"}, {kNan, "never"}};
  const std::string svg = RenderSvg({Line("", 9)}, options);
  EXPECT_TRUE(absl::StrContains(svg, ">inside<"));
  for (const char* text : {"before", "behind", "never"}) EXPECT_FALSE(absl::StrContains(svg, text));
}

TEST(Svg, AMillionPointsStaySmallAndLoseNoPeak) {
  PlotSeries series;
  for (int i = 0; i < 1000000; ++i) {
    series.x.push_back(i);
    series.y.push_back(i == 654321 ? 5 : i % 2);
  }
  const std::string svg = RenderSvg({series}, {});
  EXPECT_LT(svg.size(), 100000u);
  // The top of the plot is where y is 5.
  const PlotAxes axes = MakeAxes({series}, {}, 9, 7);
  EXPECT_EQ(axes.y.high(), 5);
  const std::vector<size_t> visible = VisiblePoints(series, axes, 800);
  EXPECT_LT(visible.size(), 3300u);
  EXPECT_TRUE(std::count(visible.begin(), visible.end(), 654321u));
  EXPECT_TRUE(std::is_sorted(visible.begin(), visible.end()));
}

// What ticks say.
std::string Labels(const PlotAxis& axis) {
  std::string labels;
  for (const PlotAxis::Tick& tick : axis.ticks()) absl::StrAppend(&labels, tick.label, " ");
  return labels;
}

TEST(Axis, HasReadableTicks) {
  EXPECT_EQ(Labels(PlotAxis::Make(0, 1, false, 6, true)), "0 0.2 0.4 0.6 0.8 1 ");
  EXPECT_EQ(Labels(PlotAxis::Make(0.0001, 0.002, false, 6, true)), "0 0.0005 0.001 0.0015 0.002 ");
  EXPECT_EQ(Labels(PlotAxis::Make(0, 9.9e-5, false, 6, true)), "0 2e-5 4e-5 6e-5 8e-5 1e-4 ");
  EXPECT_EQ(Labels(PlotAxis::Make(0, 6329, false, 8, false)), "0 1000 2000 3000 4000 5000 6000 ");
  EXPECT_EQ(Labels(PlotAxis::Make(0, 250000, false, 6, false)), "0 50k 100k 150k 200k 250k ");
  EXPECT_EQ(Labels(PlotAxis::Make(0, 3e6, false, 7, false)), "0 0.5M 1M 1.5M 2M 2.5M 3M ");
  // Epochs: 1.5 is none.
  EXPECT_EQ(Labels(PlotAxis::Make(1, 2, false, 8, false, true)), "1 2 ");
  EXPECT_EQ(Labels(PlotAxis::Make(1, 1, false, 8, false, true)), "1 ");
  EXPECT_EQ(Labels(PlotAxis::Make(0.1, 3.9, false, 8, false, true)), "1 2 3 ");
  EXPECT_EQ(Labels(PlotAxis::Make(1, 60, false, 8, false, true)), "10 20 30 40 50 60 ");
  EXPECT_EQ(Labels(PlotAxis::Make(0.2, 0.8, false, 3, false, true)), "0.2 0.4 0.6 0.8 ");
  EXPECT_EQ(Labels(PlotAxis::Make(-1, 1, false, 5, true)), "-1 -0.5 0 0.5 1 ");
  EXPECT_EQ(Labels(PlotAxis::Make(0.9, 0.95, false, 6, true)), "0.9 0.91 0.92 0.93 0.94 0.95 ");
  EXPECT_EQ(Labels(PlotAxis::Make(1e-6, 1, true, 7, true)), "1e-6 1e-5 1e-4 0.001 0.01 0.1 1 ");
  EXPECT_EQ(Labels(PlotAxis::Make(1, 10, true, 7, true)), "1 2 5 10 ");
}

TEST(Axis, PlacesItsEnds) {
  const PlotAxis linear = PlotAxis::Make(2, 12, false, 6, false);
  EXPECT_EQ(linear.Place(2), 0);
  EXPECT_EQ(linear.Place(12), 1);
  EXPECT_EQ(linear.Place(7), 0.5);
  const PlotAxis log = PlotAxis::Make(1e-4, 1e2, true, 6, false);
  EXPECT_EQ(log.Place(1e-4), 0);
  EXPECT_NEAR(log.Place(0.1), 0.5, 1e-15);  // Two logarithms and a quotient.
  EXPECT_TRUE(std::isnan(log.Place(0)));
  EXPECT_TRUE(std::isnan(log.Place(-1)));
  EXPECT_TRUE(std::isnan(linear.Place(kNan)));
}

// Whatever the range, there are ticks, and they lie on the axis.
TEST(Axis, IsSoundForEveryRange) {
  const double values[] = {-1e300, -1e9, -3,        -1e-300, 0,   5e-324, 1e-300, 1e-7,
                           0.1,    1,    1 + 1e-15, 3,       1e9, 1e18,   1e300};
  for (double low : values) {
    for (double high : values) {
      for (int most : {2, 3, 8}) {
        for (bool round : {false, true}) {
          for (bool log : {false, true}) {
            if (high < low || (log && low < 1e-300)) continue;
            SCOPED_TRACE(
                absl::StrCat(low, " ", high, " ", most, round ? " round" : "", log ? " log" : ""));
            const PlotAxis axis = PlotAxis::Make(low, high, log, most, round);
            EXPECT_LT(axis.low(), axis.high());
            EXPECT_FALSE(axis.ticks().empty());
            EXPECT_LE(axis.ticks().size(), 30u);
            for (const PlotAxis::Tick& tick : axis.ticks()) {
              EXPECT_GE(axis.Place(tick.value), -1e-5);
              EXPECT_LE(axis.Place(tick.value), 1 + 1e-5);
              EXPECT_LE(tick.label.size(), 24u) << tick.label;
            }
            EXPECT_GE(axis.Place(low), -1e-5);
            EXPECT_LE(axis.Place(high), 1 + 1e-5);
          }
        }
      }
    }
  }
}

}  // namespace
}  // namespace gradus
