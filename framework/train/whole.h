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
#include "gradus/train/rule_traits.h"

namespace gradus {
namespace internal {

template <class Rule>
class WholeOptimizer final : public Optimizer {
 public:
  using Config = typename Rule::Config;

  const google::protobuf::Descriptor* config_type() const override { return Config::descriptor(); }
  Reach reach() const override { return Rule::kReach; }

  std::vector<SlotSpec> Slots(const google::protobuf::Message& config) const override {
    return Rule::Slots(Of(config));
  }
  std::vector<NumberSpec> Numbers(const google::protobuf::Message& config) const override {
    if constexpr (RuleHasMemory<Rule>::value) return Rule::Memory(Of(config));
    return Optimizer::Numbers(config);
  }
  void Check(const google::protobuf::Message& config, const ConfigPath& path,
             Diagnostics* diagnostics) const override {
    if constexpr (RuleHasCheck<Rule>::value) Rule::Check(Of(config), path, diagnostics);
    (void)config, (void)path, (void)diagnostics;
  }
  absl::Status UpdateAll(const WholeUpdate<float>& update) const override {
    return Run<float>(update);
  }
  absl::Status UpdateAll(const WholeUpdate<double>& update) const override {
    return Run<double>(update);
  }

 private:
  static const Config& Of(const google::protobuf::Message& message) {
    return static_cast<const Config&>(message);
  }
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
