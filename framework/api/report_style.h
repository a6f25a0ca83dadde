// What a report looks like. Internal to report.

#ifndef GRADUS_API_REPORT_STYLE_H_
#define GRADUS_API_REPORT_STYLE_H_

#include <string>

#include "gradus/base/tensor.h"

namespace gradus {

// The page's style sheet: light, or dark where the reader's system is.
std::string ReportCss();

// A text of the language as HTML, its comments, names, strings and numbers told apart by colour.
std::string HighlightedConfig(const std::string& text);

// [height, width, 1 or 3] as <img> with the bytes in it; its least number is black and its greatest
// white.
std::string ImageElement(const Tensor& image);

}  // namespace gradus

#endif  // GRADUS_API_REPORT_STYLE_H_
