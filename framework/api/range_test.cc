// The range test.

#include "gradus/api/range_test.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "absl/strings/str_cat.h"
#include "gradus/base/status.h"

namespace gradus {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
// The smoothing's memory, in decades of the rate.
constexpr double kMemory = 1.0 / 3;
constexpr double kBreaksAt = 4;  // Times the least loss, as fastai and Lightning.

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

// What the curve says.
void Read(double per_decade, RateRange* range) {
  const std::vector<double>& mean = range->curve.mean;
  const auto lowest = std::min_element(mean.begin(), mean.end()) - mean.begin();
  range->lowest = range->curve.rates[lowest];
  const int64_t reach = std::max<int64_t>(1, std::llround(per_decade / 4));
  double steepest = kInfinity;
  // The average of the first few losses is not smooth yet.
  for (int64_t k = std::min<int64_t>(lowest, std::llround(kMemory * per_decade)); k <= lowest;
       ++k) {
    const double slope = SlopeAt(mean, k, reach);
    if (slope >= steepest) continue;
    steepest = slope;
    range->steepest = range->curve.rates[k];
  }
}

}  // namespace

absl::Status RunRangeTest(const RateTrials& trials, const Timeline::Plan& plan,
                          const FindRateOptions& options, RateRange* range) {
  const int64_t rows = std::max<int64_t>(plan.examples_per_update, 1);
  int64_t steps = options.steps;
  if (steps == 0) {
    steps = std::min<int64_t>(200, std::max<int64_t>(100, plan.examples_per_epoch / rows));
  }
  const double decades = std::log10(options.end / options.start);
  const double per_decade = static_cast<double>(steps - 1) / decades;
  const double factor = std::max(0.0, 1 - 1 / (kMemory * per_decade));
  std::vector<double> rates;
  for (int64_t k = 0; k < steps; ++k) {
    const double part = static_cast<double>(k) / static_cast<double>(steps - 1);
    rates.push_back(options.start * std::pow(options.end / options.start, part));
  }
  std::vector<Smoothed> curves;
  size_t shortest = rates.size();
  for (int seed = 0; seed < options.seeds; ++seed) {
    curves.emplace_back(factor);
    Smoothed& curve = curves.back();
    std::vector<double> losses;
    GRADUS_RETURN_IF_ERROR(trials.Ramp(
        seed, rates, [&curve](double loss) { return curve.Add(loss); }, &losses));
    shortest = std::min(shortest, curve.values.size());
    if (options.on_range_test != nullptr) options.on_range_test(seed + 1);
  }
  if (shortest == 0) {
    return absl::FailedPreconditionError(
        absl::StrCat("the loss is not finite at the first batch already, with rate ",
                     ShortestNumber(options.start)));
  }
  if (shortest < rates.size()) range->diverges = rates[shortest];
  for (size_t k = 0; k < shortest; ++k) {
    double low = kInfinity, high = -kInfinity, sum = 0;
    for (const Smoothed& curve : curves) {
      low = std::min(low, curve.values[k]);
      high = std::max(high, curve.values[k]);
      sum += curve.values[k];
    }
    range->curve.rates.push_back(rates[k]);
    range->curve.low.push_back(low);
    range->curve.mean.push_back(sum / static_cast<double>(curves.size()));
    range->curve.high.push_back(high);
  }
  Read(per_decade, range);
  return absl::OkStatus();
}

bool Falls(const RateRange::Curve& curve) {
  const double least = *std::min_element(curve.mean.begin(), curve.mean.end());
  return curve.mean.front() - least > 0.02 * std::abs(curve.mean.front());
}

}  // namespace gradus
