// Runs as curves: measures of training and validation, the learning rate, events; a panel for each
// measure, a colour for each run.
//
//   PlotRunsOptions options;
//   options.measures = {"loss", "validation/accuracy", "learning_rate"};
//   RenderSvgPage(*PlotRuns({*ReadRun("runs/a"), *ReadRun("runs/b")}, options))

#ifndef GRADUS_API_PLOT_RUNS_H_
#define GRADUS_API_PLOT_RUNS_H_

#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "gradus/api/plot.h"
#include "gradus/api/run_record.h"

namespace gradus {

struct PlotRunsOptions {
  enum X { kAuto, kStep, kEpoch, kTime };
  // A panel each: "loss" of training and validation, "validation/loss" of one split,
  // "learning_rate". Empty: the loss and the first metric.
  std::vector<std::string> measures;
  X x = kAuto;        // Epochs where all runs have some.
  double smooth = 0;  // Of training: how much of the mean before it stays at each point; 0: none.
  bool log = false;   // Of losses; a learning rate is so wherever it spans two decades.
  std::string title;
};

// An error names a measure that no run has, or a run without times.
absl::StatusOr<PlotPage> PlotRuns(const std::vector<RunRecord>& runs,
                                  const PlotRunsOptions& options);

// What tells each from the others: its folder, and the fields of its configuration that differ. Of
// one run its folder.
std::vector<std::string> NamesOfRuns(const std::vector<RunRecord>& runs);

// What happened to a run, in a few words each: "rate 0.01 -> 0.001", "restored", "stopped". At most
// one for each update.
struct RunEvent {
  int64_t step = 0;
  std::string text;   // Short.
  std::string cause;  // The whole of it.
};
std::vector<RunEvent> EventsOfRun(const RunRecord& run);

}  // namespace gradus

#endif  // GRADUS_API_PLOT_RUNS_H_
