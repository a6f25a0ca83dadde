// The parts of a report, as HTML. Internal to report.

#ifndef GRADUS_API_REPORT_PARTS_H_
#define GRADUS_API_REPORT_PARTS_H_

#include <string>
#include <vector>

#include "absl/status/status.h"
#include "gradus/api/examine.h"

namespace gradus {

// With four digits; a dash of NaN.
std::string ReportNumber(double value);
std::string ReportNote(const std::string& text);
// Why a part is not there, by the first line of the error.
std::string ReportMissing(const std::string& what, const absl::Status& status);
// A number with what it is below it.
void AppendTile(const std::string& value, const std::string& text, std::string* html);
std::string ReportSection(const std::string& title, const std::string& inside);

// Cells are HTML; the first row is the title. `numbers`: of each column, whether it ends at its right
// edge.
using ReportRow = std::vector<std::string>;
std::string ReportTable(const std::vector<ReportRow>& rows, const std::vector<bool>& numbers,
                        bool last_is_sum = false);

// Labels down, predictions across, the darker the more of a label's examples; recall and precision at
// its edges.
std::string ConfusionTable(const Examination& seen);
// A dot for each example over the line on which predictions are right.
std::string ScatterPlot(const Examination& seen);
std::string WorstTable(const Examination& seen);

}  // namespace gradus

#endif  // GRADUS_API_REPORT_PARTS_H_
