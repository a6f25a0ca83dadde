// The folder of a run:
//
//   run.pbtxt            the configuration as it was resolved (`--set` applied, absolute paths)
//   measures.json        which way what is measured gets better (measures_file.h)
//   metrics.jsonl        a line per epoch and split, and per so many steps
//   groups.jsonl         a line per group of parameters, per so many steps (groups_file.h)
//   events.jsonl         a line per change of a rate that is not its schedule's own curve
//   progress.jsonl       when a process began, how far it was when, how it ended (progress_file.h)
//   tensorboard/SPLIT/   event files, which TensorBoard reads (tensorboard_file.h)
//   replay.jsonl         of a replay of a run that went on with other settings: that run's events
//   control/             commands that wait for the run, and its answers (control_folder.h)
//   checkpoints/step-*   states to resume from
//   model.pbtxt, model.safetensors   the trained model
//   lock                 while a process trains in it: "<process id> <host>"

#ifndef GRADUS_API_RUN_FOLDER_H_
#define GRADUS_API_RUN_FOLDER_H_

#include <memory>
#include <string>
#include <utility>

#include "absl/status/statusor.h"
#include "gradus/api/json_lines.h"
#include "gradus/run.pb.h"
#include "gradus/train/train_loop.h"

namespace gradus {

// One process at a time trains in a folder. The kernel holds the lock for the process that took it
// and gives it back when that ends, however it ends; a `lock` file that nobody holds means nothing.
class RunLock {
 public:
  // FailedPrecondition, naming the folder and the process, when another holder has it.
  static absl::StatusOr<std::unique_ptr<RunLock>> Take(const std::string& folder);
  // Removes the file and releases the lock.
  ~RunLock();
  RunLock(const RunLock&) = delete;
  RunLock& operator=(const RunLock&) = delete;

 private:
  RunLock(std::string path, int descriptor) : path_(std::move(path)), descriptor_(descriptor) {}
  const std::string path_;
  const int descriptor_;
};

// Whether a process holds the lock of this folder; it only looks, and disturbs nobody.
absl::StatusOr<bool> IsRunning(const std::string& folder);

struct RunFolder {
  std::string path;
  std::shared_ptr<const RunLock> lock;  // Held as long as a copy of this lives.

  std::string checkpoints() const;
  std::string measures() const;
  std::string metrics() const;
  std::string groups() const;
  std::string events() const;
  std::string progress() const;
  std::string tensorboard() const;
  std::string configuration() const;  // run.pbtxt

  // Makes a new folder, takes its lock and writes run.pbtxt into it, so that a place where nothing
  // can be written is found before the first step; an occupied one is refused. Empty `path`: the
  // first free runs/<name>-<n>. On an error nothing is left behind.
  static absl::StatusOr<RunFolder> Create(const std::string& path, const RunConfig& config);
};

// An observer that writes metrics.jsonl: one JSON object a line with scope, step, epoch, split,
// loss, each metric by name, learning_rate; the table of a metric that counts in one as
// "<metric>/counts", a list of lines.
class MetricsFile final : public TrainObserver {
 public:
  // Appends; lines that a run wrote after `resumed_step` updates, or after its end, are removed
  // first: a resumed run's file is that of a run that was never stopped.
  static absl::StatusOr<std::unique_ptr<MetricsFile>> Open(const std::string& path,
                                                           int64_t resumed_step);

  absl::Status OnLine(const MetricLine& line) override;
  // A resume keeps the lines up to its checkpoint, so they must be on the disk before it.
  absl::Status BeforeCheckpoint() override;

 private:
  explicit MetricsFile(std::unique_ptr<JsonLinesFile> lines) : lines_(std::move(lines)) {}
  const std::unique_ptr<JsonLinesFile> lines_;
};

// The JSON object, without the line's end.
std::string ToJson(const MetricLine& line);

}  // namespace gradus

#endif  // GRADUS_API_RUN_FOLDER_H_
