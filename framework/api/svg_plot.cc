// The SVG, from the back to the front: grid, bands, markers, curves, axes, texts.
//
// The colours are those of Okabe and Ito (2008), "Color Universal Design", which most colour-blind
// people can tell apart, with the yellow left out, which is too light on white. From the eighth
// curve on they come again, dashed.

#include "gradus/api/svg_plot.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gradus {
namespace {

constexpr double kWidth = 840, kPlotHeight = 360;
constexpr double kRightMargin = 24;
constexpr double kTextWidth = 0.56;  // Of a character, of the font's size: about, fonts differ.
constexpr int kTickSize = 12, kTitleSize = 17, kCaptionSize = 11;
constexpr const char* kColours[] = {"#0072b2", "#d55e00", "#009e73", "#cc79a7",
                                    "#56b4e9", "#e69f00", "#444444"};
constexpr const char* kDashes[] = {"", " stroke-dasharray=\"8 4\"", " stroke-dasharray=\"2 3\""};

// The length of the UTF-8 character at `i`, or 0 when it is malformed or not allowed in XML.
size_t XmlCharacter(const std::string& text, size_t i) {
  const auto byte = [&](size_t k) {
    return k < text.size() ? static_cast<unsigned char>(text[k]) : 0u;
  };
  const unsigned lead = byte(i);
  if (lead < 0x80) return lead >= 0x20 ? 1 : 0;
  const size_t length = lead >= 0xf0 && lead < 0xf5   ? 4
                        : lead >= 0xe0 && lead < 0xf0 ? 3
                        : lead >= 0xc2 && lead < 0xe0 ? 2
                                                      : 0;
  unsigned code = length == 4 ? lead & 7 : length == 3 ? lead & 15 : lead & 31;
  for (size_t k = 1; k < length; ++k) {
    if ((byte(i + k) & 0xc0) != 0x80) return 0;
    code = code << 6 | (byte(i + k) & 0x3f);
  }
  const bool overlong = (length == 3 && code < 0x800) || (length == 4 && code < 0x10000);
  const bool forbidden = (code >= 0xd800 && code < 0xe000) || code == 0xfffe || code == 0xffff;
  return overlong || forbidden || code > 0x10ffff ? 0 : length;
}

std::string Escaped(const std::string& text) {
  std::string escaped;
  for (size_t i = 0; i < text.size();) {
    const size_t length = XmlCharacter(text, i);
    if (length == 0) {
      escaped += text[i] == '\t' || text[i] == '\n' ? " " : "\xef\xbf\xbd";
      ++i;
      continue;
    }
    const std::string character = text.substr(i, length);
    escaped += character == "&"    ? "&amp;"
               : character == "<"  ? "&lt;"
               : character == ">"  ? "&gt;"
               : character == "\"" ? "&quot;"
                                   : character;
    i += length;
  }
  return escaped;
}

double WidthOf(const std::string& text, int size) {
  const auto characters = std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  });
  return static_cast<double>(characters) * kTextWidth * size;
}

// Words in lines that are at most so wide.
std::vector<std::string> Lines(const std::string& text, int size, double width) {
  std::vector<std::string> lines;
  size_t begin = 0;
  while (begin < text.size()) {
    size_t end = std::min(text.find(' ', begin), text.size());
    const std::string word = text.substr(begin, end - begin);
    if (lines.empty() || WidthOf(lines.back() + " " + word, size) > width) {
      lines.push_back(word);
    } else {
      lines.back() += " " + word;
    }
    begin = end + 1;
  }
  return lines;
}

class Drawing {
 public:
  Drawing(absl::Span<const PlotSeries> series, const PlotOptions& options)
      : series_(series), options_(options), axes_(MakeAxes(series, options, 9, 7)) {
    double widest = 0;
    for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
      widest = std::max(widest, WidthOf(tick.label, kTickSize));
    }
    left_ = 24 + widest + (options.y_label.empty() ? 0 : 24);
    width_ = kWidth - kRightMargin - left_;
    top_ = 16;
    if (!options.title.empty()) top_ += 26;
    legend_top_ = top_;
    top_ += LegendRows() * 20 + 8;
    if (!options.markers.empty()) top_ += 14;
    bottom_ = top_ + kPlotHeight;
  }

  std::string Render() {
    const std::vector<std::string> caption =
        Lines(options_.caption, kCaptionSize, kWidth - 2 * kRightMargin);
    const double x_title = options_.x_label.empty() ? 0 : 22;
    const double height = bottom_ + 28 + x_title +
                          (caption.empty() ? 0 : 10 + 15 * static_cast<double>(caption.size()));
    absl::StrAppendFormat(
        &svg_,
        "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"%g\" height=\"%g\" viewBox=\"0 0 %g "
        "%g\" "
        "role=\"img\" font-family=\"system-ui, 'Segoe UI', 'Helvetica Neue', Helvetica, Arial, "
        "sans-serif\" font-size=\"%d\" fill=\"#333\">\n",
        kWidth, height, kWidth, height, kTickSize);
    if (!options_.title.empty()) {
      absl::StrAppend(&svg_, "<title>", Escaped(options_.title), "</title>\n");
    }
    absl::StrAppendFormat(&svg_, "<rect width=\"%g\" height=\"%g\" fill=\"#fff\"/>\n", kWidth,
                          height);
    Grid();
    for (size_t i = 0; i < series_.size(); ++i) Band(i);
    Markers();
    for (size_t i = 0; i < series_.size(); ++i) Curve(i);
    absl::StrAppendFormat(&svg_,
                          "<path d=\"M%.1f %.1fV%.1fH%.1f\" fill=\"none\" stroke=\"#666\"/>\n",
                          left_, top_, bottom_, left_ + width_);
    if (!options_.title.empty()) {
      Text(options_.title, left_, 30, "start",
           absl::StrFormat(" font-size=\"%d\" font-weight=\"600\" fill=\"#111\"", kTitleSize));
    }
    if (!options_.x_label.empty()) {
      Text(options_.x_label, left_ + width_ / 2, bottom_ + 44, "middle", "");
    }
    if (!options_.y_label.empty()) {
      absl::StrAppendFormat(&svg_, "<g transform=\"translate(20 %.1f) rotate(-90)\">\n",
                            (top_ + bottom_) / 2);
      Text(options_.y_label, 0, 0, "middle", "");
      svg_ += "</g>\n";
    }
    if (!axes_.any) {
      Text("nothing to show", left_ + width_ / 2, (top_ + bottom_) / 2, "middle", " fill=\"#888\"");
    }
    Legend();
    for (size_t i = 0; i < caption.size(); ++i) {
      Text(caption[i], left_, bottom_ + 28 + x_title + 11 + 15 * static_cast<double>(i), "start",
           absl::StrFormat(" font-size=\"%d\" fill=\"#666\"", kCaptionSize));
    }
    svg_ += "</svg>\n";
    return std::move(svg_);
  }

 private:
  static const char* Colour(size_t i) { return kColours[i % std::size(kColours)]; }
  static const char* Dash(size_t i) {
    return kDashes[i / std::size(kColours) % std::size(kDashes)];
  }
  double X(double value) const { return left_ + axes_.x.Place(value) * width_; }
  double Y(double value) const { return bottom_ - axes_.y.Place(value) * kPlotHeight; }

  void Text(const std::string& text, double x, double y, const char* anchor,
            const std::string& attributes) {
    absl::StrAppendFormat(&svg_, "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\"%s>%s</text>\n", x,
                          y, anchor, attributes, Escaped(text));
  }

  void Grid() {
    std::string lines;
    for (const PlotAxis::Tick& tick : axes_.x.ticks()) {
      absl::StrAppendFormat(&lines, "M%.1f %.1fV%.1f", X(tick.value), top_, bottom_);
    }
    for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
      absl::StrAppendFormat(&lines, "M%.1f %.1fH%.1f", left_, Y(tick.value), left_ + width_);
    }
    absl::StrAppend(&svg_, "<path d=\"", lines, "\" fill=\"none\" stroke=\"#e4e4e4\"/>\n");
    double free_from = -1e9;
    for (const PlotAxis::Tick& tick : axes_.x.ticks()) {
      const double half = WidthOf(tick.label, kTickSize) / 2;
      if (X(tick.value) - half < free_from) continue;
      free_from = X(tick.value) + half + 8;
      Text(tick.label, X(tick.value), bottom_ + 18, "middle", "");
    }
    for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
      Text(tick.label, left_ - 8, Y(tick.value) + 4, "end", "");
    }
  }

  // The part of the series from `begin` that has no gap, as points; `begin` moves behind it.
  template <class Skip, class Add>
  static void Run(const std::vector<size_t>& points, size_t* k, Skip skip, Add add) {
    while (*k < points.size() && skip(points[*k])) ++*k;
    while (*k < points.size() && !skip(points[*k])) add(points[(*k)++]);
  }

  void Curve(size_t number) {
    const PlotSeries& series = series_[number];
    const std::vector<size_t> points = VisiblePoints(series, axes_, static_cast<int>(width_));
    const auto gap = [&](size_t i) {
      return std::isnan(X(series.x[i])) || std::isnan(Y(series.y[i]));
    };
    std::string path;
    for (size_t k = 0; k < points.size();) {
      size_t count = 0, last = 0;
      Run(points, &k, gap, [&](size_t i) {
        absl::StrAppendFormat(&path, "%s%.1f %.1f", count++ == 0 ? "M" : "L", X(series.x[i]),
                              Y(series.y[i]));
        last = i;
      });
      if (count != 1) continue;
      absl::StrAppendFormat(&svg_, "<circle cx=\"%.1f\" cy=\"%.1f\" r=\"3\" fill=\"%s\"/>\n",
                            X(series.x[last]), Y(series.y[last]), Colour(number));
    }
    if (path.empty()) return;
    absl::StrAppend(&svg_, "<path d=\"", path, "\" fill=\"none\" stroke=\"", Colour(number),
                    "\" stroke-width=\"2\" stroke-linejoin=\"round\" stroke-linecap=\"round\"",
                    Dash(number), "/>\n");
  }

  void Band(size_t number) {
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
        absl::StrAppend(&svg_, "<path d=\"", path, "Z\" fill=\"", Colour(number),
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

  void Markers() {
    double free_from = -1e9;
    for (const PlotMarker& marker : options_.markers) {
      const double place = axes_.x.Place(marker.x);
      if (!(place >= 0 && place <= 1)) continue;
      const double x = left_ + place * width_;
      absl::StrAppendFormat(&svg_,
                            "<path d=\"M%.1f %.1fV%.1f\" stroke=\"#888\" stroke-dasharray=\"4 3\">",
                            x, top_, bottom_);
      absl::StrAppend(&svg_, "<title>", Escaped(marker.text), "</title></path>\n");
      const double half = WidthOf(marker.text, kCaptionSize) / 2;
      const double middle = std::max(half + 4, std::min(x, kWidth - half - 4));
      if (middle - half < free_from)
        continue;  // Its text would cover another's; the line is there.
      free_from = middle + half + 6;
      Text(marker.text, middle, top_ - 5, "middle",
           absl::StrFormat(" font-size=\"%d\" fill=\"#555\"", kCaptionSize));
    }
  }

  double EntryWidth(const PlotSeries& series) const {
    return 28 + WidthOf(series.name, kTickSize) + 20;
  }

  int LegendRows() const {
    int rows = 0;
    double x = 1e9;
    for (const PlotSeries& series : series_) {
      if (series.name.empty()) continue;
      if (x + EntryWidth(series) > width_) x = 0, ++rows;
      x += EntryWidth(series);
    }
    return rows;
  }

  void Legend() {
    double x = 0, y = legend_top_ + 4;
    for (size_t i = 0; i < series_.size(); ++i) {
      if (series_[i].name.empty()) continue;
      if (x > 0 && x + EntryWidth(series_[i]) > width_) x = 0, y += 20;
      absl::StrAppendFormat(&svg_,
                            "<path d=\"M%.1f %.1fh20\" stroke=\"%s\" stroke-width=\"3\"%s/>\n",
                            left_ + x, y, Colour(i), Dash(i));
      Text(series_[i].name, left_ + x + 27, y + 4, "start", "");
      x += EntryWidth(series_[i]);
    }
  }

  const absl::Span<const PlotSeries> series_;
  const PlotOptions& options_;
  const PlotAxes axes_;
  double left_, width_, top_, bottom_, legend_top_;
  std::string svg_;
};

}  // namespace

std::string RenderSvg(absl::Span<const PlotSeries> series, const PlotOptions& options) {
  return Drawing(series, options).Render();
}

}  // namespace gradus
