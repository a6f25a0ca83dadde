// A rule beside the same mathematics written plainly, one weight at a time in double, over fifty
// updates with changing rates (some of them 0) and random gradients (some of them 0).
//
//   struct PlainLion {
//     double w, m = 0;
//     void Update(const PlainStep& step) { ... }
//     double Evaluated() const { return w; }
//   };
//   ExpectAsPlain("lion {}", [](double w) { return PlainLion{w}; });

#ifndef GRADUS_TESTS_OPTIMIZERS_PLAIN_LOOP_H_
#define GRADUS_TESTS_OPTIMIZERS_PLAIN_LOOP_H_

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <string>
#include <vector>

#include "gradus/base/random.h"
#include "tests/testing/under_update.h"

namespace gradus {

struct PlainStep {
  int64_t t;
  double rate, g;
};

inline double PlainRate(int64_t t) {
  return t % 10 == 0 ? 0 : 0.02 * (1.5 + std::sin(static_cast<double>(t)));
}

// Both make the same numbers of size 1 to 10 with some ten roundings an update, in another order:
// 50 * 10 * 10 * 2^-53 = 6e-13.
template <class Make>
void ExpectAsPlain(const std::string& text, const Make& make, double tolerance = 1e-12) {
  const auto parsed = ParseOptimizer(text);
  ASSERT_TRUE(parsed.ok()) << parsed.status();
  constexpr int kWeights = 5, kUpdates = 50;
  RandomSequence random(11, 0);
  std::vector<double> start(kWeights), gradients(kWeights);
  for (double& w : start) w = random.Normal();
  UnderUpdate<double> state(**parsed, start);
  std::vector<decltype(make(0.0))> plain;
  for (const double w : start) plain.push_back(make(w));
  for (int64_t t = 1; t <= kUpdates; ++t) {
    for (double& g : gradients) g = random.Below(5) == 0 ? 0 : random.Normal();
    state.Update(PlainRate(t), t, gradients);
    const std::vector<double> evaluated = state.EvaluationWeights();
    for (int i = 0; i < kWeights; ++i) {
      plain[i].Update({t, PlainRate(t), gradients[i]});
      const double bound = tolerance * std::max(1.0, std::abs(plain[i].w));
      ASSERT_NEAR(state.weights[i], plain[i].w, bound) << text << ", t " << t << ", weight " << i;
      ASSERT_NEAR(evaluated[i], plain[i].Evaluated(), bound) << text << ", t " << t;
    }
  }
}

// The golden updates (GoldenUpdates) with stages before the rule; `stages` says which.
inline std::vector<double> GoldenUpdatesWith(const ParsedOptimizer& parsed, UpdateStep stages) {
  const std::vector<std::vector<double>> gradients = {
      {0.1, -0.2, 0.3}, {-0.05, 0.4, 0}, {0.2, 0.1, -0.6}};
  std::vector<double> weights = {1, -2, 0.5}, numbers;
  std::vector<std::vector<double>> slots;
  std::vector<double*> pointers;
  for (const SlotSpec& slot : parsed.rule->Slots(*parsed.message)) {
    slots.push_back(slot.from_weights ? weights : std::vector<double>(3, slot.initial));
  }
  for (std::vector<double>& slot : slots) pointers.push_back(slot.data());
  for (const NumberSpec& number : parsed.rule->Numbers(*parsed.message)) {
    numbers.push_back(number.initial);
  }
  stages.config = parsed.message;
  stages.numbers = numbers;
  for (stages.t = 1; stages.t <= 3; ++stages.t) {
    parsed.rule->Begin(stages, absl::MakeSpan(numbers));
    UpdateRange<double> range;
    range.weights = weights.data();
    range.gradients = gradients[stages.t - 1].data();
    range.slots = pointers;
    range.count = 3;
    parsed.rule->Update(stages, range);
  }
  return weights;
}

}  // namespace gradus

#endif  // GRADUS_TESTS_OPTIMIZERS_PLAIN_LOOP_H_
