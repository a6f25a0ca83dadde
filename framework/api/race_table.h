// What a race says of its rules, from the records of all its runs, as a table and as pictures.

#ifndef GRADUS_API_RACE_TABLE_H_
#define GRADUS_API_RACE_TABLE_H_

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

#include "absl/types/optional.h"
#include "gradus/api/plot.h"
#include "gradus/api/race.h"
#include "gradus/api/race_runs.h"

namespace gradus {

// The runs of a rule on a problem at one rate, over the seeds.
struct RaceRate {
  double rate = 0;
  int diverged = 0;
  // Infinite when a run diverged, so that no such rate is ever the best one.
  double mean = std::numeric_limits<double>::infinity();
  double deviation = 0;  // Of a sample: divided by the seeds - 1. NaN of one seed.
};

// A rule on a problem.
struct RaceScore {
  size_t problem = 0, rule = 0;
  std::vector<RaceRate> rates;
  int diverged = 0;  // Runs, of all rates.
  // The rate with the least mean loss, the lower one of two; none when runs diverged at all of them.
  absl::optional<size_t> best;
  // All below is of that rate.
  int reached = 0;             // Seeds with which the target was reached.
  double target_steps = 0;     // Means over those; NaN when there is none.
  double target_seconds = 0;
  double seconds = 0;  // Mean of a whole run.
  // How many rates have a mean of at most 5% more than the best: m <= best + 0.05 |best|.
  int within = 0;
  // Whether it is the first or the last of several rates: a wider grid might have a better one.
  bool at_edge = false;

  double loss() const;  // The best mean; infinite when there is none.
};

// Problem by problem, of each the least loss first. Every run has a record.
std::vector<RaceScore> ScoreRace(const Race& race, const RaceRuns& runs);

// For people: for each problem what was compared, then a line for each rule, then what to know.
std::string RaceText(const Race& race, const std::vector<RaceScore>& scores);
// A line for each problem and rule under a header, with 17 significant digits; what there is not is
// empty.
std::string RaceTsv(const Race& race, const std::vector<RaceScore>& scores);
// The same with the means of all rates.
std::string RaceJson(const Race& race, const std::vector<RaceScore>& scores);

// Loss against rate on a problem, a curve for each rule in the order of the race; as SVG. Curves
// leave the picture at a multiple of the least loss, so that differences between good rates are seen.
std::string RaceSvg(const Race& race, const std::vector<RaceScore>& scores, size_t problem);

}  // namespace gradus

#endif  // GRADUS_API_RACE_TABLE_H_
