// Optimizers that see one parameter at a time as a whole, for its norms, its rows and columns or a
// matrix product.
//
//   struct Lars {
//     using Config = optimizer::Lars;
//     static std::vector<SlotSpec> Slots(const Config& c) { return {{"momentum"}}; }
//     template <class F>
//     static void Update(const Config& c, const ParameterView<F>& p) {
//       const double norm = Norm(p, p.weights);
//       ForElements(p, [&](int64_t i) { p.weights[i] -= ...; });
//     }
//   };
//   GRADUS_REGISTER_BY_PARAMETER("gradus.OptimizerConfig.lars", Lars);
//
// It may also have Check, Memory and Begin as in train/elementwise.h. Sums are taken in double, in
// the order of the elements: they must not depend on how many threads there are.

#ifndef GRADUS_TRAIN_BY_PARAMETER_H_
#define GRADUS_TRAIN_BY_PARAMETER_H_

#include <cmath>
#include <memory>
#include <vector>

#include "gradus/train/optimizer.h"
#include "gradus/train/rule_optimizer.h"
#include "gradus/train/rule_traits.h"

namespace gradus {

// Calls use(i) for every element i of the parameter, row by row.
template <class F, class Use>
void ForElements(const ParameterView<F>& p, const Use& use) {
  for (int64_t r = 0; r < p.rows; ++r) {
    for (int64_t i = r * p.pitch; i < r * p.pitch + p.columns; ++i) use(i);
  }
}

// The sum of the squares of values that lie as the parameter's weights do.
template <class F>
double SumOfSquares(const ParameterView<F>& p, const F* values) {
  double sum = 0;
  ForElements(p, [&](int64_t i) {
    const double value = static_cast<double>(values[i]);
    sum += value * value;
  });
  return sum;
}

template <class F>
double Norm(const ParameterView<F>& p, const F* values) {
  return std::sqrt(SumOfSquares(p, values));
}

namespace internal {

template <class Rule>
class ByParameterOptimizer final : public RuleOptimizer<Rule> {
  using RuleOptimizer<Rule>::Of;

 public:
  Reach reach() const override { return Reach::kParameter; }
  void Begin(const UpdateStep& step, absl::Span<double> numbers) const override {
    if constexpr (RuleHasBegin<Rule>::value) Rule::Begin(Of(*step.config), step, numbers);
    (void)step, (void)numbers;
  }
  void UpdateParameter(const ParameterView<float>& p) const override {
    Rule::template Update<float>(Of(*p.step->config), p);
  }
  void UpdateParameter(const ParameterView<double>& p) const override {
    Rule::template Update<double>(Of(*p.step->config), p);
  }
};

}  // namespace internal

#define GRADUS_REGISTER_BY_PARAMETER(key, Rule)                                   \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                       \
      (::gradus::Registry<::gradus::Optimizer>::Get().Add(                        \
           key, std::make_unique<::gradus::internal::ByParameterOptimizer<Rule>>()), \
       true)

}  // namespace gradus

#endif  // GRADUS_TRAIN_BY_PARAMETER_H_
