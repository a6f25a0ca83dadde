// Titles, legends and captions around the frames.
//
// The colours are those of Okabe and Ito (2008), "Color Universal Design", which most colour-blind
// people can tell apart, with the yellow left out, which is too light on white; on a dark page
// lighter shades of them. From the eighth curve on they come again, dashed.

#include "gradus/api/svg_plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/svg_frame.h"
#include "gradus/api/svg_text.h"

namespace gradus {
namespace {

constexpr double kWidth = 840, kPlotHeight = 360, kPanelHeight = 210;
constexpr double kRightMargin = 24;
constexpr int kTitleSize = 17, kPanelTitleSize = 13;
constexpr const char* kCurves[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                   "#56b4e9", "#e69f00", "#444444"};
constexpr const char* kDarkCurves[] = {"#4ba3e3", "#f0803c", "#2cc295", "#e29ac4",
                                       "#8fd0f5", "#f2b93b", "#c8c8c8"};

// The legend's entries from left to right, in rows as wide as the plot.
class Legend {
 public:
  Legend(absl::Span<const PlotSeries> series, double width) : series_(series), width_(width) {}

  int Rows() const {
    int rows = 0;
    double x = 1e9;
    for (const PlotSeries& series : series_) {
      if (series.name.empty()) continue;
      if (x > 0 && x + EntryWidth(series) > width_) x = 0, ++rows;
      x += EntryWidth(series);
    }
    return rows;
  }

  void Append(double left, double top, const SvgPalette& palette, std::string* svg) const {
    double x = 0, y = top + 4;
    for (size_t i = 0; i < series_.size(); ++i) {
      const PlotSeries& series = series_[i];
      if (series.name.empty()) continue;
      if (x > 0 && x + EntryWidth(series) > width_) x = 0, y += 20;
      absl::StrAppendFormat(
          svg, "<path d=\"M%.1f %.1fh20\" stroke=\"%s\" stroke-width=\"%g\"%s%s/>\n", left + x, y,
          SvgColour(palette, series, i), series.width + 1,
          series.opacity < 1 ? absl::StrFormat(" stroke-opacity=\"%g\"", series.opacity) : "",
          SvgDash(palette, series, i));
      AppendSvgText(series.name, left + x + 27, y + 4, "start", "", svg);
      x += EntryWidth(series);
    }
  }

 private:
  static double EntryWidth(const PlotSeries& series) {
    return 28 + TextWidth(series.name, kSvgTickSize) + 20;
  }

  const absl::Span<const PlotSeries> series_;
  const double width_;
};

// The element around a picture, with its name and its background.
std::string Open(double height, const std::string& title, const SvgPalette& palette) {
  std::string svg = absl::StrFormat(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g %g\" "
      "role=\"img\" font-family=\"system-ui, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, "
      "sans-serif\" font-size=\"%d\" fill=\"%s\">\n",
      kWidth, height, kWidth, height, kSvgTickSize, palette.text);
  if (!title.empty()) absl::StrAppend(&svg, "<title>", XmlText(title), "</title>\n");
  if (!palette.background.empty()) {
    absl::StrAppendFormat(&svg, "<rect width=\"%g\" height=\"%g\" fill=\"%s\"/>\n", kWidth, height,
                          palette.background);
  }
  return svg;
}

std::string TitleAttributes(int size, const SvgPalette& palette) {
  return absl::StrFormat(" font-size=\"%d\" font-weight=\"600\" fill=\"%s\"", size, palette.title);
}

double CaptionHeight(const std::vector<std::string>& caption) {
  return caption.empty() ? 0 : 10 + 15 * static_cast<double>(caption.size());
}

void AppendCaption(const std::vector<std::string>& caption, double left, double top,
                   const SvgPalette& palette, std::string* svg) {
  for (size_t i = 0; i < caption.size(); ++i) {
    AppendSvgText(
        caption[i], left, top + 11 + 15 * static_cast<double>(i), "start",
        absl::StrFormat(" font-size=\"%d\" fill=\"%s\"", kSvgSmallSize, palette.faint_text), svg);
  }
}

}  // namespace

const SvgPalette& LightPalette() {
  static const SvgPalette& palette = *new SvgPalette{
      "#fff", "#111", "#333", "#666", "#777", "#e4e4e4", {std::begin(kCurves), std::end(kCurves)}};
  return palette;
}

const SvgPalette& PagePalette() {
  static const SvgPalette& palette = *[] {
    auto* made = new SvgPalette{"",
                                "var(--plot-title)",
                                "var(--plot-text)",
                                "var(--plot-faint)",
                                "var(--plot-axis)",
                                "var(--plot-grid)",
                                {}};
    for (size_t i = 0; i < std::size(kCurves); ++i) {
      made->curves.push_back(absl::StrCat("var(--curve-", i, ")"));
    }
    return made;
  }();
  return palette;
}

std::string PaletteVariables(bool dark) {
  std::string css = dark ? "--plot-title: #f2f2f2; --plot-text: #c9ccd1; --plot-faint: #92979f; "
                           "--plot-axis: #7c828b; --plot-grid: #30343a;"
                         : "--plot-title: #111; --plot-text: #333; --plot-faint: #666; "
                           "--plot-axis: #777; --plot-grid: #e4e4e4;";
  for (size_t i = 0; i < std::size(kCurves); ++i) {
    absl::StrAppend(&css, " --curve-", i, ": ", dark ? kDarkCurves[i] : kCurves[i], ";");
  }
  return css;
}

std::string RenderSvg(absl::Span<const PlotSeries> series, const PlotOptions& options,
                      const SvgPalette& palette) {
  SvgFrame frame(series, options, palette);
  SvgBox box;
  box.left = 24 + frame.NumbersWidth() + (options.y_label.empty() ? 0 : 24);
  box.width = kWidth - kRightMargin - box.left;
  box.height = kPlotHeight;
  const double legend_top = options.title.empty() ? 16 : 42;
  const Legend legend(series, box.width);
  box.top = legend_top + legend.Rows() * 20 + 8 + (options.markers.empty() ? 0 : 14);

  const std::vector<std::string> caption =
      WrapText(options.caption, kSvgSmallSize, kWidth - 2 * kRightMargin);
  const double caption_top = box.bottom() + 28 + (options.x_label.empty() ? 0 : 22);
  std::string svg = Open(caption_top + CaptionHeight(caption), options.title, palette);
  frame.Append(box, kWidth, true, true, &svg);
  if (!options.title.empty()) {
    AppendSvgText(options.title, box.left, 30, "start", TitleAttributes(kTitleSize, palette), &svg);
  }
  if (!options.x_label.empty()) {
    AppendSvgText(options.x_label, box.left + box.width / 2, box.bottom() + 44, "middle", "", &svg);
  }
  if (!options.y_label.empty()) {
    absl::StrAppendFormat(&svg, "<g transform=\"translate(20 %.1f) rotate(-90)\">\n",
                          (box.top + box.bottom()) / 2);
    AppendSvgText(options.y_label, 0, 0, "middle", "", &svg);
    svg += "</g>\n";
  }
  legend.Append(box.left, legend_top, palette, &svg);
  AppendCaption(caption, box.left, caption_top, palette, &svg);
  return svg + "</svg>\n";
}

std::string RenderSvgPage(const PlotPage& page, const SvgPalette& palette) {
  std::vector<PlotOptions> options;
  for (size_t i = 0; i < page.panels.size(); ++i) options.push_back(PanelOptions(page, i));
  const double height = page.panels.size() == 1 ? kPlotHeight : kPanelHeight;
  double numbers = 0;
  for (size_t i = 0; i < page.panels.size(); ++i) {
    const SvgFrame frame(page.panels[i].series, options[i], palette, 6);
    numbers = std::max(numbers, frame.NumbersWidth());
  }
  SvgBox box;
  box.left = 24 + numbers;
  box.width = kWidth - kRightMargin - box.left;
  box.height = height;
  const Legend legend(page.legend, box.width);
  const double legend_top = page.title.empty() ? 16 : 42;
  double top = legend_top + legend.Rows() * 20 + (page.markers.empty() ? 0 : 12);

  std::string frames;
  for (size_t i = 0; i < page.panels.size(); ++i) {
    top += 30;
    box.top = top;
    SvgFrame frame(page.panels[i].series, options[i], palette, 6);
    frame.Append(box, kWidth, i + 1 == page.panels.size(), false, &frames);
    AppendSvgText(page.panels[i].title, box.left, top - 10, "start",
                  TitleAttributes(kPanelTitleSize, palette), &frames);
    top = box.bottom();
  }
  // What events are is said once, above all panels.
  if (!page.panels.empty() && !page.markers.empty()) {
    const PlotAxes axes = MakeAxes(page.panels[0].series, options[0], 9, 6);
    double free_from = -1e9;
    for (const PlotMarker& marker : page.markers) {
      const double place = axes.x.Place(marker.x);
      if (!(place >= 0 && place <= 1)) continue;
      const double half = TextWidth(marker.text, kSvgSmallSize) / 2;
      const double x =
          std::max(box.left + half, std::min(box.left + place * box.width, kWidth - half - 4));
      if (x - half < free_from) continue;
      free_from = x + half + 10;
      PlotSeries of;
      of.colour = marker.colour;
      AppendSvgText(marker.text, x, legend_top + legend.Rows() * 20 + 8, "middle",
                    absl::StrFormat(" font-size=\"%d\" fill=\"%s\"", kSvgSmallSize,
                                    marker.colour < 0 ? palette.text : SvgColour(palette, of, 0)),
                    &frames);
    }
  }
  const std::vector<std::string> caption =
      WrapText(page.caption, kSvgSmallSize, kWidth - 2 * kRightMargin);
  const double caption_top = top + 28 + (page.x_label.empty() ? 0 : 22);
  std::string svg = Open(caption_top + CaptionHeight(caption) + 4, page.title, palette);
  if (!page.title.empty()) {
    AppendSvgText(page.title, box.left, 30, "start", TitleAttributes(kTitleSize, palette), &svg);
  }
  legend.Append(box.left, legend_top, palette, &svg);
  svg += frames;
  if (!page.x_label.empty()) {
    AppendSvgText(page.x_label, box.left + box.width / 2, top + 44, "middle", "", &svg);
  }
  AppendCaption(caption, box.left, caption_top, palette, &svg);
  return svg + "</svg>\n";
}

}  // namespace gradus
