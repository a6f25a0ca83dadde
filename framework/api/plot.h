// What a plot shows, for every way of drawing it: curves over a common axis, a band around a curve,
// events, and the axes with readable numbers. svg_plot.h and text_plot.h draw it.
//
//   PlotOptions options;
//   options.title = "learning rate";
//   RenderSvg({{"default", steps, rates}}, options)
//
// Numbers that are not finite, larger than 1e300, or not above 0 on a logarithmic axis are gaps.

#ifndef GRADUS_API_PLOT_H_
#define GRADUS_API_PLOT_H_

#include <limits>
#include <string>
#include <vector>

#include "absl/types/span.h"

namespace gradus {

// A curve. `y` is as long as `x`; points are joined in their order.
struct PlotSeries {
  std::string name;  // Of its entry in the legend; without a name it has none.
  std::vector<double> x, y;
  // A band that is shaded, for example from the least to the greatest of several runs; both empty,
  // or as long as `x`.
  std::vector<double> low = {}, high = {};
  int colour = -1;     // Which of the colours; its position among the series when it is below 0.
  double width = 2;    // Of its line; thin ones step back in a terminal, too.
  double opacity = 1;  // Likewise.
};

// An event: a line across the plot.
struct PlotMarker {
  double x = 0;
  std::string text;
  int colour = -1;  // That of series with this colour; grey when it is below 0.
};

struct PlotOptions {
  std::string title, x_label, y_label;
  std::string caption;  // Small, below everything.
  bool log_x = false, log_y = false;
  bool whole_x = false;  // x counts something: only whole numbers stand at its axis.
  std::vector<PlotMarker> markers;
  // The x axis goes at least from here to there, where these are numbers.
  double x_from = std::numeric_limits<double>::quiet_NaN(), x_to = x_from;
};

// Plots of different measures over one x axis, one below the other.
struct PlotPanel {
  std::string title;
  bool log_y = false;
  std::vector<PlotSeries> series;  // Their names are not shown.
};

struct PlotPage {
  std::string title, x_label, caption;
  bool log_x = false, whole_x = false;
  std::vector<PlotPanel> panels;
  std::vector<PlotSeries> legend;   // Only their names, colours and lines count.
  std::vector<PlotMarker> markers;  // Across all panels.
};
// The panel as a plot of its own, its x axis as wide as that of all panels.
PlotOptions PanelOptions(const PlotPage& page, size_t panel);

// One direction of a plot.
class PlotAxis {
 public:
  struct Tick {
    double value = 0;
    std::string label;
  };

  // For numbers from `low` to `high`. `most_ticks` >= 2 is how many there is room for. `round`
  // widens the range to whole ticks, and to 0 when that is near. `whole`: of a linear axis only whole
  // numbers are ticks, if there is one.
  static PlotAxis Make(double low, double high, bool log, int most_ticks, bool round,
                       bool whole = false);

  double low() const { return low_; }
  double high() const { return high_; }
  const std::vector<Tick>& ticks() const { return ticks_; }
  // 0 at the low end and 1 at the high end; NaN for what lies outside, which is a gap.
  double Place(double value) const;

 private:
  double low_ = 0, high_ = 1;
  bool log_ = false;
  std::vector<Tick> ticks_;
};

struct PlotAxes {
  PlotAxis x, y;
  // Whether there is anything to draw at all; the axes go from 0 to 1, or 1 to 10, otherwise.
  bool any = false;
};

// Axes that all of the series fit in. Markers do not widen them.
PlotAxes MakeAxes(absl::Span<const PlotSeries> series, const PlotOptions& options, int most_x_ticks,
                  int most_y_ticks);

// A curve's points in a picture so many columns wide: those that make a difference, in their order,
// as indices. Between two of them that are not neighbours lies nothing that could be seen, and gaps
// stay gaps.
std::vector<size_t> VisiblePoints(const PlotSeries& series, const PlotAxes& axes, int columns);

}  // namespace gradus

#endif  // GRADUS_API_PLOT_H_
