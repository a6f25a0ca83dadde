// What the schedule-free rules share. The weight y that is trained stands between z, which
// descends, and x, the weighted average of z; x itself is not kept, for y = beta x + (1 - beta) z
// gives it.
//
//   s = rate min(1, t / warmup_steps),  S <- max(S, s)
//   a = t^r S^weight_lr_power,  A <- A + a,  c = a / A
//   y <- y + c (z - y) - s (1 - beta (1 - c)) d,  z <- z - s d       in the direction d
//
// Defazio et al. 2024, arXiv:2405.15682.

#ifndef GRADUS_OPTIMIZERS_SCHEDULE_FREE_H_
#define GRADUS_OPTIMIZERS_SCHEDULE_FREE_H_

#include <algorithm>
#include <cmath>
#include <vector>

#include "gradus/train/elementwise.h"

namespace gradus {
namespace schedule_free {

// z starts where the weights are.
inline SlotSpec ZSlot() { return {"z", 0, SlotSpec::kElements, true}; }

enum Remembered { kWeightSum, kRateMax };
inline std::vector<NumberSpec> Memory() { return {{"weight_sum"}, {"rate_max"}}; }

template <class Config>
double Rate(const Config& c, const UpdateStep& step) {
  if (step.t >= c.warmup_steps()) return step.rate;
  return step.rate * static_cast<double>(step.t) / static_cast<double>(c.warmup_steps());
}

template <class Config>
double AverageWeight(const Config& c, const UpdateStep& step, double rate_max) {
  return std::pow(static_cast<double>(step.t), c.r()) * std::pow(rate_max, c.weight_lr_power());
}

template <class Config>
void Begin(const Config& c, const UpdateStep& step, absl::Span<double> memory) {
  memory[kRateMax] = std::max(memory[kRateMax], Rate(c, step));
  memory[kWeightSum] += AverageWeight(c, step, memory[kRateMax]);
}

template <class F>
struct Numbers {
  F rate, average_part, y_rate, away_from_z;

  template <class Config>
  static Numbers From(const Config& c, const UpdateStep& step, double beta) {
    const double rate = Rate(c, step), sum = step.numbers[kWeightSum];
    const double part = sum == 0 ? 0 : AverageWeight(c, step, step.numbers[kRateMax]) / sum;
    return {F(rate), F(part), F(rate * (1 - beta * (1 - part))), F(1 - 1 / beta)};
  }
  GRADUS_INLINE void Step(F d, F& y, F& z) const {
    y += average_part * (z - y);
    y -= y_rate * d;
    z -= rate * d;
  }
  // y = beta x + (1 - beta) z, solved for x.
  F Evaluate(F y, F z) const { return y + away_from_z * (z - y); }
};

}  // namespace schedule_free
}  // namespace gradus

#endif  // GRADUS_OPTIMIZERS_SCHEDULE_FREE_H_
