// The search for a learning rate.

#include "gradus/api/find_learning_rate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/range_test.h"
#include "gradus/api/rate_trials.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr int64_t kMostTrialSteps = 10000;
// The lattice: four rates a decade; half a decade is two of its places.
constexpr int kPerDecade = 4, kHalfDecade = 2;
constexpr int kScanned = 7, kScanShare = 8;
constexpr size_t kMostAsked = 4;  // Rates, of every other seed.
// Shares of a loss that another may be worse by.
constexpr double kTie = 0.02, kAgrees = 0.05, kNearlyAgrees = 0.15;

double ThreeDigits(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 2);
  return std::stod(absl::StrFormat("%.6g", std::round(value / unit) * unit));
}

// Losses may be below 0.
bool About(double loss, double best, double share) { return loss <= best + share * std::abs(best); }

double RateAt(int place) {
  return ThreeDigits(std::pow(10, static_cast<double>(place) / kPerDecade));
}
int PlaceOf(double rate) { return static_cast<int>(std::lround(std::log10(rate) * kPerDecade)); }

absl::Status CheckOptions(const FindRateOptions& options) {
  if (!(options.start > 0) || !std::isfinite(options.end) || !(options.end > options.start)) {
    return absl::InvalidArgumentError(absl::StrCat(
        "the range of rates from ", ShortestNumber(options.start), " to ",
        ShortestNumber(options.end), " must begin above 0 and end above its beginning"));
  }
  if (options.steps != 0 && (options.steps < 10 || options.steps > 1000000)) {
    return absl::InvalidArgumentError(
        absl::StrCat("steps ", options.steps, " must be at least 10 and at most 1000000"));
  }
  if (options.seeds < 1 || options.seeds > 100) {
    return absl::InvalidArgumentError(
        absl::StrCat("seeds ", options.seeds, " must be at least 1 and at most 100"));
  }
  if (options.trials < 0 || options.trials > 1000) {
    return absl::InvalidArgumentError(
        absl::StrCat("trials ", options.trials, " must be at least 0 and at most 1000"));
  }
  if (options.trial_steps < 0) {
    return absl::InvalidArgumentError(
        absl::StrCat("trial_steps ", options.trial_steps, " is negative"));
  }
  return absl::OkStatus();
}

class Search {
 public:
  Search(const Trainer& trainer, const FindRateOptions& options)
      : trainer_(trainer), options_(options) {}

  absl::StatusOr<RateRange> Run() {
    GRADUS_RETURN_IF_ERROR(CheckOptions(options_));
    GRADUS_ASSIGN_OR_RETURN(
        trials_, RateTrials::Create(trainer_, options_.present_weights, options_.cancelled));
    range_.validated = trials_->validates();
    GRADUS_RETURN_IF_ERROR(RunRangeTest(*trials_, trainer_.timeline().plan(), options_, &range_));
    whole_ = options_.trial_steps > 0 ? options_.trial_steps : kMostTrialSteps;
    whole_ = std::min(whole_, trials_->planned_steps());
    left_ = options_.trials;
    if (whole_ == 0 || left_ == 0) {
      SuggestFromRangeTest(whole_ == 0
                               ? "the run has no updates to try it with"
                               : "no trial was made, and the range test alone does not know "
                                 "how long the run is");
    } else {
      GRADUS_RETURN_IF_ERROR(Scan());
      GRADUS_RETURN_IF_ERROR(Climb());
      GRADUS_RETURN_IF_ERROR(AskOtherSeeds());
      Judge();
    }
    const OptimizerConfig& optimizer = trainer_.config().optimizer();
    range_.settings = ScaleRates(optimizer, trials_->peak(), range_.suggestion);
    if (!optimizer.has_learning_rate() ||
        optimizer.learning_rate().kind_case() == ScheduleConfig::kConstant) {
      range_.text = absl::StrCat(
          "optimizer { learning_rate { constant: ", ShortestNumber(range_.suggestion), " } }");
    }
    return std::move(range_);
  }

 private:
  int Middle() const { return PlaceOf(range_.steepest) - kHalfDecade; }

  void SuggestFromRangeTest(const std::string& why) {
    range_.suggestion = RateAt(Middle());
    range_.confidence = RateConfidence::kLow;
    range_.because = Falls(range_.curve) ? why : "the loss did not fall in the range test";
  }

  // A loss, infinite for a trial that broke.
  absl::StatusOr<double> Try(int place, int seed, int64_t steps) {
    RateTrial trial;
    trial.rate = RateAt(place);
    trial.seed = seed;
    trial.steps = steps;
    GRADUS_ASSIGN_OR_RETURN(trial.loss, trials_->Train(seed, trial.rate, steps));
    range_.trials.push_back(trial);
    if (options_.on_trial != nullptr) options_.on_trial(trial);
    return trial.loss.value_or(kInfinity);
  }

  // A whole trial with the run's own seed, once a place; false when there is none left.
  absl::StatusOr<bool> TryOnce(int place) {
    if (own_.count(place) > 0) return true;
    if (left_ == 0) return false;
    --left_;
    GRADUS_ASSIGN_OR_RETURN(own_[place], Try(place, 0, whole_));
    return true;
  }

  double Own(int place) const {
    const auto found = own_.find(place);
    return found == own_.end() ? kInfinity : found->second;
  }

  // Ends at the lowest of the places that are about as good as the best.
  absl::Status Scan() {
    const int64_t steps = std::max<int64_t>(1, whole_ / kScanShare);
    left_ = std::max(1, left_ - (kScanned * options_.seeds + kScanShare - 1) / kScanShare);
    std::map<int, double> sums;
    double best = kInfinity;
    for (int k = 0; k < kScanned; ++k) {
      const int place = Middle() + (k - kScanned / 2) * kHalfDecade;
      if (range_.diverges.has_value() && RateAt(place) > *range_.diverges) continue;
      for (int seed = 0; seed < options_.seeds; ++seed) {
        GRADUS_ASSIGN_OR_RETURN(const double loss, Try(place, seed, steps));
        sums[place] += loss;
      }
      best = std::min(best, sums[place]);
    }
    best_ = Middle();
    for (const auto& [place, sum] : sums) {
      if (!std::isfinite(sum) || !About(sum, best, kAgrees)) continue;
      best_ = place;
      break;
    }
    return absl::OkStatus();
  }

  // Goes to a better neighbour so far away until there is none: both sides have been tried then.
  absl::StatusOr<bool> ClimbBy(int stride) {
    GRADUS_ASSIGN_OR_RETURN(bool tried, TryOnce(best_));
    while (tried) {
      const int here = best_;
      for (int place : {here - stride, here + stride}) {
        GRADUS_ASSIGN_OR_RETURN(tried, TryOnce(place));
        if (!tried) break;
        if (Own(place) < Own(best_)) best_ = place;
        if (best_ != here) break;
      }
      if (best_ == here) break;
    }
    return tried;
  }

  absl::Status Climb() {
    // All of a decade downwards, whatever lies between: where a net overfits, a run that is 8 times
    // as long as the scan wants an eighth of the rate; where it does not, the same rate.
    const int scanned = best_;
    for (int place = scanned; place >= scanned - kPerDecade; place -= kHalfDecade) {
      GRADUS_RETURN_IF_ERROR(TryOnce(place).status());
      if (Own(place) < Own(best_)) best_ = place;
    }
    GRADUS_ASSIGN_OR_RETURN(bracketed_, ClimbBy(kHalfDecade));
    if (!bracketed_) return absl::OkStatus();
    for (int place : {best_ - 1, best_ + 1}) {
      GRADUS_ASSIGN_OR_RETURN(refined_, TryOnce(place));
      if (!refined_) return absl::OkStatus();
    }
    for (const auto& [place, loss] : own_) {
      if (loss < Own(best_)) best_ = place;
    }
    return absl::OkStatus();
  }

  absl::Status AskOtherSeeds() {
    if (!std::isfinite(Own(best_))) return absl::OkStatus();
    std::vector<int> places = {best_};
    const auto ask = [&](int place) {
      if (!std::isfinite(Own(place))) return false;
      if (std::find(places.begin(), places.end(), place) == places.end()) places.push_back(place);
      return true;
    };
    for (int side : {-1, 1}) {
      for (int distance : {kHalfDecade, kHalfDecade + 1, 1}) {
        if (ask(best_ + side * distance)) break;
      }
    }
    for (const auto& [place, loss] : own_) {
      if (About(loss, Own(best_), kTie) && places.size() < kMostAsked) ask(place);
    }
    for (int seed = 1; seed < options_.seeds; ++seed) {
      // A seed answers about all of them or is not asked.
      if (left_ < static_cast<int>(places.size())) break;
      for (int place : places) {
        --left_;
        GRADUS_ASSIGN_OR_RETURN(const double loss, Try(place, seed, whole_));
        others_[place] += loss;
      }
      ++asked_;
    }
    if (asked_ == 0) return absl::OkStatus();
    const double own = Own(best_);
    for (const auto& [place, loss] : others_) {
      if (About(Own(place), own, kTie) && loss < others_[best_]) best_ = place;
    }
    return absl::OkStatus();
  }

  void Judge() {
    range_.suggestion = RateAt(best_);
    if (!std::isfinite(Own(best_))) {
      SuggestFromRangeTest("no trial came to a finite loss");
      return;
    }
    const auto say = [this](RateConfidence confidence, std::string why) {
      range_.confidence = confidence;
      range_.because = std::move(why);
    };
    if (!bracketed_) {
      return say(RateConfidence::kLow,
                 "the trials were used up before a worse rate was found on both sides");
    }
    std::string limits;
    if (!range_.validated) limits = "there are no validation examples";
    if (whole_ < trials_->planned_steps()) {
      absl::StrAppend(&limits, limits.empty() ? "" : " and ", "trials have ", whole_, " of ",
                      trials_->planned_steps(), " updates");
    }
    if (asked_ == 0) {
      return say(RateConfidence::kMedium,
                 absl::StrCat("it is the best with the run's own seed, and no other was asked",
                              limits.empty() ? "" : absl::StrCat("; ", limits)));
    }
    int favourite = best_;
    for (const auto& [place, loss] : others_) {
      if (loss < others_[favourite]) favourite = place;
    }
    const double chosen = others_[best_], least = others_[favourite];
    const std::string seeds = absl::StrCat(asked_, asked_ == 1 ? " other seed" : " other seeds");
    if (!std::isfinite(chosen)) {
      return say(RateConfidence::kLow, absl::StrCat("with ", seeds, " a number became infinite"));
    }
    if (!About(chosen, least, kAgrees)) {
      const double share = (chosen - least) / std::abs(chosen);
      return say(
          About(chosen, least, kNearlyAgrees) ? RateConfidence::kMedium : RateConfidence::kLow,
          absl::StrFormat("with %s %s is better by %.0f%%", seeds,
                          ShortestNumber(RateAt(favourite)), 100 * share));
    }
    const std::string agree =
        absl::StrCat("with ", seeds, " no rate that was tried is better by more than 5%");
    if (!limits.empty()) return say(RateConfidence::kMedium, absl::StrCat(agree, ", but ", limits));
    say(RateConfidence::kHigh, agree);
  }

  const Trainer& trainer_;
  const FindRateOptions& options_;
  std::unique_ptr<RateTrials> trials_;
  RateRange range_;
  int64_t whole_ = 0;
  int left_ = 0;
  int best_ = 0;
  std::map<int, double> own_;     // Losses of whole trials with the run's own seed.
  std::map<int, double> others_;  // Sums over the other seeds that were asked.
  int asked_ = 0;
  bool bracketed_ = false, refined_ = false;
};

}  // namespace

absl::StatusOr<RateRange> FindLearningRate(const Trainer& trainer,
                                           const FindRateOptions& options) try {
  return Search(trainer, options).Run();
} catch (...) {
  return StatusOfException("searching for a learning rate");
}

const char* Name(RateConfidence confidence) {
  switch (confidence) {
    case RateConfidence::kLow:
      return "low";
    case RateConfidence::kMedium:
      return "medium";
    case RateConfidence::kHigh:
      break;
  }
  return "high";
}

}  // namespace gradus
