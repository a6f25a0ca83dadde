// Dots on a grid of characters.
//
// Where two series meet in a character the later one gives its colour.

#include "gradus/api/text_plot.h"

#include <sys/ioctl.h>
#include <unistd.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <utility>

#include "absl/strings/ascii.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"
#include "gradus/api/text_canvas.h"

namespace gradus {
namespace {

constexpr int kColours[] = {33, 208, 36, 175, 45, 214, 247};  // As of svg_plot.cc, of 256.
constexpr char kSigns[] = "*o+x#@%&", kThinSigns[] = ".:',-~^_";
constexpr int kLeastColumns = 8;

size_t Columns(absl::string_view text) {
  return static_cast<size_t>(std::count_if(text.begin(), text.end(), [](char c) {
    return (static_cast<unsigned char>(c) & 0xc0) != 0x80;
  }));
}

// A text of one line, with nothing in it that would steer the terminal.
std::string Plain(const std::string& text, bool utf8) {
  std::string plain;
  for (char c : text) {
    const unsigned char byte = static_cast<unsigned char>(c);
    plain += byte < 0x20 || byte == 0x7f || (byte >= 0x80 && !utf8) ? '?' : c;
  }
  return plain;
}

// Of the y axis.
int MostTicks(int rows) { return std::max(3, rows / 3); }

std::string Spaces(int count) { return std::string(static_cast<size_t>(std::max(count, 0)), ' '); }

class Drawing {
 public:
  Drawing(absl::Span<const PlotSeries> series, const PlotOptions& options,
          const TextPlotOptions& text)
      : series_(series),
        options_(options),
        text_(text),
        rows_(std::max(text.rows, 4)),
        axes_(MakeAxes(series, options, std::max(2, std::min(8, text.columns / 11)),
                       MostTicks(rows_))),
        margin_(Margin()),
        columns_(std::max(text.columns - margin_ - 1, kLeastColumns)),
        canvas_(columns_, rows_, text.utf8) {}

  std::string Render() {
    for (size_t i = 0; i < series_.size(); ++i) Curve(static_cast<int>(i));
    Markers();
    std::string out;
    if (!options_.title.empty()) Append(&out, Spaces(margin_ + 1) + Show(options_.title));
    if (!options_.y_label.empty()) Append(&out, Show(options_.y_label));
    for (int row = 0; row < rows_; ++row) Append(&out, Row(row));
    Append(&out, Bottom());
    Append(&out, Labels());
    if (!options_.x_label.empty()) {
      const std::string label = Show(options_.x_label);
      Append(&out, Spaces(margin_ + 1 + (columns_ - static_cast<int>(Columns(label))) / 2) + label);
    }
    Legend(&out);
    for (const PlotMarker& marker : options_.markers) {
      const double place = axes_.x.Place(marker.x);
      if (!(place >= 0 && place <= 1) || marker.text.empty()) continue;
      Append(&out, absl::StrCat(Spaces(margin_ + 1), MarkerSign(marker), " ",
                                Plain(absl::StrCat(marker.x, " ", marker.text), text_.utf8)));
    }
    if (!axes_.any) Append(&out, Spaces(margin_ + 1) + "nothing to show");
    if (!options_.caption.empty()) Caption(&out);
    return out;
  }

 private:
  std::string Show(const std::string& text) const { return Plain(text, text_.utf8); }

  static void Append(std::string* out, std::string line) {
    absl::StripTrailingAsciiWhitespace(&line);
    absl::StrAppend(out, line, "\n");
  }

  int Margin() const {
    size_t widest = static_cast<size_t>(std::max(text_.numbers, 0));
    for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
      widest = std::max(widest, tick.label.size());
    }
    return static_cast<int>(widest) + 1;
  }

  std::string Coloured(const std::string& text, int series) const {
    if (!text_.colour || series < 0) return text;
    return absl::StrCat("\x1b[", IsThin(series) ? "2;" : "", "38;5;",
                        kColours[ColourNumber(series) % std::size(kColours)], "m", text, "\x1b[0m");
  }

  size_t ColourNumber(int series) const {
    const int colour = series_[static_cast<size_t>(series)].colour;
    return static_cast<size_t>(colour < 0 ? series : colour);
  }
  bool IsThin(int series) const { return series_[static_cast<size_t>(series)].opacity < 1; }

  int DotX(double x) const {
    return static_cast<int>(std::lround(axes_.x.Place(x) * (canvas_.width() - 1)));
  }
  int DotY(double y) const {
    return static_cast<int>(std::lround(axes_.y.Place(y) * (canvas_.height() - 1)));
  }
  int RowOf(double y) const {
    return rows_ - 1 - static_cast<int>(std::lround(axes_.y.Place(y) * (rows_ - 1)));
  }

  void Curve(int number) {
    const PlotSeries& series = series_[static_cast<size_t>(number)];
    const size_t bands = std::min({series.x.size(), series.low.size(), series.high.size()});
    for (size_t i = 0; i < bands; ++i) {
      const double x = axes_.x.Place(series.x[i]);
      if (std::isnan(x + axes_.y.Place(series.low[i]) + axes_.y.Place(series.high[i]))) continue;
      const int column = static_cast<int>(std::lround(x * (columns_ - 1)));
      for (int row = RowOf(series.high[i]); row <= RowOf(series.low[i]); ++row) {
        canvas_.at(column, row).band = true;
        canvas_.at(column, row).band_series = number;
      }
    }
    bool joined = false;
    int last_x = 0, last_y = 0;
    for (size_t i : VisiblePoints(series, axes_, canvas_.width())) {
      if (std::isnan(axes_.x.Place(series.x[i]) + axes_.y.Place(series.y[i]))) {
        joined = false;
        continue;
      }
      const int x = DotX(series.x[i]), y = DotY(series.y[i]);
      canvas_.Line(joined ? last_x : x, joined ? last_y : y, x, y, number);
      if (series.x.size() == 1 && series.width > 2) canvas_.Disc(x, y, number);
      last_x = x, last_y = y;
      joined = true;
    }
  }

  void Markers() {
    for (const PlotMarker& marker : options_.markers) {
      const double place = axes_.x.Place(marker.x);
      if (!(place >= 0 && place <= 1)) continue;
      const int column = static_cast<int>(std::lround(place * (columns_ - 1)));
      for (int row = 0; row < rows_; ++row) canvas_.at(column, row).marker = true;
    }
  }

  // Of a marker in the list below: that of the series that it belongs to.
  std::string MarkerSign(const PlotMarker& marker) const {
    for (size_t i = 0; i < series_.size() && marker.colour >= 0; ++i) {
      const int number = static_cast<int>(i);
      if (series_[i].colour != marker.colour || IsThin(number)) continue;
      return Coloured(text_.colour && text_.utf8 ? "┊" : Sign(number), number);
    }
    return text_.utf8 ? "┊" : "|";
  }

  // How a series looks where there is no colour.
  std::string Sign(int series) const {
    const size_t number = ColourNumber(series) % (sizeof(kSigns) - 1);
    return std::string(1, (IsThin(series) ? kThinSigns : kSigns)[number]);
  }

  // A cell's character, and the series whose colour it has or -1.
  std::pair<std::string, int> Glyph(const TextCanvas::Cell& cell) const {
    if (cell.disc) return {text_.utf8 ? "●" : "O", cell.series};
    if (cell.bits != 0) {
      // Braille without colour cannot tell series apart.
      const bool braille = text_.utf8 && (text_.colour || series_.size() == 1);
      if (!braille) return {Sign(cell.series), cell.series};
      const unsigned code = 0x2800 + static_cast<unsigned>(cell.bits);
      return {{static_cast<char>(0xe0 | code >> 12), static_cast<char>(0x80 | (code >> 6 & 0x3f)),
               static_cast<char>(0x80 | (code & 0x3f))},
              cell.series};
    }
    if (cell.marker) return {text_.utf8 ? "┊" : "|", -1};
    if (cell.band) return {text_.utf8 ? "░" : ":", cell.band_series};
    return {" ", -1};
  }

  std::string Row(int row) {
    std::string label;
    for (const PlotAxis::Tick& tick : axes_.y.ticks()) {
      if (RowOf(tick.value) == row) label = tick.label;
    }
    std::string line = Spaces(margin_ - 1 - static_cast<int>(label.size())) + label + " ";
    line += text_.utf8 ? (label.empty() ? "│" : "┤") : (label.empty() ? "|" : "+");
    std::string same;  // Neighbours of one colour.
    int colour = -1;
    for (int column = 0; column < columns_; ++column) {
      const std::pair<std::string, int> glyph = Glyph(canvas_.at(column, row));
      if (glyph.second != colour) {
        line += Coloured(same, colour);
        same.clear();
        colour = glyph.second;
      }
      same += glyph.first;
    }
    return line + Coloured(same, colour);
  }

  int ColumnOf(const PlotAxis::Tick& tick) const {
    return static_cast<int>(std::lround(axes_.x.Place(tick.value) * (columns_ - 1)));
  }

  std::string Bottom() const {
    std::vector<bool> ticks(static_cast<size_t>(columns_), false);
    for (const PlotAxis::Tick& tick : axes_.x.ticks()) {
      ticks[static_cast<size_t>(std::max(0, std::min(ColumnOf(tick), columns_ - 1)))] = true;
    }
    std::string line = Spaces(margin_) + (text_.utf8 ? "└" : "+");
    for (bool tick : ticks) line += text_.utf8 ? (tick ? "┬" : "─") : (tick ? "+" : "-");
    return line;
  }

  std::string Labels() const {
    std::string line;
    const int offset = margin_ + 1;
    for (const PlotAxis::Tick& tick : axes_.x.ticks()) {
      const int size = static_cast<int>(tick.label.size());
      int begin = offset + ColumnOf(tick) - (size - 1) / 2;
      begin = std::max(0, std::min(begin, offset + columns_ - size));
      if (!line.empty() && begin < static_cast<int>(line.size()) + 2) continue;
      line += Spaces(begin - static_cast<int>(line.size())) + tick.label;
    }
    return line;
  }

  void Legend(std::string* out) const {
    std::string line;
    int used = 0;
    const auto flush = [&] {
      if (used > 0) Append(out, Spaces(margin_ + 1) + line);
      line.clear();
      used = 0;
    };
    for (size_t i = 0; i < series_.size(); ++i) {
      if (series_[i].name.empty()) continue;
      const int number = static_cast<int>(i);
      const std::string name = Show(series_[i].name);
      const bool braille = text_.utf8 && (text_.colour || series_.size() == 1);
      const std::string sign = braille ? "⠒⠒" : Sign(number) + Sign(number);
      const int width = 2 + 1 + static_cast<int>(Columns(name)) + 3;
      if (used > 0 && used + width > columns_ + 3) flush();
      absl::StrAppend(&line, Coloured(sign, number), " ", name, "   ");
      used += width;
    }
    flush();
  }

  void Caption(std::string* out) const {
    std::string line;
    const size_t most = static_cast<size_t>(std::max(text_.columns - margin_ - 1, 12));
    const std::string caption = Show(options_.caption);
    for (size_t begin = 0; begin < caption.size();) {
      const size_t end = std::min(caption.find(' ', begin), caption.size());
      const std::string word = caption.substr(begin, end - begin);
      if (!line.empty() && Columns(line) + 1 + Columns(word) > most) {
        Append(out, Spaces(margin_ + 1) + line);
        line.clear();
      }
      absl::StrAppend(&line, line.empty() ? "" : " ", word);
      begin = end + 1;
    }
    Append(out, Spaces(margin_ + 1) + line);
  }

  const absl::Span<const PlotSeries> series_;
  const PlotOptions& options_;
  const TextPlotOptions text_;
  const int rows_;
  const PlotAxes axes_;
  const int margin_, columns_;
  TextCanvas canvas_;
};

bool IsUtf8(const char* locale) {
  const std::string name = absl::AsciiStrToLower(locale);
  return absl::StrContains(name, "utf-8") || absl::StrContains(name, "utf8");
}

}  // namespace

TextPlotOptions TextPlotOptionsFor(int descriptor) {
  TextPlotOptions options;
  if (isatty(descriptor) == 0) return options;
  winsize size = {};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) options.columns = size.ws_col;
  options.columns = std::min(options.columns, 200);
  for (const char* name : {"LC_ALL", "LC_CTYPE", "LANG"}) {
    const char* value = std::getenv(name);
    if (value == nullptr || *value == '\0') continue;
    options.utf8 = IsUtf8(value);
    break;
  }
  const char* no_colour = std::getenv("NO_COLOR");
  const char* term = std::getenv("TERM");
  options.colour = (no_colour == nullptr || *no_colour == '\0') && term != nullptr &&
                   *term != '\0' && absl::string_view(term) != "dumb";
  return options;
}

std::string RenderText(absl::Span<const PlotSeries> series, const PlotOptions& options,
                       const TextPlotOptions& text) {
  return Drawing(series, options, text).Render();
}

std::string RenderTextPage(const PlotPage& page, const TextPlotOptions& text) {
  std::string out = page.title.empty() ? "" : absl::StrCat(Plain(page.title, text.utf8), "\n\n");
  // One axis, one place: all panels begin in the same column.
  TextPlotOptions aligned = text;
  for (size_t i = 0; i < page.panels.size(); ++i) {
    const PlotOptions options = PanelOptions(page, i);
    const PlotAxes axes =
        MakeAxes(page.panels[i].series, options, 2, MostTicks(std::max(text.rows, 4)));
    for (const PlotAxis::Tick& tick : axes.y.ticks()) {
      aligned.numbers = std::max(aligned.numbers, static_cast<int>(tick.label.size()));
    }
  }
  for (size_t i = 0; i < page.panels.size(); ++i) {
    PlotOptions options = PanelOptions(page, i);
    std::vector<PlotSeries> series = page.panels[i].series;
    for (PlotSeries& one : series) one.name.clear();
    if (i + 1 == page.panels.size()) {
      options.x_label = page.x_label;
      options.caption = page.caption;
      series.insert(series.end(), page.legend.begin(), page.legend.end());
    } else {
      for (PlotMarker& marker : options.markers) marker.text.clear();
    }
    absl::StrAppend(&out, i == 0 ? "" : "\n", RenderText(series, options, aligned));
  }
  return out;
}

}  // namespace gradus
