// The runs of a race on several threads, each recorded in a folder as it ends, so that a race that
// was stopped or killed goes on, and one that is given more rules, rates, seeds or problems only
// trains those.
//
//   DIR/runs.jsonl     a line for each run: problem and checksum of its configuration, rule, rate,
//                      seed; loss (null: diverged), steps, seconds, target_step, target_seconds
//
// Records of other rules, rates, seeds and of other configurations of a problem may stand between
// them and are left alone. What is not looked at is whether the bytes of the data are still the same.

#ifndef GRADUS_API_RACE_RUNS_H_
#define GRADUS_API_RACE_RUNS_H_

#include <functional>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "gradus/api/race.h"

namespace gradus {

// By run number; none where there is no record.
using RaceRuns = std::vector<absl::optional<RaceRun>>;

std::string ToJsonLine(const Race& race, const RaceEntry& entry, const RaceRun& run);
// The records of this race in a runs.jsonl; of a file that is not there none.
absl::StatusOr<RaceRuns> ReadRaceRuns(const std::string& path, const Race& race);

struct RaceProgress {
  size_t done = 0, runs = 0;  // Records of this race; all of its runs.
  double seconds_left = 0;    // About; 0 when nothing is known yet.
  RaceEntry last;             // What has just ended.
};

struct RunRaceOptions {
  std::string folder;  // Exists or is made.
  int jobs = 1;        // Runs at once, a thread each.
  // By one thread at a time, not always the same.
  std::function<void(const RaceProgress& progress)> on_run;
  // Asked by all threads; when it says true no run begins any more and those that are on their way
  // are given up.
  std::function<bool()> cancelled;
};

// Trains what has no record yet. Cancelled when it was cancelled; FailedPrecondition when another
// process uses the folder. An error of a run, which names it, ends the race.
absl::StatusOr<RaceRuns> RunRace(const Race& race, const RunRaceOptions& options);

// "digits with adam at 0.01, seed 0"
std::string NameOf(const Race& race, const RaceEntry& entry);

}  // namespace gradus

#endif  // GRADUS_API_RACE_RUNS_H_
