// A race of update rules: every rule gets the same learning rates, seeds and epochs on the same
// problems. What `gradus race` runs.
//
//   RaceOptions options;
//   options.rules = {"adam {}", "sgd { momentum: 0.9 }"};
//   options.problems = {"examples/race/digits.pbtxt"};
//   const std::unique_ptr<Race> race = *Race::Create(options);
//   const absl::StatusOr<RaceRun> run = race->Run(0, nullptr);   // race_runs.h: all of them
//
// A problem is a run file with a target. A run of the race is that file with another rule, with its
// schedule multiplied so that its peak is the rate (a constant rate becomes the rate, and so does
// one that is not set), and with the number of the seed added to run.seed and data.shuffle_seed: other
// first weights, another order of the examples. All else in the file stays, clipping, decay and
// groups with rules of their own included; what the file says of checkpoints and logs is left out.
// Every run is computed by one thread: `gradus train` with run.threads: 1 gives the same numbers.
//
// A run's loss is that of the validation examples in the end, or the mean over the last epoch's
// training examples when there are none. A run in which a number is not finite has none: it
// diverged. Its seconds are wall-clock time of training alone, without validation.

#ifndef GRADUS_API_RACE_H_
#define GRADUS_API_RACE_H_

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/types/optional.h"
#include "gradus/api/trainer.h"
#include "gradus/optimizer.pb.h"

namespace gradus {

struct RaceOptions {
  std::vector<std::string> rules;     // "adam { beta1: 0.95 }": a rule and nothing else.
  std::vector<std::string> problems;  // Run files.
  std::string rates = "log(1e-4, 1, 9)";  // A space of sweep_space.h that is a grid, or "0.01, 0.1".
  int seeds = 5;
};

struct RaceRule {
  std::string text;   // On one line, however it was written: "adam { beta1: 0.95 }".
  std::string label;  // "adam" when it has no settings.
  OptimizerConfig config;
};

struct RaceProblem {
  std::string name;      // The file's, without its folder and ending.
  std::string file;      // As it was given.
  std::string checksum;  // Of the configuration that its runs have in common.
  RunConfig config;
  double peak = 0;  // Of its own schedule.
  std::unique_ptr<const Trainer> trainer;

  // "validation/loss" or "train/loss": what is compared.
  std::string measure() const;
};

struct RaceRun {
  absl::optional<double> loss;  // None: it diverged.
  int64_t steps = 0;            // Updates that were made.
  double seconds = 0;
  // When the target was reached, if it was.
  absl::optional<int64_t> target_step;
  double target_seconds = 0;
};

// What a run is of: positions in the race's lists.
struct RaceEntry {
  size_t problem = 0, rule = 0, rate = 0;
  int seed = 0;
};

// Thread safety: immutable.
class Race {
 public:
  // Opens the data of the problems and checks every rule on each of them. The error has a line for
  // each thing that is wrong; what is wrong with a rule's text stands at `--rule 2:1:8: `.
  static absl::StatusOr<std::unique_ptr<Race>> Create(const RaceOptions& options);

  const std::vector<RaceRule>& rules() const { return rules_; }
  const std::vector<RaceProblem>& problems() const { return problems_; }
  const std::vector<double>& rates() const { return rates_; }  // Rising.
  int seeds() const { return seeds_; }

  size_t runs() const { return problems_.size() * rules_.size() * rates_.size() * seeds_; }
  // Of run number `i`, and its number. Problem by problem, rule by rule, rate by rate.
  RaceEntry entry(size_t i) const;
  size_t index(const RaceEntry& entry) const;

  // The configuration of a run.
  absl::StatusOr<RunConfig> ConfigOf(const RaceEntry& entry) const;
  // Trains it. Several threads may do so at once. `cancelled` is asked after every update; when it
  // says true the run ends with Cancelled.
  absl::StatusOr<RaceRun> Run(const RaceEntry& entry, const std::function<bool()>& cancelled) const;

  // Things that are worth a word, one line each.
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Race() = default;

  std::vector<RaceRule> rules_;
  std::vector<RaceProblem> problems_;
  std::vector<double> rates_;
  int seeds_ = 1;
  std::vector<std::string> warnings_;
};

}  // namespace gradus

#endif  // GRADUS_API_RACE_H_
