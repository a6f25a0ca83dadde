// Brackets, rungs, ranking.

#include "gradus/api/sweep_plan.h"

#include <algorithm>
#include <cmath>
#include <numeric>

#include "absl/strings/str_cat.h"
#include "gradus/base/diagnostics.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr double kNone = std::numeric_limits<double>::quiet_NaN();

// NaN is worse than anything, and than nothing.
bool IsBetter(Direction direction, double a, double b) {
  if (std::isnan(a)) return false;
  if (std::isnan(b)) return true;
  return direction == MAX ? a > b : a < b;
}

// `least` * eta^s: the greatest s that keeps the rung of R / eta^s epochs from being shorter.
int64_t MostHalvings(int64_t epochs, int64_t least, int64_t eta) {
  int64_t halvings = 0;
  for (int64_t rest = epochs / eta; rest >= least; rest /= eta) ++halvings;
  return halvings;
}

int64_t Power(int64_t base, int64_t exponent) {
  int64_t power = 1;
  for (int64_t i = 0; i < exponent; ++i) power = std::min(power * base, kMostTrials + 1);
  return power;
}

SweepBracket MakeBracket(int64_t first_trial, int64_t trials, int64_t epochs, int64_t halvings,
                         int64_t eta) {
  SweepBracket bracket;
  bracket.first_trial = first_trial;
  for (int64_t i = 0; i <= halvings; ++i) {
    int64_t length = epochs;
    for (int64_t k = i; k < halvings; ++k) length /= eta;
    bracket.rungs.push_back({length, trials});
    trials = std::max<int64_t>(trials / eta, 1);
  }
  return bracket;
}

absl::Status CheckTrials(int64_t trials) {
  if (trials >= 1 && trials <= kMostTrials) return absl::OkStatus();
  return absl::InvalidArgumentError(
      absl::StrCat(trials > kMostTrials ? "the plan has more than " : "the plan has fewer than ",
                   trials > kMostTrials ? kMostTrials : 1, " trials"));
}

// Whether the trial has nothing left to do for a rung.
bool Reached(const TrialRecord& record, const SweepRung& rung, bool last_rung) {
  if (record.state == TrialRecord::kFinished || record.state == TrialRecord::kFailed) return true;
  return record.state != TrialRecord::kRunning && !last_rung && record.epochs >= rung.epochs;
}

// The members that go on to a rung of so many trials, in the order of their numbers.
std::vector<int64_t> Survivors(const std::vector<int64_t>& members, const SweepRung& rung,
                               int64_t next_trials, Direction direction,
                               const std::vector<TrialRecord>& records) {
  std::vector<int64_t> order;
  for (int64_t trial : members) {
    const TrialRecord& record = records[static_cast<size_t>(trial)];
    if (record.state == TrialRecord::kFailed) continue;
    if (!std::isnan(record.Best(direction, rung.epochs))) order.push_back(trial);
  }
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    return IsBetter(direction, records[static_cast<size_t>(a)].Best(direction, rung.epochs),
                    records[static_cast<size_t>(b)].Best(direction, rung.epochs));
  });
  if (static_cast<int64_t>(order.size()) > next_trials) {
    order.resize(static_cast<size_t>(next_trials));
  }
  std::sort(order.begin(), order.end());
  return order;
}

}  // namespace

absl::StatusOr<SweepStrategy> ParseSweepStrategy(absl::string_view name) {
  for (SweepStrategy strategy : {SweepStrategy::kGrid, SweepStrategy::kRandom,
                                 SweepStrategy::kHalving, SweepStrategy::kHyperband}) {
    if (name == Name(strategy)) return strategy;
  }
  return absl::InvalidArgumentError(absl::StrCat(
      "no strategy is called ", Quoted(name), "; there are grid, random, halving and hyperband"));
}

absl::string_view Name(SweepStrategy strategy) {
  switch (strategy) {
    case SweepStrategy::kGrid:
      return "grid";
    case SweepStrategy::kRandom:
      return "random";
    case SweepStrategy::kHalving:
      return "halving";
    case SweepStrategy::kHyperband:
      break;
  }
  return "hyperband";
}

absl::string_view Name(TrialRecord::State state) {
  switch (state) {
    case TrialRecord::kWaiting:
      return "waiting";
    case TrialRecord::kRunning:
      return "running";
    case TrialRecord::kStopped:
      return "stopped";
    case TrialRecord::kFinished:
      return "finished";
    case TrialRecord::kFailed:
      return "failed";
    case TrialRecord::kHalted:
      break;
  }
  return "halted";
}

absl::StatusOr<std::vector<SweepBracket>> PlanBrackets(SweepStrategy strategy, int64_t trials,
                                                       int64_t epochs, int64_t min_epochs,
                                                       int64_t eta) {
  std::vector<SweepBracket> brackets;
  if (strategy == SweepStrategy::kGrid || strategy == SweepStrategy::kRandom) {
    GRADUS_RETURN_IF_ERROR(CheckTrials(trials));
    brackets.push_back(MakeBracket(0, trials, epochs, 0, 2));
    return brackets;
  }
  if (eta < 2) return absl::InvalidArgumentError(absl::StrCat("eta ", eta, " must be at least 2"));
  if (min_epochs < 1) {
    return absl::InvalidArgumentError(absl::StrCat("min_epochs ", min_epochs,
                                                   " must be at least 1"));
  }
  const int64_t most = MostHalvings(epochs, min_epochs, eta);
  if (most == 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("run.epochs ", epochs, " leaves no room for a first rung: ", Name(strategy),
                     " with eta ", eta, " and min_epochs ", min_epochs, " needs at least ",
                     eta * min_epochs));
  }
  if (strategy == SweepStrategy::kHalving) {
    if (trials == 0) trials = Power(eta, most);
    GRADUS_RETURN_IF_ERROR(CheckTrials(trials));
    brackets.push_back(MakeBracket(0, trials, epochs, most, eta));
    return brackets;
  }
  int64_t count = 0;
  for (int64_t halvings = most; halvings >= 0; --halvings) {
    const int64_t begin = ((most + 1) * Power(eta, halvings) + halvings) / (halvings + 1);
    GRADUS_RETURN_IF_ERROR(CheckTrials(count + begin));
    brackets.push_back(MakeBracket(count, begin, epochs, halvings, eta));
    count += begin;
  }
  return brackets;
}

int64_t CountTrials(absl::Span<const SweepBracket> brackets) {
  int64_t count = 0;
  for (const SweepBracket& bracket : brackets) count += bracket.rungs[0].trials;
  return count;
}

int64_t CountEpochs(absl::Span<const SweepBracket> brackets) {
  int64_t count = 0;
  for (const SweepBracket& bracket : brackets) {
    int64_t before = 0;
    for (const SweepRung& rung : bracket.rungs) {
      count += rung.trials * (rung.epochs - before);
      before = rung.epochs;
    }
  }
  return count;
}

double TrialRecord::Best(Direction direction, int64_t up_to_epoch) const {
  double best = kNone;
  for (const SweepMeasure& measure : measures) {
    if (measure.epoch <= up_to_epoch && IsBetter(direction, measure.value, best)) {
      best = measure.value;
    }
  }
  return best;
}

double TrialRecord::Last() const { return measures.empty() ? kNone : measures.back().value; }

std::vector<SweepTask> OpenTasks(absl::Span<const SweepBracket> brackets, Direction direction,
                                 std::vector<TrialRecord>* records) {
  std::vector<SweepTask> tasks;
  for (const SweepBracket& bracket : brackets) {
    std::vector<int64_t> members(static_cast<size_t>(bracket.rungs[0].trials));
    std::iota(members.begin(), members.end(), bracket.first_trial);
    for (size_t i = 0; i < bracket.rungs.size(); ++i) {
      const SweepRung& rung = bracket.rungs[i];
      const bool last = i + 1 == bracket.rungs.size();
      const size_t before = tasks.size();
      for (int64_t trial : members) {
        if (!Reached((*records)[static_cast<size_t>(trial)], rung, last)) {
          tasks.push_back({trial, rung.epochs, last});
        }
      }
      if (last || tasks.size() > before) break;
      const std::vector<int64_t> survivors =
          Survivors(members, rung, bracket.rungs[i + 1].trials, direction, *records);
      for (int64_t trial : members) {
        TrialRecord& record = (*records)[static_cast<size_t>(trial)];
        const bool over =
            record.state == TrialRecord::kFinished || record.state == TrialRecord::kFailed;
        if (!over && !std::binary_search(survivors.begin(), survivors.end(), trial)) {
          record.state = TrialRecord::kHalted;
        }
      }
      members = survivors;
    }
  }
  return tasks;
}

std::vector<int64_t> RankTrials(absl::Span<const TrialRecord> records, Direction direction) {
  std::vector<int64_t> order(records.size());
  std::iota(order.begin(), order.end(), int64_t{0});
  std::stable_sort(order.begin(), order.end(), [&](int64_t a, int64_t b) {
    const TrialRecord& left = records[static_cast<size_t>(a)];
    const TrialRecord& right = records[static_cast<size_t>(b)];
    const bool left_failed = left.state == TrialRecord::kFailed;
    const bool right_failed = right.state == TrialRecord::kFailed;
    if (left_failed != right_failed) return right_failed;
    return IsBetter(direction, left.Best(direction), right.Best(direction));
  });
  return order;
}

int64_t BestTrial(absl::Span<const TrialRecord> records, Direction direction) {
  const std::vector<int64_t> order = RankTrials(records, direction);
  if (order.empty()) return -1;
  const TrialRecord& first = records[static_cast<size_t>(order[0])];
  const bool none =
      first.state == TrialRecord::kFailed || std::isnan(first.Best(direction));
  return none ? -1 : order[0];
}

}  // namespace gradus
