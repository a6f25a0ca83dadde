// What became of a sweep's trials, from the files in its folder, and the table of it.

#ifndef GRADUS_API_SWEEP_RECORDS_H_
#define GRADUS_API_SWEEP_RECORDS_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/sweep.h"
#include "gradus/api/sweep_plan.h"

namespace gradus {

// Adds the readings of the metric and the number of whole epochs of a metrics.jsonl to the record,
// in place of those that it has. A file that is not there has none; a line that is not whole yet is
// left out.
absl::Status ReadMetrics(const std::string& path, const std::string& metric, TrialRecord* record);

// A line of trials.jsonl: the process of the trial has ended so.
struct TrialEnd {
  int64_t trial = 0;
  TrialRecord::State state = TrialRecord::kStopped;  // Or finished, or failed.
  bool final = true;  // A failure that is no other the next time.
  std::string message;
};
std::string ToJsonLine(const TrialEnd& end);

// The records of all trials of the sweep in this folder. `retry`: trials whose failure may be
// another the next time (the disk was full, the process was killed) are waiting again.
absl::StatusOr<std::vector<TrialRecord>> ReadTrials(const std::string& folder, const Sweep& sweep,
                                                    bool retry);

// Ranked, a line for each trial, in columns that line up: rank, trial, what was searched, best and
// last value of the metric, epochs, state with the reason of a failure. A value that a trial does
// not have is "-".
std::string SweepTable(const Sweep& sweep, const std::vector<TrialRecord>& records);

// The searched values of a point, "address=value ...".
std::string PointText(const Sweep& sweep, int64_t trial);

}  // namespace gradus

#endif  // GRADUS_API_SWEEP_RECORDS_H_
