// Ranges, ticks and labels.

#include "gradus/api/plot.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"

namespace gradus {
namespace {

constexpr double kGreatest = 1e300, kLeast = 1e-300;
constexpr double kSlack = 1e-4;  // Of an axis: its ticks have roundings.
constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

bool Visible(double value, bool log) {
  return std::abs(value) <= kGreatest && (!log || value >= kLeast);
}

// "0.25" out of "0.2500", "1.5e-5" out of "1.50e-05".
std::string Trimmed(std::string number) {
  std::string exponent;
  const size_t e = number.find('e');
  if (e != std::string::npos) {
    exponent = absl::StrCat("e", std::stoi(number.substr(e + 1)));
    number.resize(e);
  }
  if (number.find('.') != std::string::npos) {
    while (number.back() == '0') number.pop_back();
    if (number.back() == '.') number.pop_back();
  }
  if (number == "-0") number = "0";
  return number + exponent;
}

// A tick's number, with the digits that tell it from its neighbours, `step` away.
std::string Label(double value, double step, double greatest) {
  if (std::abs(value) < step * 1e-6) return "0";
  const int step_digit = static_cast<int>(std::floor(std::log10(step) + 1e-9));
  const int first_digit = static_cast<int>(std::floor(std::log10(std::abs(value)) + 1e-9));
  static constexpr struct {
    double unit;
    const char* name;
  } kUnits[] = {{1e9, "G"}, {1e6, "M"}, {1e3, "k"}};
  if (greatest >= 1e5 && greatest < 1e12) {
    for (const auto& unit : kUnits) {
      if (greatest < unit.unit * 0.9999) continue;
      const int decimals = static_cast<int>(std::round(std::log10(unit.unit))) - step_digit;
      return Trimmed(
                 absl::StrFormat("%.*f", std::min(std::max(decimals, 0), 9), value / unit.unit)) +
             unit.name;
    }
  }
  if (greatest >= 1e5 || greatest < 1e-3 * 0.9999) {
    return Trimmed(
        absl::StrFormat("%.*e", std::min(std::max(first_digit - step_digit, 0), 15), value));
  }
  return Trimmed(absl::StrFormat("%.*f", std::min(std::max(-step_digit, 0), 17), value));
}

// The least of 1, 2, 5, 10, 20, ... that is not below `least`.
double RoundStep(double least) {
  const double decade = std::pow(10, std::floor(std::log10(least)));
  for (double factor : {1.0, 2.0, 5.0}) {
    if (factor * decade >= least * (1 - 1e-9)) return factor * decade;
  }
  return 10 * decade;
}

std::vector<PlotAxis::Tick> LinearTicks(double low, double high, double step) {
  std::vector<PlotAxis::Tick> ticks;
  const double slack = 1e-6 * step;
  const double greatest = std::max(std::abs(low), std::abs(high));
  for (double i = std::ceil((low - slack) / step); i * step <= high + slack; ++i) {
    ticks.push_back({i * step, Label(i * step, step, greatest)});
    if (ticks.size() > 100) break;
  }
  return ticks;
}

// At least two: one would not say what a distance is.
std::vector<PlotAxis::Tick> MoreLinearTicks(double low, double high, int most,
                                            bool whole = false) {
  std::vector<PlotAxis::Tick> ticks;
  const double first = RoundStep((high - low) / (most - 1));
  for (double step = first; ticks.size() < 2; step = RoundStep(0.4 * step)) {
    if (whole && first >= 1 && step < 1 && !ticks.empty()) break;
    ticks = LinearTicks(low, high, step);
  }
  return ticks;
}

std::string LogLabel(double value) {
  const double digit = std::pow(10, std::floor(std::log10(value) + 1e-9));
  return Label(value, digit, value);
}

// Powers of ten; between few of them also 2 and 5 times those.
std::vector<PlotAxis::Tick> LogTicks(double low, double high, int most) {
  const int first = static_cast<int>(std::floor(std::log10(low) + 1e-9));
  const int last = static_cast<int>(std::ceil(std::log10(high) - 1e-9));
  const double slack = 1e-9;
  const auto ticks_of = [&](const std::vector<double>& factors, int stride) {
    std::vector<PlotAxis::Tick> ticks;
    // A stride must begin with a decade that is shown.
    const bool shown = std::pow(10, first) >= low * (1 - slack);
    for (int decade = stride > 1 && !shown ? first + 1 : first; decade <= last; decade += stride) {
      for (double factor : factors) {
        const double value = factor * std::pow(10, decade);
        if (value < low * (1 - slack) || value > high * (1 + slack)) continue;
        ticks.push_back({value, LogLabel(value)});
      }
    }
    return ticks;
  };
  std::vector<PlotAxis::Tick> ticks = ticks_of({1, 2, 5}, 1);
  if (static_cast<int>(ticks.size()) <= most && ticks.size() > 1) return ticks;
  const std::vector<PlotAxis::Tick> decades =
      ticks_of({1}, std::max(1, (last - first + most) / most));
  if (decades.size() > 1) return decades;
  return ticks.size() > 1 ? ticks : MoreLinearTicks(low, high, most);  // A small part of a decade.
}

struct Range {
  double low = std::numeric_limits<double>::infinity();
  double high = -std::numeric_limits<double>::infinity();
  void Add(double value, bool log) {
    if (!Visible(value, log)) return;
    low = std::min(low, value);
    high = std::max(high, value);
  }
  bool empty() const { return low > high; }
};

}  // namespace

PlotOptions PanelOptions(const PlotPage& page, size_t panel) {
  PlotOptions options;
  options.title = page.panels[panel].title;
  options.log_x = page.log_x;
  options.whole_x = page.whole_x;
  options.log_y = page.panels[panel].log_y;
  options.markers = page.markers;
  Range x;
  for (const PlotPanel& one : page.panels) {
    for (const PlotSeries& series : one.series) {
      for (size_t i = 0; i < series.x.size() && i < series.y.size(); ++i) {
        if (Visible(series.y[i], one.log_y)) x.Add(series.x[i], page.log_x);
      }
    }
  }
  if (!x.empty()) options.x_from = x.low, options.x_to = x.high;
  return options;
}

PlotAxis PlotAxis::Make(double low, double high, bool log, int most_ticks, bool round, bool whole) {
  PlotAxis axis;
  axis.log_ = log;
  most_ticks = std::max(most_ticks, 2);
  if (!(low <= high)) low = log ? 1 : 0, high = log ? 10 : 1;
  if (log) {
    low = std::max(low, kLeast);
    high = std::max(high, low);
    if (high / low < 1 + 1e-12) low /= 10, high *= 10;
    axis.ticks_ = LogTicks(low, high, most_ticks);
    if (round && high / low >= 3) {  // Whole decades read best.
      const double down = std::pow(10, std::floor(std::log10(low) + 1e-9));
      const double up = std::pow(10, std::ceil(std::log10(high) - 1e-9));
      if (up / down <= 1e3 * (high / low)) low = std::min(low, down), high = std::max(high, up);
      axis.ticks_ = LogTicks(low, high, most_ticks);
    }
  } else {
    if (low == high) {
      const double by = low == 0 ? 1 : std::abs(low);
      if (round) {
        low = std::min(low < 0 ? low - by : 0, low), high = high < 0 ? 0 : high + by;
      } else {
        low -= by / 2, high += by / 2;
      }
    }
    // Numbers that differ by their roundings only are the same.
    const double size = std::max({std::abs(low), std::abs(high), 1e-280});
    if (high - low < 1e-12 * size) low -= 1e-12 * size, high += 1e-12 * size;
    if (round && low > 0 && low < 0.4 * high) low = 0;
    if (round && high < 0 && high > 0.4 * low) high = 0;
    if (round) {
      const double step = RoundStep((high - low) / (most_ticks - 1));
      low = std::floor(low / step + 1e-6) * step;
      high = std::ceil(high / step - 1e-6) * step;
      axis.ticks_ = LinearTicks(low, high, step);
    } else {
      if (whole && high - low < most_ticks - 1) axis.ticks_ = LinearTicks(low, high, 1);
      if (axis.ticks_.empty()) axis.ticks_ = MoreLinearTicks(low, high, most_ticks, whole);
    }
  }
  axis.low_ = low;
  axis.high_ = high;
  return axis;
}

double PlotAxis::Place(double value) const {
  if (log_ && !(value > 0)) return kNone;
  const double place = log_
                           ? (std::log(value) - std::log(low_)) / (std::log(high_) - std::log(low_))
                           : (value - low_) / (high_ - low_);
  return place >= -kSlack && place <= 1 + kSlack ? place : kNone;
}

PlotAxes MakeAxes(absl::Span<const PlotSeries> series, const PlotOptions& options, int most_x_ticks,
                  int most_y_ticks) {
  Range x, y;
  for (const PlotSeries& one : series) {
    const size_t points = std::min(one.x.size(), one.y.size());
    for (size_t i = 0; i < points; ++i) {
      if (!Visible(one.x[i], options.log_x)) continue;
      x.Add(one.x[i], options.log_x);
      y.Add(one.y[i], options.log_y);
      if (i < one.low.size() && i < one.high.size()) {
        y.Add(one.low[i], options.log_y);
        y.Add(one.high[i], options.log_y);
      }
    }
  }
  PlotAxes axes;
  axes.any = !x.empty() && !y.empty();
  x.Add(options.x_from, options.log_x);
  x.Add(options.x_to, options.log_x);
  axes.x = PlotAxis::Make(x.low, x.high, options.log_x, most_x_ticks, false,
                          options.whole_x);
  axes.y = PlotAxis::Make(y.low, y.high, options.log_y, most_y_ticks, true);
  return axes;
}

std::vector<size_t> VisiblePoints(const PlotSeries& series, const PlotAxes& axes, int columns) {
  // Of the points in one column: the first, the lowest, the highest and the last, and each gap
  // once.
  std::vector<size_t> visible;
  const size_t points = std::min(series.x.size(), series.y.size());
  const auto place = [&](size_t i) {
    return std::isnan(axes.x.Place(series.x[i])) ? kNone : axes.y.Place(series.y[i]);
  };
  const auto column = [&](size_t i) { return std::floor(axes.x.Place(series.x[i]) * columns); };
  for (size_t begin = 0; begin < points;) {
    const bool gap = std::isnan(place(begin));
    size_t end = begin + 1, lowest = begin, highest = begin;
    while (end < points && std::isnan(place(end)) == gap && (gap || column(end) == column(begin))) {
      if (series.y[end] < series.y[lowest]) lowest = end;
      if (series.y[end] > series.y[highest]) highest = end;
      ++end;
    }
    visible.push_back(begin);
    if (!gap) {
      for (size_t i : {std::min(lowest, highest), std::max(lowest, highest), end - 1}) {
        if (i != visible.back()) visible.push_back(i);
      }
    }
    begin = end;
  }
  return visible;
}

}  // namespace gradus
