// A plot in a terminal: curves of braille dots (or of plain characters), axes with numbers, a
// legend.

#ifndef GRADUS_API_TEXT_PLOT_H_
#define GRADUS_API_TEXT_PLOT_H_

#include <string>

#include "absl/types/span.h"
#include "gradus/api/plot.h"

namespace gradus {

struct TextPlotOptions {
  int columns = 80;     // No line is longer, unless not even the numbers have room.
  int rows = 16;        // Of the plot itself, without its texts.
  bool utf8 = false;    // Braille and lines; otherwise ASCII only, a character for each series.
  bool colour = false;  // Escape sequences tell the series apart.
  int numbers = 0;      // Room for the numbers of the y axis, at least.
};

// What suits the file that a descriptor is open for: a terminal's width, its locale (LC_ALL,
// LC_CTYPE, LANG), colour unless NO_COLOR is set or TERM is dumb. What is no terminal gets 80
// columns of ASCII.
TextPlotOptions TextPlotOptionsFor(int descriptor);

std::string RenderText(absl::Span<const PlotSeries> series, const PlotOptions& options,
                       const TextPlotOptions& text = {});
// Panel below panel, each `text.rows` high; the legend and what the events are stand below the last.
std::string RenderTextPage(const PlotPage& page, const TextPlotOptions& text = {});

}  // namespace gradus

#endif  // GRADUS_API_TEXT_PLOT_H_
