// How far to go along a direction: until the loss has fallen by enough of what the slope promises,
// and the slope to a part of what it was (the strong Wolfe conditions).
//
//   loss(t) <= loss(0) + sufficient_decrease t slope(0),  |slope(t)| <= curvature |slope(0)|
//
// Nocedal & Wright 2006, Numerical Optimization, algorithms 3.5 (widen until a bracket holds such a
// point) and 3.6 (narrow it), with the minimum of the cubic through two points as the next trial
// (eq. 3.59). What those leave open is as in PyTorch's L-BFGS: a widening step goes from 1.01 to 10
// times as far, and a trial that stays twice within a tenth of the bracket's end is moved away from
// it. Where the loss is not finite the next trial is half way.

#ifndef GRADUS_OPTIMIZERS_LINE_SEARCH_H_
#define GRADUS_OPTIMIZERS_LINE_SEARCH_H_

#include <algorithm>
#include <cmath>
#include <utility>

#include "absl/status/statusor.h"
#include "gradus/base/status.h"

namespace gradus {

struct WolfeRules {
  double sufficient_decrease = 1e-4, curvature = 0.9;
  double least_width = 0;  // A bracket that is narrower is as good as a point.
  int64_t most_trials = 25;
};

// Between the ends, or at their middle when the cubic has no minimum.
template <class Point>
double CubicMinimum(const Point& a, const Point& b, double least, double most) {
  const double d1 = a.slope + b.slope - 3 * (a.loss - b.loss) / (a.at - b.at);
  const double square = d1 * d1 - a.slope * b.slope;
  if (std::isfinite(square) && square >= 0) {
    const Point &left = a.at <= b.at ? a : b, &right = a.at <= b.at ? b : a;
    const double d2 = std::sqrt(square);
    const double minimum = right.at - (right.at - left.at) * ((right.slope + d2 - d1) /
                                                              (right.slope - left.slope + 2 * d2));
    if (std::isfinite(minimum)) return std::min(std::max(minimum, least), most);
  }
  return (least + most) / 2;
}

// A Point has `at`, `loss` and `slope`, and what else the caller wants to have of the place that is
// found. `evaluate(t)` gives a StatusOr<Point>, with infinity for a loss that is not finite.
template <class Point, class Evaluate>
absl::StatusOr<Point> WolfeSearch(const WolfeRules& rules, const Point& start, double t,
                                  const Evaluate& evaluate) {
  const auto falls_too_little = [&](const Point& p) {
    return !(p.loss <= start.loss + rules.sufficient_decrease * p.at * start.slope);
  };
  const auto is_flat = [&](const Point& p) {
    return std::fabs(p.slope) <= -rules.curvature * start.slope;
  };
  GRADUS_ASSIGN_OR_RETURN(Point now, evaluate(t));
  Point before = start;
  int64_t trials = 0;
  for (;; ++trials) {
    if (trials == rules.most_trials) return now.loss < start.loss ? now : start;
    if (falls_too_little(now) || (trials > 1 && now.loss >= before.loss)) break;
    if (is_flat(now)) return now;
    if (now.slope >= 0) break;
    const double next =
        CubicMinimum(before, now, now.at + 0.01 * (now.at - before.at), now.at * 10);
    before = std::move(now);
    GRADUS_ASSIGN_OR_RETURN(now, evaluate(next));
  }

  Point low = std::move(before), high = std::move(now);
  if (!(low.loss <= high.loss)) std::swap(low, high);
  bool was_at_end = false;
  for (; trials < rules.most_trials; ++trials) {
    const double least = std::min(low.at, high.at), most = std::max(low.at, high.at);
    if (most - least < rules.least_width) break;
    double trial = CubicMinimum(low, high, least, most);
    const double tenth = 0.1 * (most - least);
    const bool is_at_end = std::min(most - trial, trial - least) < tenth;
    if (is_at_end && (was_at_end || trial >= most || trial <= least)) {
      trial = most - trial < trial - least ? most - tenth : least + tenth;
      was_at_end = false;
    } else {
      was_at_end = is_at_end;
    }
    GRADUS_ASSIGN_OR_RETURN(Point tried, evaluate(trial));
    if (falls_too_little(tried) || tried.loss >= low.loss) {
      high = std::move(tried);
      if (high.loss < low.loss) std::swap(low, high);
      continue;
    }
    if (is_flat(tried)) return tried;
    if (tried.slope * (high.at - low.at) >= 0) high = std::move(low);
    low = std::move(tried);
  }
  return low;
}

}  // namespace gradus

#endif  // GRADUS_OPTIMIZERS_LINE_SEARCH_H_
