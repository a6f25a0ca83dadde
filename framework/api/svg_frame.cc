// From the back to the front: grid, bands, markers, curves, axes.

#include "gradus/api/svg_frame.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/svg_text.h"

namespace gradus {
namespace {

constexpr const char* kDashes[] = {"", " stroke-dasharray=\"8 4\"", " stroke-dasharray=\"2 3\""};

size_t ColourNumber(const PlotSeries& series, size_t number) {
  return series.colour < 0 ? number : static_cast<size_t>(series.colour);
}

std::string Opacity(double opacity) {
  return opacity < 1 ? absl::StrFormat(" stroke-opacity=\"%g\"", opacity) : "";
}

}  // namespace

const std::string& SvgColour(const SvgPalette& palette, const PlotSeries& series, size_t number) {
  return palette.curves[ColourNumber(series, number) % palette.curves.size()];
}

const char* SvgDash(const SvgPalette& palette, const PlotSeries& series, size_t number) {
  return kDashes[ColourNumber(series, number) / palette.curves.size() % std::size(kDashes)];
}

void AppendSvgText(const std::string& text, double x, double y, const char* anchor,
                   const std::string& attributes, std::string* svg) {
  absl::StrAppendFormat(svg, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x, y,
                        anchor, attributes, XmlText(text));
}

SvgFrame::SvgFrame(absl::Span<const PlotSeries> series, const PlotOptions& options,
                   const SvgPalette& palette, int most_y_ticks)
    : series_(series),
      options_(options),
      palette_(palette),
      axes_(MakeAxes(series, options, 9, most_y_ticks)) {}

double SvgFrame::NumbersWidth() const {
  double widest = 0;
  for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
    widest = std::max(widest, TextWidth(tick.label, kSvgTickSize));
  }
  return widest;
}

void SvgFrame::Append(const SvgBox& box, double picture, bool numbers, bool texts,
                      std::string* svg) {
  box_ = box;
  svg_ = svg;
  Grid(numbers);
  for (size_t i = 0; i < series_.size(); ++i) Band(i);
  Markers(picture, texts);
  for (size_t i = 0; i < series_.size(); ++i) Curve(i);
  absl::StrAppendFormat(svg_, "<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"%s\"/>\n",
                        box_.left, box_.top, box_.bottom(), box_.right(), palette_.axis);
  if (!axes_.any) {
    AppendSvgText("nothing to show", box_.left + box_.width / 2, box_.top + box_.height / 2,
                  "middle", absl::StrCat(" fill=\"", palette_.faint_text, "\""), svg_);
  }
}

double SvgFrame::X(double value) const { return box_.left + axes_.x.Place(value) * box_.width; }
double SvgFrame::Y(double value) const {
  return box_.bottom() - axes_.y.Place(value) * box_.height;
}

void SvgFrame::Grid(bool numbers) {
  std::string lines;
  for (const PlotAxis::Tick& tick : axes_.x.ticks()) {
    absl::StrAppendFormat(&lines, "M%.1f %.1fV%.1f", X(tick.value), box_.top, box_.bottom());
  }
  for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
    absl::StrAppendFormat(&lines, "M%.1f %.1fH%.1f", box_.left, Y(tick.value), box_.right());
  }
  absl::StrAppend(svg_, "<path d=\"", lines, "\" fill=\"none\" stroke=\"", palette_.grid, "\"/>\n");
  double free_from = -1e9;
  for (const PlotAxis::Tick& tick : axes_.x.ticks()) {
    const double half = TextWidth(tick.label, kSvgTickSize) / 2;
    if (!numbers || X(tick.value) - half < free_from) continue;
    free_from = X(tick.value) + half + 8;
    AppendSvgText(tick.label, X(tick.value), box_.bottom() + 18, "middle", "", svg_);
  }
  for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
    AppendSvgText(tick.label, box_.left - 8, Y(tick.value) + 4, "end", "", svg_);
  }
}

void SvgFrame::Curve(size_t number) {
  const PlotSeries& series = series_[number];
  const std::string& colour = SvgColour(palette_, series, number);
  const std::vector<size_t> points = VisiblePoints(series, axes_, static_cast<int>(box_.width));
  std::string path;
  size_t count = 0, last = 0;  // Of the part of the curve since the last gap.
  const auto end_part = [&] {
    if (count == 1) {
      absl::StrAppendFormat(svg_, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"%g\" fill=\"%s\"/>\n",
                            X(series.x[last]), Y(series.y[last]), series.width + 1, colour);
    }
    count = 0;
  };
  for (size_t i : points) {
    if (std::isnan(X(series.x[i]) + Y(series.y[i]))) {
      end_part();
      continue;
    }
    absl::StrAppendFormat(&path, "%s%.1f %.1f", count++ == 0 ? "M" : "L", X(series.x[i]),
                          Y(series.y[i]));
    last = i;
  }
  end_part();
  if (path.find('L') == std::string::npos) return;
  absl::StrAppendFormat(svg_,
                        "<path d=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%g\" "
                        "stroke-linejoin=\"round\" stroke-linecap=\"round\"%s%s/>\n",
                        path, colour, series.width, Opacity(series.opacity),
                        SvgDash(palette_, series, number));
}

void SvgFrame::Band(size_t number) {
  const PlotSeries& series = series_[number];
  const size_t points = std::min({series.x.size(), series.low.size(), series.high.size()});
  // Of many points in a column the band's widest is enough.
  std::vector<double> at, low, high;
  const auto flush = [&] {
    if (at.size() > 1) {
      std::string path;
      for (size_t i = 0; i < at.size(); ++i) {
        absl::StrAppendFormat(&path, "%s%.1f %.1f", i == 0 ? "M" : "L", at[i], high[i]);
      }
      for (size_t i = at.size(); i-- > 0;) {
        absl::StrAppendFormat(&path, "L%.1f %.1f", at[i], low[i]);
      }
      absl::StrAppend(svg_, "<path d=\"", path, "Z\" fill=\"", SvgColour(palette_, series, number),
                      "\" fill-opacity=\"0.16\"/>\n");
    }
    at.clear(), low.clear(), high.clear();
  };
  for (size_t i = 0; i < points; ++i) {
    const double x = X(series.x[i]), l = Y(series.low[i]), h = Y(series.high[i]);
    if (std::isnan(x) || std::isnan(l) || std::isnan(h)) {
      flush();
    } else if (!at.empty() && std::floor(x) == std::floor(at.back()) && i + 1 < points) {
      low.back() = std::max(low.back(), l);
      high.back() = std::min(high.back(), h);
    } else {
      at.push_back(x), low.push_back(l), high.push_back(h);
    }
  }
  flush();
}

void SvgFrame::Markers(double picture, bool texts) {
  double free_from = -1e9;
  for (const PlotMarker& marker : options_.markers) {
    const double place = axes_.x.Place(marker.x);
    if (!(place >= 0 && place <= 1)) continue;
    const double x = box_.left + place * box_.width;
    PlotSeries of;
    of.colour = marker.colour;
    const std::string& colour = marker.colour < 0 ? palette_.axis : SvgColour(palette_, of, 0);
    absl::StrAppendFormat(svg_,
                          "<path d=\"M%.1f %.1fV%.1f\" stroke=\"%s\" stroke-dasharray=\"4 3\">", x,
                          box_.top, box_.bottom(), colour);
    absl::StrAppend(svg_, "<title>", XmlText(marker.text), "</title></path>\n");
    const double half = TextWidth(marker.text, kSvgSmallSize) / 2;
    const double middle = std::max(half + 4, std::min(x, picture - half - 4));
    // A text that would cover another's is left out; its line is there.
    if (!texts || middle - half < free_from) continue;
    free_from = middle + half + 6;
    AppendSvgText(marker.text, middle, box_.top - 5, "middle",
                  absl::StrFormat(" font-size=\"%d\" fill=\"%s\"", kSvgSmallSize,
                                  marker.colour < 0 ? palette_.text : colour),
                  svg_);
  }
}

}  // namespace gradus
