// The paper's form of the schedule-free rules, which keeps the average x beside z: y, which is w,
// is between them. Defazio et al. 2024, arXiv:2405.15682.

#ifndef GRADUS_TESTS_OPTIMIZERS_THREE_SEQUENCES_H_
#define GRADUS_TESTS_OPTIMIZERS_THREE_SEQUENCES_H_

#include <algorithm>
#include <cmath>

namespace gradus {

struct ThreeSequences {
  explicit ThreeSequences(double w) : w(w), z(w), x(w) {}

  // By the direction d.
  template <class Config>
  void Move(const Config& c, int64_t t, double beta, double rate, double d) {
    if (c.warmup_steps() > 0) rate *= std::min(1.0, static_cast<double>(t) / c.warmup_steps());
    largest = std::max(largest, rate);
    const double weight = std::pow(t, c.r()) * std::pow(largest, c.weight_lr_power());
    sum += weight;
    z -= rate * d;
    if (sum > 0) x = (1 - weight / sum) * x + weight / sum * z;
    w = (1 - beta) * z + beta * x;
  }
  double Evaluated() const { return x; }

  double w, z, x, largest = 0, sum = 0;
};

}  // namespace gradus

#endif  // GRADUS_TESTS_OPTIMIZERS_THREE_SEQUENCES_H_
