// Optimizers that see all their parameters at once, for sums over all of them, and those that ask
// for the loss at other weights.
//
//   struct Prodigy {
//     using Config = optimizer::Prodigy;
//     static constexpr Reach kReach = Reach::kAll;  // kLoss: may call update.loss()
//     static std::vector<SlotSpec> Slots(const Config&) { return {{"momentum"}, {"velocity"}, ...}; }
//     static std::vector<NumberSpec> Memory(const Config& c) { return {{"d", c.d0()}, ...}; }
//     template <class F>
//     static absl::Status Update(const Config& c, const WholeUpdate<F>& update);
//   };
//   GRADUS_REGISTER_WHOLE("gradus.OptimizerConfig.prodigy", Prodigy);
//
// The config is that of the first parameter; each view's step has that of its own group. It may also
// have Check as in train/elementwise.h. Sums are taken in double, in the order of the parameters.
// ForElements, SumOfSquares and Norm of train/by_parameter.h serve here too.

#ifndef GRADUS_TRAIN_WHOLE_H_
#define GRADUS_TRAIN_WHOLE_H_

#include <memory>
#include <vector>

#include "gradus/train/by_parameter.h"
#include "gradus/train/optimizer.h"
#include "gradus/train/rule_optimizer.h"

namespace gradus {
namespace internal {

template <class Rule>
class WholeOptimizer final : public RuleOptimizer<Rule> {
  using RuleOptimizer<Rule>::Of;

 public:
  Reach reach() const override { return Rule::kReach; }
  absl::Status UpdateAll(const WholeUpdate<float>& update) const override {
    return Run<float>(update);
  }
  absl::Status UpdateAll(const WholeUpdate<double>& update) const override {
    return Run<double>(update);
  }

 private:
  template <class F>
  static absl::Status Run(const WholeUpdate<F>& update) {
    if (update.parameters.empty()) return absl::OkStatus();
    return Rule::template Update<F>(Of(*update.parameters[0].step->config), update);
  }
};

}  // namespace internal

#define GRADUS_REGISTER_WHOLE(key, Rule)                                       \
  const bool GRADUS_CONCAT_(gradus_registered_, __LINE__) =                    \
      (::gradus::Registry<::gradus::Optimizer>::Get().Add(                     \
           key, std::make_unique<::gradus::internal::WholeOptimizer<Rule>>()), \
       true)

}  // namespace gradus

#endif  // GRADUS_TRAIN_WHOLE_H_
