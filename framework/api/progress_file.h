// progress.jsonl of a run folder: when a process began to train in it, how far the run was when, how
// it ended. What the other logs say is the same for a run that was stopped and taken up again; the
// time of day is not, so it has a file of its own.
//
//   {"step":0,"seconds":0,"time":1763881408.125,"process":"began"}
//   {"step":15,"epoch":1,"seconds":0.125,"time":1763881408.25}
//   {"step":1800,"seconds":12.5,"time":1763881420.5,"process":"finished"}
//
// `seconds` is time of training, over all processes, without what lies between them; `time` counts
// from 1970.

#ifndef GRADUS_API_PROGRESS_FILE_H_
#define GRADUS_API_PROGRESS_FILE_H_

#include <chrono>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/api/json_lines.h"
#include "gradus/train/train_loop.h"

namespace gradus {

struct ProgressLine {
  int64_t step = 0, epoch = 0;
  double seconds = 0, time = 0;
  std::string process;  // "began", "finished", "early", "stopped", "failed"; of others empty.
  std::string message;  // Why it failed or ended early.
};

std::string ToJson(const ProgressLine& line);
// None when there is no such file. An error names the line.
absl::StatusOr<std::vector<ProgressLine>> ReadProgress(const std::string& path);

// How a process's training ended, by what Train gave.
ProgressLine EndOf(const absl::StatusOr<LoopEnd>& end, const std::string& ended_by);

class ProgressFile final : public TrainObserver {
 public:
  // Appends; lines of updates after `resumed_step` are removed first.
  static absl::StatusOr<std::unique_ptr<ProgressFile>> Open(const std::string& path,
                                                            int64_t resumed_step);

  absl::Status OnStep(const StepReport& report, const TrainState& state) override;
  absl::Status OnLine(const MetricLine& line) override;
  absl::Status BeforeCheckpoint() override;
  // The process's training is over; step and times are filled in.
  absl::Status End(ProgressLine line);

 private:
  ProgressFile(std::unique_ptr<JsonLinesFile> lines, int64_t step, double seconds)
      : lines_(std::move(lines)), step_(step), written_(step), seconds_before_(seconds) {}
  absl::Status Write(ProgressLine line);

  const std::unique_ptr<JsonLinesFile> lines_;
  int64_t step_, written_;
  const double seconds_before_;
  const std::chrono::steady_clock::time_point begin_ = std::chrono::steady_clock::now();
};

}  // namespace gradus

#endif  // GRADUS_API_PROGRESS_FILE_H_
