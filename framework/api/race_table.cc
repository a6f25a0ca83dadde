// Means over seeds, least means over rates, and how they are written.

#include "gradus/api/race_table.h"

#include <algorithm>
#include <cmath>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/json_lines.h"
#include "gradus/api/line_up.h"
#include "gradus/base/diagnostics.h"

namespace gradus {
namespace {

constexpr double kWithin = 0.05;

RaceRate RateOf(const Race& race, const RaceRuns& runs, RaceEntry entry) {
  RaceRate rate;
  rate.rate = race.rates()[entry.rate];
  double sum = 0, squares = 0;
  for (entry.seed = 0; entry.seed < race.seeds(); ++entry.seed) {
    const RaceRun& run = *runs[race.index(entry)];
    rate.diverged += !run.loss.has_value();
    sum += run.loss.value_or(0);
  }
  if (rate.diverged > 0) return rate;
  rate.mean = sum / race.seeds();
  for (entry.seed = 0; entry.seed < race.seeds(); ++entry.seed) {
    const double off = *runs[race.index(entry)]->loss - rate.mean;
    squares += off * off;
  }
  rate.deviation = race.seeds() == 1 ? std::nan("") : std::sqrt(squares / (race.seeds() - 1));
  return rate;
}

void AddBest(const Race& race, const RaceRuns& runs, RaceScore* score) {
  const size_t best = *score->best;
  const double most = score->loss() + kWithin * std::abs(score->loss());
  for (const RaceRate& rate : score->rates) score->within += rate.mean <= most;
  score->at_edge = score->rates.size() > 1 && (best == 0 || best + 1 == score->rates.size());
  double steps = 0, target_seconds = 0, seconds = 0;
  for (int seed = 0; seed < race.seeds(); ++seed) {
    const RaceRun& run = *runs[race.index({score->problem, score->rule, best, seed})];
    seconds += run.seconds;
    if (!run.target_step.has_value()) continue;
    score->reached += 1;
    steps += static_cast<double>(*run.target_step);
    target_seconds += run.target_seconds;
  }
  // 0 / 0 when no seed has reached it.
  score->target_steps = steps / score->reached;
  score->target_seconds = target_seconds / score->reached;
  score->seconds = seconds / race.seeds();
}

std::string Short(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.4g", value) : "-";
}
std::string Seconds(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.3g", value) : "-";
}
std::string Exact(double value) {
  return std::isfinite(value) ? absl::StrFormat("%.17g", value) : "";
}

// "validation/accuracy 0.97"
std::string TargetOf(const RaceProblem& problem) {
  const Target& target = problem.config.run().target();
  return absl::StrCat(target.monitor(), " ", ShortestNumber(target.value()));
}

std::string Header(const Race& race, const RaceProblem& problem) {
  const std::string seeds = race.seeds() == 1 ? "1 seed" : absl::StrCat(race.seeds(), " seeds");
  const size_t rates = race.rates().size();
  return absl::StrCat(problem.name, ": ", problem.measure(), " after ",
                      problem.trainer->planned_steps(), " updates, mean over ", seeds,
                      " at the best of ", rates, rates == 1 ? " rate, " : " rates, ",
                      ShortestNumber(race.rates().front()), " to ",
                      ShortestNumber(race.rates().back()), "; target ", TargetOf(problem), "\n");
}

const RaceRate& BestOf(const RaceScore& score) {
  static const RaceRate* const none = new RaceRate{std::nan(""), 0, std::nan(""), std::nan("")};
  return score.best.has_value() ? score.rates[*score.best] : *none;
}

}  // namespace

double RaceScore::loss() const {
  return best.has_value() ? rates[*best].mean : std::numeric_limits<double>::infinity();
}

std::vector<RaceScore> ScoreRace(const Race& race, const RaceRuns& runs) {
  std::vector<RaceScore> scores;
  for (size_t problem = 0; problem < race.problems().size(); ++problem) {
    for (size_t rule = 0; rule < race.rules().size(); ++rule) {
      RaceScore score;
      score.problem = problem;
      score.rule = rule;
      for (size_t i = 0; i < race.rates().size(); ++i) {
        score.rates.push_back(RateOf(race, runs, {problem, rule, i, 0}));
        score.diverged += score.rates[i].diverged;
        if (score.rates[i].mean < score.loss()) score.best = i;
      }
      if (score.best.has_value()) AddBest(race, runs, &score);
      scores.push_back(std::move(score));
    }
  }
  std::stable_sort(scores.begin(), scores.end(), [](const RaceScore& a, const RaceScore& b) {
    return a.problem != b.problem ? a.problem < b.problem : a.loss() < b.loss();
  });
  return scores;
}

std::string RaceText(const Race& race, const std::vector<RaceScore>& scores) {
  std::string text;
  bool at_edge = false;
  for (size_t i = 0; i < scores.size();) {
    const size_t problem = scores[i].problem;
    std::vector<std::vector<std::string>> rows = {{"rule", "best rate", "", "loss", "deviation",
                                                   "reached", "steps", "seconds", "within 5%",
                                                   "diverged"}};
    for (; i < scores.size() && scores[i].problem == problem; ++i) {
      const RaceScore& score = scores[i];
      const RaceRate& best = BestOf(score);
      const bool any = score.best.has_value();
      const bool reached = score.reached > 0;
      at_edge |= score.at_edge;
      rows.push_back({race.rules()[score.rule].label, Short(best.rate), score.at_edge ? "*" : "",
                      Short(best.mean), Short(best.deviation),
                      any ? absl::StrCat(score.reached, "/", race.seeds()) : "-",
                      reached ? absl::StrFormat("%.1f", score.target_steps) : "-",
                      reached ? Seconds(score.target_seconds) : "-",
                      any ? absl::StrCat(score.within, "/", score.rates.size()) : "-",
                      absl::StrCat(score.diverged, "/",
                                   static_cast<int64_t>(score.rates.size()) * race.seeds())});
    }
    absl::StrAppend(&text, text.empty() ? "" : "\n", Header(race, race.problems()[problem]),
                    LinedUp(rows, {false, true, false, true, true, true, true, true, true, true}));
  }
  if (at_edge) {
    absl::StrAppend(&text, "\n*  the lowest or the highest rate of the grid; a wider one might have ",
                    "a better rate\n");
  }
  return text;
}

std::string RaceTsv(const Race& race, const std::vector<RaceScore>& scores) {
  std::string text =
      "problem\trank\trule\tmeasure\tbest_rate\tloss\tdeviation\ttarget\treached\tseeds\t"
      "target_steps\ttarget_seconds\tseconds\twithin_5_percent\trates\tat_edge\tdiverged\n";
  size_t rank = 0;
  for (size_t i = 0; i < scores.size(); ++i) {
    const RaceScore& score = scores[i];
    const RaceRate& best = BestOf(score);
    const RaceProblem& problem = race.problems()[score.problem];
    rank = i > 0 && scores[i - 1].problem == score.problem ? rank + 1 : 1;
    const bool any = score.best.has_value(), reached = score.reached > 0;
    absl::StrAppend(&text, problem.name, "\t", rank, "\t", race.rules()[score.rule].text, "\t",
                    problem.measure(), "\t", Exact(best.rate), "\t", Exact(best.mean), "\t",
                    Exact(best.deviation), "\t", TargetOf(problem), "\t");
    absl::StrAppend(&text, score.reached, "\t", race.seeds(), "\t",
                    reached ? Exact(score.target_steps) : "", "\t",
                    reached ? Exact(score.target_seconds) : "", "\t",
                    any ? Exact(score.seconds) : "", "\t");
    absl::StrAppend(&text, score.within, "\t", score.rates.size(), "\t", score.at_edge ? 1 : 0,
                    "\t", score.diverged, "\n");
  }
  return text;
}

std::string RaceJson(const Race& race, const std::vector<RaceScore>& scores) {
  std::string text = "[";
  const double none = std::nan("");
  for (size_t i = 0; i < scores.size(); ++i) {
    const RaceScore& score = scores[i];
    const RaceRate& best = BestOf(score);
    const RaceProblem& problem = race.problems()[score.problem];
    const bool any = score.best.has_value(), reached = score.reached > 0;
    absl::StrAppend(&text, i == 0 ? "\n" : ",\n", "{\"problem\":", JsonString(problem.name),
                    ",\"rule\":", JsonString(race.rules()[score.rule].text),
                    ",\"measure\":", JsonString(problem.measure()),
                    ",\"best_rate\":", JsonNumber(best.rate), ",\"loss\":", JsonNumber(best.mean),
                    ",\"deviation\":", JsonNumber(best.deviation),
                    ",\"target\":", JsonString(TargetOf(problem)));
    absl::StrAppend(&text, ",\"reached\":", score.reached, ",\"seeds\":", race.seeds(),
                    ",\"target_steps\":", JsonNumber(reached ? score.target_steps : none),
                    ",\"target_seconds\":", JsonNumber(reached ? score.target_seconds : none),
                    ",\"seconds\":", JsonNumber(any ? score.seconds : none),
                    ",\"within_5_percent\":", score.within,
                    ",\"at_edge\":", score.at_edge ? "true" : "false",
                    ",\"diverged\":", score.diverged, ",\"rates\":[");
    for (size_t k = 0; k < score.rates.size(); ++k) {
      const RaceRate& rate = score.rates[k];
      absl::StrAppend(&text, k == 0 ? "" : ",", "{\"rate\":", JsonNumber(rate.rate),
                      ",\"mean\":", JsonNumber(rate.mean), ",\"deviation\":",
                      JsonNumber(rate.diverged > 0 ? none : rate.deviation),
                      ",\"diverged\":", rate.diverged, "}");
    }
    absl::StrAppend(&text, "]}");
  }
  return text + "\n]\n";
}

}  // namespace gradus
