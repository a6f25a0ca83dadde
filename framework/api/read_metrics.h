// metrics.jsonl read back: by lines, and a measure's numbers as a curve.

#ifndef GRADUS_API_READ_METRICS_H_
#define GRADUS_API_READ_METRICS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/train/train_loop.h"

namespace gradus {

// A line that MetricsFile wrote; a number that was not finite is NaN. Keys that have come since are
// metrics when they are numbers, tables when they are lists, and otherwise passed over.
absl::StatusOr<MetricLine> ParseMetricLine(absl::string_view line);

// All whole lines; none when there is no such file. An error names the line.
absl::StatusOr<std::vector<MetricLine>> ReadMetricLines(const std::string& path);

// "loss", "learning_rate" or a metric of the line; NaN when it has none.
double MeasureOf(const MetricLine& line, absl::string_view measure);

}  // namespace gradus

#endif  // GRADUS_API_READ_METRICS_H_
