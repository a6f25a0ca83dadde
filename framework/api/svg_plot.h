// A plot as one SVG file: no script, no font and no style from elsewhere, so that it can be opened,
// mailed and put into a page.

#ifndef GRADUS_API_SVG_PLOT_H_
#define GRADUS_API_SVG_PLOT_H_

#include <string>

#include "absl/types/span.h"
#include "gradus/api/plot.h"

namespace gradus {

// Well-formed XML, whatever the texts hold. Points that cannot be told apart are left out, so the
// file stays small.
std::string RenderSvg(absl::Span<const PlotSeries> series, const PlotOptions& options);

}  // namespace gradus

#endif  // GRADUS_API_SVG_PLOT_H_
