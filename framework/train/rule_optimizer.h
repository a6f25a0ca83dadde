// What an Optimizer that is made of a rule's struct asks of it whatever it sees: its message, slots,
// numbers and checks.

#ifndef GRADUS_TRAIN_RULE_OPTIMIZER_H_
#define GRADUS_TRAIN_RULE_OPTIMIZER_H_

#include <vector>

#include "gradus/train/optimizer.h"
#include "gradus/train/rule_traits.h"

namespace gradus {
namespace internal {

template <class Rule>
class RuleOptimizer : public Optimizer {
 public:
  using Config = typename Rule::Config;

  const google::protobuf::Descriptor* config_type() const override { return Config::descriptor(); }

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

 protected:
  static const Config& Of(const google::protobuf::Message& message) {
    return static_cast<const Config&>(message);
  }
};

}  // namespace internal
}  // namespace gradus

#endif  // GRADUS_TRAIN_RULE_OPTIMIZER_H_
