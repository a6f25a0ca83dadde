// A sweep: what was asked for, the trials that follow from it, and its file.
//
//   DIR/sweep.jsonl         the plan: a line with what was asked for, then one for each trial
//   DIR/trials.jsonl        what became of the trials' processes, a line each time one ends
//   DIR/trial-000/          the run folder of a trial, with the process's output in log.txt
//   DIR/best.pbtxt          the configuration of the best trial, once the sweep is at its end
//
// The plan is a function of what was asked for and of the configuration. A sweep that is started
// again in its folder makes it again, and goes on when it is the same.

#ifndef GRADUS_API_SWEEP_H_
#define GRADUS_API_SWEEP_H_

#include <cstdint>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/string_view.h"
#include "gradus/api/sweep_plan.h"
#include "gradus/api/sweep_space.h"
#include "gradus/direction.pb.h"

namespace gradus {

struct SweepOptions {
  std::string file;
  std::vector<std::string> settings;  // For every trial, before its own.
  std::vector<std::string> search;    // As in sweep_space.h.
  SweepStrategy strategy = SweepStrategy::kRandom;
  int64_t trials = 0;  // 0: the strategy's own number; of random 20.
  uint64_t seed = 0;   // Below 2^53.
  std::string metric = "validation/loss";  // "validation/<metric>", "train/loss", ...
  Direction direction = AUTO;
  int64_t eta = 3;         // Of halving and Hyperband.
  int64_t min_epochs = 1;  // Of their first rung.
  int threads = 0;         // Of each trial; 0: run.threads of the file, or 1.
};

struct Sweep {
  SweepOptions options;  // Nothing is open any more: direction, trials, threads are resolved.
  std::string config;    // The file with its settings, as text with absolute paths.
  std::string name;      // The model's; empty after ReadSweep.
  int64_t epochs = 0;    // run.epochs
  SearchSpace space;
  std::vector<SearchPoint> points;  // One for each trial.
  std::vector<SweepBracket> brackets;

  int64_t trials() const { return static_cast<int64_t>(points.size()); }
  // What `config` is to be given to become that of the trial.
  std::vector<std::string> TrialSettings(int64_t trial) const;
  // What the file is to be given, which is the settings of all trials before those.
  std::vector<std::string> Settings(int64_t trial) const;
  std::string TrialName(int64_t trial) const;  // "trial-007"
};

// Reads the file, makes the plan, and checks the configuration of every trial, data and model
// included. The error has a line for each thing that is wrong, with the trials that have it.
absl::StatusOr<Sweep> MakeSweep(SweepOptions options);

// What sweep.jsonl holds.
std::string SweepText(const Sweep& sweep);
// The plan of a sweep.jsonl, without looking at the configuration again; `name` stands in messages.
absl::StatusOr<Sweep> ReadSweep(absl::string_view text, const std::string& name);
// Empty, or what distinguishes the two: "its seed is 1, not 2".
std::string SweepDifference(const Sweep& there, const Sweep& here);

}  // namespace gradus

#endif  // GRADUS_API_SWEEP_H_
