// A run as one HTML page that needs nothing else: no script, no font, no picture from elsewhere. Curves and
// rates, what happened, layers, what the model takes for what, its worst examples, the configuration.

#ifndef GRADUS_API_REPORT_H_
#define GRADUS_API_REPORT_H_

#include <string>

#include "absl/status/statusor.h"

namespace gradus {

struct ReportOptions {
  std::string split;  // Whose examples are looked at; validation, or test where there is none.
  size_t worst = 12;  // How many of them are shown.
  double smooth = 0;  // As PlotRunsOptions has it.
};

// Of a run folder in any state. What there is nothing to be said of is left out; what could not be found
// out stands on the page with the reason.
absl::StatusOr<std::string> RenderReport(const std::string& run, const ReportOptions& options = {});

}  // namespace gradus

#endif  // GRADUS_API_REPORT_H_
