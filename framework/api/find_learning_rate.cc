// The search for a learning rate.

#include "gradus/api/find_learning_rate.h"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

#include "absl/strings/str_cat.h"
#include "absl/strings/str_format.h"
#include "gradus/api/rate_trials.h"
#include "gradus/base/status.h"
#include "gradus/base/text_config.h"

namespace gradus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// The smoothing's memory, in decades of the rate.
constexpr double kMemory = 1.0 / 3;
constexpr double kBreaksAt = 4;  // Times the least loss, as fastai and Lightning.
constexpr int64_t kMostTrialSteps = 10000;
// The lattice: four rates a decade; half a decade is two of its places.
constexpr int kPerDecade = 4, kHalfDecade = 2;
constexpr int kScanned = 7, kScanShare = 8;
constexpr size_t kMostAsked = 4;  // Rates, of every other seed.
constexpr double kTie = 1.02, kAgrees = 1.05, kNearlyAgrees = 1.15;

double ThreeDigits(double value) {
  const double unit = std::pow(10, std::floor(std::log10(value)) - 2);
  return std::stod(absl::StrFormat("%.6g", std::round(value / unit) * unit));
}

double RateAt(int place) { return ThreeDigits(std::pow(10, static_cast<double>(place) / kPerDecade)); }
int PlaceOf(double rate) { return static_cast<int>(std::lround(std::log10(rate) * kPerDecade)); }

absl::Status CheckOptions(const FindRateOptions& options) {
  if (!(options.start > 0) || !std::isfinite(options.end) || !(options.end > options.start)) {
    return absl::InvalidArgumentError(
        absl::StrCat("the range of rates from ", ShortestNumber(options.start), " to ",
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

// One seed's smoothed losses, up to where it breaks off.
class Smoothed {
 public:
  explicit Smoothed(double factor) : factor_(factor) {}

  // Whether that was the last one.
  bool Add(double loss) {
    sum_ = factor_ * sum_ + (1 - factor_) * loss;
    weight_ = factor_ * weight_ + (1 - factor_);
    const double value = sum_ / weight_;
    if (!std::isfinite(value)) return true;
    best_ = std::min(best_, value);
    // A loss at or below 0 has no fourfold.
    if (best_ > 0 && value > kBreaksAt * best_) return true;
    values.push_back(value);
    return false;
  }

  std::vector<double> values;

 private:
  const double factor_;
  double sum_ = 0, weight_ = 0, best_ = kInfinity;
};

// The slope at `i` of a straight line through the points within `reach` of it.
double SlopeAt(const std::vector<double>& y, int64_t i, int64_t reach) {
  const int64_t begin = std::max<int64_t>(0, i - reach);
  const int64_t end = std::min<int64_t>(static_cast<int64_t>(y.size()), i + reach + 1);
  const double middle = static_cast<double>(begin + end - 1) / 2;
  double product = 0, square = 0;
  for (int64_t k = begin; k < end; ++k) {
    product += (static_cast<double>(k) - middle) * y[k];
    square += (static_cast<double>(k) - middle) * (static_cast<double>(k) - middle);
  }
  return square > 0 ? product / square : 0;
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
    GRADUS_RETURN_IF_ERROR(RangeTest());
    whole_ = options_.trial_steps > 0 ? options_.trial_steps : kMostTrialSteps;
    whole_ = std::min(whole_, trials_->planned_steps());
    left_ = options_.trials;
    if (whole_ == 0 || left_ == 0) {
      SuggestFromRangeTest(whole_ == 0 ? "the run has no updates to try it with"
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
      range_.text = absl::StrCat("optimizer { learning_rate { constant: ",
                                 ShortestNumber(range_.suggestion), " } }");
    }
    return std::move(range_);
  }

 private:
  absl::Status RangeTest() {
    const Timeline::Plan& plan = trials_timeline();
    const int64_t rows = std::max<int64_t>(plan.examples_per_update, 1);
    int64_t steps = options_.steps;
    if (steps == 0) {
      steps = std::min<int64_t>(200, std::max<int64_t>(100, plan.examples_per_epoch / rows));
    }
    const double decades = std::log10(options_.end / options_.start);
    per_decade_ = static_cast<double>(steps - 1) / decades;
    const double factor = std::max(0.0, 1 - 1 / (kMemory * per_decade_));
    std::vector<double> rates;
    for (int64_t k = 0; k < steps; ++k) {
      const double part = static_cast<double>(k) / static_cast<double>(steps - 1);
      rates.push_back(options_.start * std::pow(options_.end / options_.start, part));
    }
    std::vector<Smoothed> curves;
    size_t shortest = rates.size();
    for (int seed = 0; seed < options_.seeds; ++seed) {
      curves.emplace_back(factor);
      Smoothed& curve = curves.back();
      std::vector<double> losses;
      GRADUS_RETURN_IF_ERROR(trials_->Ramp(
          seed, rates, [&curve](double loss) { return curve.Add(loss); }, &losses));
      shortest = std::min(shortest, curve.values.size());
      if (options_.on_range_test != nullptr) options_.on_range_test(seed + 1);
    }
    if (shortest == 0) {
      return absl::FailedPreconditionError(
          absl::StrCat("the loss is not finite at the first batch already, with rate ",
                       ShortestNumber(options_.start)));
    }
    if (shortest < rates.size()) range_.diverges = rates[shortest];
    for (size_t k = 0; k < shortest; ++k) {
      double low = kInfinity, high = -kInfinity, sum = 0;
      for (const Smoothed& curve : curves) {
        low = std::min(low, curve.values[k]);
        high = std::max(high, curve.values[k]);
        sum += curve.values[k];
      }
      range_.curve.rates.push_back(rates[k]);
      range_.curve.low.push_back(low);
      range_.curve.mean.push_back(sum / static_cast<double>(curves.size()));
      range_.curve.high.push_back(high);
    }
    Read();
    return absl::OkStatus();
  }

  const Timeline::Plan& trials_timeline() const { return trainer_.timeline().plan(); }

  // What the curve says.
  void Read() {
    const std::vector<double>& mean = range_.curve.mean;
    const auto lowest = std::min_element(mean.begin(), mean.end()) - mean.begin();
    range_.lowest = range_.curve.rates[lowest];
    const int64_t reach = std::max<int64_t>(1, std::llround(per_decade_ / 4));
    double steepest = kInfinity;
    for (int64_t k = 0; k <= lowest; ++k) {
      const double slope = SlopeAt(mean, k, reach);
      if (slope >= steepest) continue;
      steepest = slope;
      range_.steepest = range_.curve.rates[k];
    }
    // What the seeds do not agree about is no descent.
    const double fall = mean.front() - mean[lowest];
    falls_ = fall > 0.02 * std::abs(mean.front());
  }

  int Middle() const { return PlaceOf(range_.steepest) - kHalfDecade; }

  void SuggestFromRangeTest(const std::string& why) {
    range_.suggestion = RateAt(Middle());
    range_.confidence = RateConfidence::kLow;
    range_.because = falls_ ? why : "the loss did not fall in the range test";
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
      if (!std::isfinite(best) || sum > kAgrees * best) continue;
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
    // All of a decade downwards, whatever lies between: where a net overfits, a run that is 8 times as long as the scan wants an
    // eighth of the rate; where it does not, the same rate.
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
      if (loss <= kTie * Own(best_) && places.size() < kMostAsked) ask(place);
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
      if (Own(place) <= kTie * own && loss < others_[best_]) best_ = place;
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
    const double factor = others_[best_] / others_[favourite];
    const std::string seeds = absl::StrCat(asked_, asked_ == 1 ? " other seed" : " other seeds");
    if (!(factor <= kAgrees)) {
      const std::string better =
          std::isfinite(factor) ? absl::StrFormat("better by %.0f%%", 100 * (1 - 1 / factor)) : "better";
      return say(factor <= kNearlyAgrees ? RateConfidence::kMedium : RateConfidence::kLow,
                 absl::StrCat("with ", seeds, " ", ShortestNumber(RateAt(favourite)), " is ", better));
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
  double per_decade_ = 0;  // Updates of the range test.
  bool falls_ = false;
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
} catch (const std::exception& error) {
  return StatusOf(error, "searching for a learning rate");
}

const char* Name(RateConfidence confidence) {
  switch (confidence) {
    case RateConfidence::kLow: return "low";
    case RateConfidence::kMedium: return "medium";
    case RateConfidence::kHigh: break;
  }
  return "high";
}

}  // namespace gradus
