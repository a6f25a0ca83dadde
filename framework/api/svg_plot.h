// Plots as one SVG file: no script, no font and no style from elsewhere, so that it can be opened,
// mailed and put into a page.

#ifndef GRADUS_API_SVG_PLOT_H_
#define GRADUS_API_SVG_PLOT_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/api/plot.h"

namespace gradus {

// Colours as SVG takes them.
struct SvgPalette {
  std::string background, title, text, faint_text, axis, grid;
  std::vector<std::string> curves;
};
const SvgPalette& LightPalette();
// CSS variables of the page around it, which may be light or dark: --plot-title, --plot-text,
// --plot-faint, --plot-axis, --plot-grid, and --curve-0 to --curve-6; without a background.
const SvgPalette& PagePalette();
// The values of those variables, as CSS: "--plot-title: #111; ...".
std::string PaletteVariables(bool dark);

// Well-formed XML, whatever the texts hold. Points that cannot be told apart are left out, so the
// file stays small.
std::string RenderSvg(absl::Span<const PlotSeries> series, const PlotOptions& options,
                      const SvgPalette& palette = LightPalette());
std::string RenderSvgPage(const PlotPage& page, const SvgPalette& palette = LightPalette());

}  // namespace gradus

#endif  // GRADUS_API_SVG_PLOT_H_
