// One plot's frame in an SVG: grid, bands, markers, curves, axes with their numbers. Titles and
// legends are the page's (svg_plot.h).

#ifndef GRADUS_API_SVG_FRAME_H_
#define GRADUS_API_SVG_FRAME_H_

#include <string>
#include <vector>

#include "absl/types/span.h"
#include "gradus/api/plot.h"
#include "gradus/api/svg_plot.h"

namespace gradus {

constexpr int kSvgTickSize = 12, kSvgSmallSize = 11;

struct SvgBox {
  double left = 0, top = 0, width = 0, height = 0;
  double right() const { return left + width; }
  double bottom() const { return top + height; }
};

class SvgFrame {
 public:
  SvgFrame(absl::Span<const PlotSeries> series, const PlotOptions& options,
           const SvgPalette& palette, int most_y_ticks = 7);

  // How much room the numbers of the y axis take, left of the box.
  double NumbersWidth() const;
  // `picture`: how wide all of it is, which texts must not leave. `numbers`: whether the x axis has
  // its numbers; `texts`: whether markers have theirs, above the box.
  void Append(const SvgBox& box, double picture, bool numbers, bool texts, std::string* svg);

 private:
  double X(double value) const;
  double Y(double value) const;
  std::string Colour(const PlotSeries& series, size_t number) const;
  void Grid(bool numbers);
  void Band(size_t number);
  void Markers(double picture, bool texts);
  void Curve(size_t number);

  const absl::Span<const PlotSeries> series_;
  const PlotOptions& options_;
  const SvgPalette& palette_;
  const PlotAxes axes_;
  SvgBox box_;
  std::string* svg_ = nullptr;
};

// A series' colour and how it is dashed, as attributes' values.
const std::string& SvgColour(const SvgPalette& palette, const PlotSeries& series, size_t number);
const char* SvgDash(const SvgPalette& palette, const PlotSeries& series, size_t number);
void AppendSvgText(const std::string& text, double x, double y, const char* anchor,
                   const std::string& attributes, std::string* svg);

}  // namespace gradus

#endif  // GRADUS_API_SVG_FRAME_H_
